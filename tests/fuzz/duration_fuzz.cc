// parse_duration reads back what to_string writes, and refuses any other text in one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "masterclock/time/duration_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto duration = masterclock::parse_duration(text);
  if (duration.ok()) {
    const auto again = masterclock::parse_duration(masterclock::to_string(*duration));
    if (!again.ok() || *again != *duration) std::abort();
  } else if (std::string(duration.status().message()).find('\n') != std::string::npos) {
    std::abort();
  }
  return 0;
}
