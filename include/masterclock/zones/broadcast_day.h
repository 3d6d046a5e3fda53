// Calculates the broadcast day: the interval from one day start of a station to the next.
//
// A station's day begins with its morning programme, for instance at 06:00 local time. A programme
// at 02:30 belongs to the day before. A broadcast day is 23, 24 or 25 hours long, and in some zones
// 23.5 or 24.5 hours.
//
// A day start in a gap is the instant of the change. A day start in a fold is the first pass.
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::ZoneCache zones;
//   const auto day = masterclock::broadcast_day_at(sys_days(2026y / March / 29) + 3h,
//                                                  zones.find("Europe/Dublin").value(), 6h);
//   assert(day.date == 2026y / March / 28 && day.end - day.begin == 23h);
#ifndef MASTERCLOCK_ZONES_BROADCAST_DAY_H_
#define MASTERCLOCK_ZONES_BROADCAST_DAY_H_

#include <algorithm>
#include <chrono>
#include <compare>
#include <string>
#include <utility>

#include "masterclock/internal/hash.h"
#include "masterclock/internal/printable.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

// The day of `date` on [begin, end). Days are ordered by date.
struct BroadcastDay {
  std::chrono::year_month_day date;
  UtcTime begin, end;
  friend bool operator==(const BroadcastDay&, const BroadcastDay&) = default;
  friend auto operator<=>(const BroadcastDay&, const BroadcastDay&) = default;
  template <class H>
  friend H AbslHashValue(H state, const BroadcastDay& day) {
    return H::combine(std::move(state), day.begin.time_since_epoch().count(),
                      day.end.time_since_epoch().count());
  }
};

// Returns "2026-03-28 from 2026-03-28T06:00:00Z to 2026-03-29T05:00:00Z".
[[nodiscard]] inline std::string to_string(const BroadcastDay& day) {
  const std::chrono::local_seconds midnight = std::chrono::local_days(day.date);
  return to_rfc3339(midnight, 0).substr(0, 10) + " from " + to_rfc3339(day.begin, 0) + " to " +
         to_rfc3339(day.end, 0);
}

// Returns the broadcast day that contains `now`. A begin or an end outside the range is its end.
//
// Units: `day_start` is the local time since midnight, 6 h for 06:00. A value outside -24 h to 48 h
//        is the nearer end.
// Cost:  a few conversions; does not allocate.
[[nodiscard]] inline BroadcastDay broadcast_day_at(UtcTime now, Zone zone,
                                                   std::chrono::seconds day_start) noexcept {
  using namespace std::chrono;
  day_start = std::clamp<seconds>(day_start, -hours(24), hours(48));
  const auto begin_of = [&](local_days date) {
    constexpr seconds kLast = floor<seconds>(LocalTime::max().time_since_epoch());
    const seconds local = date.time_since_epoch() + day_start;
    if (local > kLast) return UtcTime::max();
    if (local < -kLast) return UtcTime::min();
    const LocalResolution start = zone.resolve(LocalTime(local));
    return start.kind == LocalResolution::kGap ? start.transition : start.earlier;
  };
  local_days date = floor<days>(saturating_add(zone.to_local(now), -day_start));
  // Near a change the day of `now` is the day before or after `date`. Near a date that a zone
  // omitted (Samoa, 2011) the distance is two days.
  for (int i = 0; i < 2 && now < begin_of(date); ++i) date -= days(1);
  for (int i = 0; i < 2; ++i) {
    const UtcTime next = begin_of(date + days(1));
    if (now < next || next == UtcTime::max()) break;
    date += days(1);
  }
  return {year_month_day(date), begin_of(date), begin_of(date + days(1))};
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_BROADCAST_DAY_H_
