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

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "masterclock/time/local_clock.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/weekdays.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

// The days of a RecurringLocalTime, and its rules for the nights on which clocks change. Resolve::kReject
// skips a date in a gap. It also skips a date in a fold, unless `fold` selects a pass.
struct RecurrenceRules {
  Weekdays days = kEveryDay;  // of the local calendar
  Resolve resolve = Resolve::kCompatible;
  OnGap gap = OnGap::kResolve;
  OnFold fold = OnFold::kOnce;
};

class RecurringLocalTime {
 public:
  // `time_of_day` is the local time since midnight, from 0 to just under 24 h. A value outside this range
  // is the nearer end.
  RecurringLocalTime(Zone zone, std::chrono::nanoseconds time_of_day,
                     RecurrenceRules rules = {}) noexcept
      : zone_(zone),
        time_of_day_(std::clamp(
            time_of_day, std::chrono::nanoseconds(0),
            std::chrono::nanoseconds(std::chrono::days(1)) - std::chrono::nanoseconds(1))),
        rules_(rules) {}

  // Returns the first occurrence later than `utc`, and no occurrence when none exists before 2262.
  //
  // Cost: a few conversions for each date on the way; does not allocate.
  [[nodiscard]] std::optional<UtcTime> next_after(UtcTime utc) const noexcept {
    using std::chrono::days;
    // Two days back, because a gap of a day (Samoa, 2011) moves an occurrence forward.
    const auto today = std::chrono::floor<days>(zone_.to_local(utc));
    // Every weekday recurs within a year, also where a gap skips a few dates.
    for (std::chrono::local_days date = today - days(2); date < today + days(366);
         date += days(1)) {
      if (!rules_.days.contains(std::chrono::weekday(date))) continue;
      for (const std::optional<UtcTime>& occurrence : on(date)) {
        if (occurrence && *occurrence > utc) return occurrence;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] Zone zone() const noexcept { return zone_; }
  [[nodiscard]] std::chrono::nanoseconds time_of_day() const noexcept { return time_of_day_; }
  [[nodiscard]] const RecurrenceRules& rules() const noexcept { return rules_; }

 private:
  // Returns the occurrences on one date: none, one or two.
  [[nodiscard]] std::array<std::optional<UtcTime>, 2> on(
      std::chrono::local_days date) const noexcept {
    using namespace std::chrono;
    // LocalTime holds a part of its first and last date only.
    constexpr seconds kLast = floor<seconds>(LocalTime::max().time_since_epoch());
    const seconds whole = date.time_since_epoch() + floor<seconds>(time_of_day_);
    if (whole >= kLast || whole <= -kLast) return {};
    const LocalTime local = LocalTime(whole) + time_of_day_ % seconds(1);
    const LocalResolution found = zone_.resolve(local);
    const Resolve policy = rules_.resolve;
    switch (found.kind) {
      case LocalResolution::kUnique:
        return {found.earlier, std::nullopt};
      case LocalResolution::kGap:
        if (rules_.gap == OnGap::kSkip || policy == Resolve::kReject) return {};
        if (policy == Resolve::kSnap) return {found.transition, std::nullopt};
        return {policy == Resolve::kEarlier ? found.earlier : found.later, std::nullopt};
      case LocalResolution::kFold:
        break;
    }
    switch (rules_.fold) {
      case OnFold::kTwice:
        return {found.earlier, found.later};
      case OnFold::kFirstOnly:
        return {found.earlier, std::nullopt};
      case OnFold::kOnce:
        break;
    }
    if (policy == Resolve::kReject) return {};
    return {policy == Resolve::kLater ? found.later : found.earlier, std::nullopt};
  }

  Zone zone_;
  std::chrono::nanoseconds time_of_day_;
  RecurrenceRules rules_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_RECURRING_LOCAL_TIME_H_
