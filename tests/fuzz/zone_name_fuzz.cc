// Checks that each name is in the database or NotFound in one line, and that find_or_utc always returns.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/zones/zone_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* const zones = new masterclock::ZoneCache();
  static const auto* const names = new std::vector<std::string>(zones->database().names());
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  const bool known = std::find(names->begin(), names->end(), name) != names->end();
  const auto zone = zones->find(name);
  if (zone.ok() != known || (known && zone->name() != name)) std::abort();
  if (!known && (zone.status().code() != absl::StatusCode::kNotFound ||
                 std::string(zone.status().message()).find('\n') != std::string::npos)) {
    std::abort();
  }
  if (zones->find_or_utc(name).name() != (known ? name : "UTC")) std::abort();
  return 0;
}
