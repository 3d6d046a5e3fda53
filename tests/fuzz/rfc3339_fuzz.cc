// parse_rfc3339 reads back what to_rfc3339 writes, and refuses any other text in one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "masterclock/time/rfc3339.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto instant = masterclock::parse_rfc3339(text);
  if (instant.ok()) {
    const auto again = masterclock::parse_rfc3339(masterclock::to_rfc3339(*instant));
    if (!again.ok() || *again != *instant) std::abort();
  } else if (std::string(instant.status().message()).find('\n') != std::string::npos) {
    std::abort();
  }
  return 0;
}
