// Finds the occurrences of a recurring local time, such as "every weekday at 06:00 in Dublin".
//
// Each occurrence follows from its own calendar date. A date on which the local time does not exist
// never moves the occurrences of other dates.
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::ZoneCache zones;
//   const masterclock::RecurringLocalTime show(zones.find("Europe/Dublin").value(), 1h + 30min);
//   masterclock::UtcTime t = sys_days(2026y / March / 28) + 1h + 30min;
//   t = show.next_after(t).value();  // 01:30 does not exist: an hour late, by kCompatible
//   assert(t == sys_days(2026y / March / 29) + 1h + 30min);
//   t = show.next_after(t).value();  // 01:30 summer time
//   assert(t == sys_days(2026y / March / 30) + 30min);
#ifndef MASTERCLOCK_ZONES_RECURRING_LOCAL_TIME_H_
#define MASTERCLOCK_ZONES_RECURRING_LOCAL_TIME_H_

#include <algorithm>
#include <chrono>
#include <optional>

#include "masterclock/time/internal/local_occurrences.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/weekdays.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

class RecurringLocalTime {
 public:
  // `time_of_day` is the local time since midnight, from 0 to just under 24 h. A value outside this
  // range is the nearer end.
  RecurringLocalTime(Zone zone, std::chrono::nanoseconds time_of_day,
                     RecurrenceRules rules = {}) noexcept
      : times_{zone,
               std::clamp(
                   time_of_day, std::chrono::nanoseconds(0),
                   std::chrono::nanoseconds(std::chrono::days(1)) - std::chrono::nanoseconds(1)),
               rules} {}

  // Returns the first occurrence later than `utc`, and no occurrence when none exists before 2262.
  //
  // Cost: a few conversions for each date on the way; does not allocate.
  [[nodiscard]] std::optional<UtcTime> next_after(UtcTime utc) const noexcept {
    using std::chrono::days;
    // Two days back, because a gap of a day (Samoa, 2011) moves an occurrence forward. A year
    // ahead, because a gap may skip a few dates of a weekly time.
    const auto today = std::chrono::floor<days>(times_.wall.to_local(utc));
    return times_.first_on(today - days(2), today + days(366), utc);
  }

 private:
  internal::LocalOccurrences<Zone> times_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_RECURRING_LOCAL_TIME_H_
