// A program in C++17, which the library's own headers refuse.
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "masterclock_c.h"

static_assert(__cplusplus == 201703L);

int main() {
  mc_clock_options options = MC_CLOCK_OPTIONS_INIT;
  options.simulated = 1;
  mc_clock* clock = nullptr;
  if (mc_clock_create(&options, &clock) != MC_OK) return 1;
  std::string text(36, '\0');
  if (mc_local_text(clock, mc_now_utc(clock), "Asia/Kolkata", 0, text.data(), text.size()) != MC_OK)
    return 1;
  mc_clock_destroy(clock);
  const bool agrees = std::string_view(text.c_str()) == "1970-01-01T05:30:00+05:30";
  std::puts(agrees ? "C++17 agrees" : text.c_str());
  return agrees ? 0 : 1;
}
