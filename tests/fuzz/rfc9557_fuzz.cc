// Checks that each time that parse_rfc9557 accepts survives a round trip, and that each error is one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "masterclock/zones/rfc9557.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* const zones = new masterclock::ZoneCache();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto time = masterclock::parse_rfc9557(text, *zones);
  if (time.ok()) {
    const auto again = masterclock::parse_rfc9557(masterclock::to_rfc9557(*time), *zones);
    // Near the ends of the range the local time stops at the end, so the text differs.
    const bool near_an_end = time->utc < masterclock::UtcTime::min() + std::chrono::hours(26) ||
                             time->utc > masterclock::UtcTime::max() - std::chrono::hours(26);
    if (!near_an_end && (!again.ok() || *again != *time)) std::abort();
  } else if (std::string(time.status().message()).find('\n') != std::string::npos) {
    std::abort();
  }
  return 0;
}
