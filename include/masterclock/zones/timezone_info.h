// A zone at one instant, in words for a status page.
#ifndef MASTERCLOCK_ZONES_TIMEZONE_INFO_H_
#define MASTERCLOCK_ZONES_TIMEZONE_INFO_H_

#include "masterclock/version.h"

#include <chrono>
#include <optional>
#include <string>

#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

// Threads: a plain value.
struct TimezoneInfo {
  std::string name;
  std::chrono::seconds offset{};  // local = UTC + offset
  std::string abbreviation;
  bool daylight = false;               // see ZoneOffset
  std::optional<UtcTime> next_change;  // nothing: the rules make no further change before 2262
};

[[nodiscard]] inline TimezoneInfo timezone_info(Zone zone, UtcTime at) {
  const ZoneOffset now = zone.offset_at(at);
  return {std::string(zone.name()), now.offset, std::string(now.abbreviation), now.daylight,
          zone.next_transition(at)};
}

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_TIMEZONE_INFO_H_
