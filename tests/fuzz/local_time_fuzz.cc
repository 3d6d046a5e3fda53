// parse_local_time reads back what to_rfc3339 writes, and refuses any other text in one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "masterclock/time/rfc3339.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto local = masterclock::parse_local_time(text);
  if (local.ok()) {
    const auto again = masterclock::parse_local_time(masterclock::to_rfc3339(*local));
    if (!again.ok() || *again != *local) std::abort();
  } else if (std::string(local.status().message()).find('\n') != std::string::npos) {
    std::abort();
  }
  return 0;
}
