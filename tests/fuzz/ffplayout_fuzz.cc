// Reads any bytes as an ffplayout playlist.
#include <cstdint>
#include <string_view>

#include "ffplayout.h"
#include "guide_invariants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  masterclock::tests::require_guide_or_one_line(
      on_air::parse_ffplayout(text, "f"), on_air::parse_ffplayout(text, "f", {.strict = true}));
  return 0;
}
