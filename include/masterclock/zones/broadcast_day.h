// The broadcast day: from one day start to the next, as the station's walls count it.
//
// A station's day begins when its morning programme does, say at 06:00 local time, and what airs at
// 02:30 belongs to the day before. It is 23, 24 or 25 hours long (23:30 and 24:30 exist too), which
// is why nobody computes it from UTC hours.
//
// Where the day start itself falls into a gap, the day begins at the change; where it occurs twice,
// at its first pass.
#ifndef MASTERCLOCK_ZONES_BROADCAST_DAY_H_
#define MASTERCLOCK_ZONES_BROADCAST_DAY_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>

#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

// The day named `date` occupies [begin, end).
struct BroadcastDay {
  std::chrono::year_month_day date;
  UtcTime begin, end;
};

// When the broadcast day of a calendar date begins.
//
// Units:   `day_start` is wall time after midnight: 06:00 is 6 h.
// Threads: any.
// Cost:    a few nanoseconds; does not throw or allocate.
[[nodiscard]] inline UtcTime broadcast_day_begin(std::chrono::local_days date, Zone zone,
                                                 std::chrono::seconds day_start) noexcept {
  using std::chrono::seconds;
  constexpr seconds kLast = std::chrono::floor<seconds>(LocalTime::max().time_since_epoch());
  const seconds reading =
      date.time_since_epoch() + day_start;  // clamped to what LocalTime can hold
  const LocalResolution start = zone.resolve(LocalTime(std::clamp(reading, -kLast, kLast)));
  return start.kind == LocalResolution::kGap ? start.transition : start.earlier;
}

// The broadcast day that holds `now`.
//
// Units, Threads, Cost: as above.
[[nodiscard]] inline BroadcastDay broadcast_day_at(UtcTime now, Zone zone,
                                                   std::chrono::seconds day_start) noexcept {
  using std::chrono::days;
  const LocalTime wall = saturating_add(zone.to_local(now), -day_start);
  std::chrono::local_days date = std::chrono::floor<days>(wall);
  // The wall's date is right but within a change of the clocks, where the day that holds `now` is a
  // neighbour; where a calendar date was left out (Samoa, 2011), the next but one.
  for (int i = 0; i < 2 && now < broadcast_day_begin(date, zone, day_start); ++i) date -= days(1);
  for (int i = 0; i < 2 && now >= broadcast_day_begin(date + days(1), zone, day_start); ++i) {
    date += days(1);
  }
  return {std::chrono::year_month_day(date), broadcast_day_begin(date, zone, day_start),
          broadcast_day_begin(date + days(1), zone, day_start)};
}

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_BROADCAST_DAY_H_
