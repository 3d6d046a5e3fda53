// Finds the instants of a local time that recurs on days of the week, for zones/ and events/.
//
//   unique   one instant, under all rules
//   gap      OnGap::kSkip and Resolve::kReject: none; else the instant of the Resolve policy
//   fold     OnFold::kTwice: two; kFirstOnly: the first; kOnce: the instant of the Resolve policy, and
//            none under Resolve::kReject
#ifndef MASTERCLOCK_TIME_INTERNAL_LOCAL_OCCURRENCES_H_
#define MASTERCLOCK_TIME_INTERNAL_LOCAL_OCCURRENCES_H_

#include <array>
#include <chrono>
#include <optional>

#include "absl/status/statusor.h"
#include "masterclock/time/local_clock.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/weekdays.h"

namespace masterclock::inline v0_2::internal {

template <WallClock Wall>
struct LocalOccurrences {
  using Instants = std::array<std::optional<UtcTime>, 2>;

  Wall wall;
  std::chrono::nanoseconds time_of_day;  // 0 to just under 24 h
  RecurrenceRules rules;

  // Returns the instants on one date, in order.
  [[nodiscard]] Instants on(std::chrono::local_days date) const {
    using std::chrono::floor, std::chrono::seconds;
    if (!rules.days.contains(std::chrono::weekday(date))) return {};
    // LocalTime holds a part of its first and last date only.
    constexpr seconds kLast = floor<seconds>(LocalTime::max().time_since_epoch());
    const seconds whole = date.time_since_epoch() + floor<seconds>(time_of_day);
    if (whole >= kLast || whole < -kLast) return {};
    const LocalTime local = LocalTime(whole) + time_of_day % seconds(1);
    const absl::StatusOr<UtcTime> earlier = wall.to_utc(local, Resolve::kEarlier);
    const absl::StatusOr<UtcTime> later = wall.to_utc(local, Resolve::kLater);
    if (!earlier.ok() || !later.ok()) return {};
    if (*earlier == *later) return {*earlier, std::nullopt};
    const bool is_fold = wall.to_local(*earlier) == local;
    if (is_fold && rules.fold == OnFold::kTwice) return {*earlier, *later};
    if (is_fold && rules.fold == OnFold::kFirstOnly) return {*earlier, std::nullopt};
    if (!is_fold && rules.gap == OnGap::kSkip) return {};
    if (rules.resolve == Resolve::kReject) return {};
    const absl::StatusOr<UtcTime> resolved = wall.to_utc(local, rules.resolve);
    return {resolved.ok() ? std::optional(*resolved) : std::nullopt, std::nullopt};
  }

  // Returns the first instant later than `after` on the dates [begin, end).
  [[nodiscard]] std::optional<UtcTime> first_on(std::chrono::local_days begin,
                                                std::chrono::local_days end, UtcTime after) const {
    for (auto date = begin; date < end; date += std::chrono::days(1)) {
      for (const auto& instant : on(date)) {
        if (instant && *instant > after) return instant;
      }
    }
    return std::nullopt;
  }
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_LOCAL_OCCURRENCES_H_
