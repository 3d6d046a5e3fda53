// Writes instants and dates as the programs print them.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_TIME_TEXT_H_
#define MASTERCLOCK_EXAMPLES_COMMON_TIME_TEXT_H_

#include <chrono>
#include <string>

#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"
#include "masterclock/zones/zoned_time.h"

namespace common {

// Calls `write` with the instant in the coarsest of 1 s, 1 ms, 1 us and 1 ns that is exact.
template <class Write>
auto at_shortest_precision(masterclock::UtcTime at, Write write) {
  using namespace std::chrono;
  if (at.time_since_epoch() % seconds(1) == nanoseconds(0)) return write(floor<seconds>(at));
  if (at.time_since_epoch() % milliseconds(1) == nanoseconds(0))
    return write(floor<milliseconds>(at));
  if (at.time_since_epoch() % microseconds(1) == nanoseconds(0))
    return write(floor<microseconds>(at));
  return write(at);
}

// 2026-03-29T01:30:00Z, with the digits of the fraction that the instant needs.
inline std::string utc_text(masterclock::UtcTime at) {
  return at_shortest_precision(at, [](auto time) { return masterclock::to_rfc3339(time); });
}

// 2026-03-29T02:30:00+01:00
inline std::string local_text(masterclock::UtcTime at, masterclock::Zone zone) {
  return at_shortest_precision(at, [&](auto time) {
    return masterclock::to_rfc3339(
        masterclock::BasicZonedTime<typename decltype(time)::duration>(time, zone));
  });
}

// 2026-03-29
inline std::string date_text(std::chrono::year_month_day date) {
  return masterclock::to_rfc3339(std::chrono::sys_seconds(std::chrono::sys_days(date)))
      .substr(0, sizeof("YYYY-MM-DD") - 1);
}

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_TIME_TEXT_H_
