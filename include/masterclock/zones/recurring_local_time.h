// "Every weekday at 06:00 in Dublin": a recurring wall time, and when it next comes.
//
// Each occurrence is worked out from its own calendar date. A day on which the time does not exist
// is that day's affair; it never moves the days that follow, and no offset is carried from one day
// to the next.
//
// ## Example
//
//   using namespace std::chrono;
//   masterclock::ZoneCache zones;
//   const masterclock::RecurringLocalTime show(zones.find("Europe/Dublin").value(), 1h + 30min);
//   masterclock::UtcTime t = sys_days(2026y / March / 28) + 1h + 30min;
//   t = show.next_after(t).value();  // no 01:30 in this night: an hour late, as kCompatible says
//   assert(t == sys_days(2026y / March / 29) + 1h + 30min);
//   t = show.next_after(t).value();  // and back on time
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

// How a RecurringLocalTime meets the days it should not take for granted. Under Resolve::kReject a
// day in a gap is skipped, and so is one in a fold unless `fold` decides it.
struct RecurrenceRules {
  Weekdays days = kEveryDay;  // by the calendar on the wall
  Resolve resolve = Resolve::kCompatible;
  OnGap gap = OnGap::kResolve;
  OnFold fold = OnFold::kOnce;
};

// Threads: a plain value.
class RecurringLocalTime {
 public:
  // `time_of_day` is wall time after midnight, from 0 to just under 24 h; what lies outside is
  // taken to the nearer end.
  RecurringLocalTime(Zone zone, std::chrono::nanoseconds time_of_day,
                     RecurrenceRules rules = {}) noexcept
      : zone_(zone),
        time_of_day_(std::clamp(
            time_of_day, std::chrono::nanoseconds(0),
            std::chrono::nanoseconds(std::chrono::days(1)) - std::chrono::nanoseconds(1))),
        rules_(rules) {}

  // The first occurrence after `utc` (not at it). Nothing when there is none before 2262.
  //
  // Threads: any.
  // Cost:    a few conversions; does not throw or allocate.
  [[nodiscard]] std::optional<UtcTime> next_after(UtcTime utc) const noexcept {
    using std::chrono::days;
    // Two days back, because a gap as long as a day (Samoa, 2011) may have moved one forward.
    const auto today = std::chrono::floor<days>(zone_.to_local(utc));
    // A year of weekly shows whose time is skipped now and then; more fails only with no days at
    // all.
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
  // The instants at which it comes on one date: none, one or two.
  [[nodiscard]] std::array<std::optional<UtcTime>, 2> on(
      std::chrono::local_days date) const noexcept {
    using namespace std::chrono;
    // The first and the last date of the range are not whole; what of them does not fit never
    // comes.
    constexpr seconds kLast = floor<seconds>(LocalTime::max().time_since_epoch());
    const seconds whole = date.time_since_epoch() + floor<seconds>(time_of_day_);
    if (whole >= kLast || whole <= -kLast) return {};
    const LocalTime reading = LocalTime(whole) + (time_of_day_ - floor<seconds>(time_of_day_));
    const LocalResolution found = zone_.resolve(reading);
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

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_RECURRING_LOCAL_TIME_H_
