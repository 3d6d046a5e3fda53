// Computes the next occurrence of a repeating event, and the occurrences that a clock step passed.
//
// `Every` counts from the first occurrence, so no error accumulates, and a jump of years is one division.
// `Daily` walks over calendar days. After a long jump it counts by a division, or in several calls.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "masterclock/events/event.h"
#include "masterclock/time/internal/local_occurrences.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

class DailyRecurrence {
 public:
  DailyRecurrence(const LocalDue& due, const Daily& daily) noexcept
      : times_{due.zone, time_of_day(due.local), {daily.days, due.resolve, daily.gap, daily.fold}} {
  }

  // Returns the first occurrence on the date of `from` or later; nothing after kMostDays.
  [[nodiscard]] std::optional<UtcTime> first_from(LocalTime from) const {
    const auto date = std::chrono::floor<std::chrono::days>(from);
    return times_.first_on(date, date + kMostDays, UtcTime::min());
  }

  [[nodiscard]] std::optional<UtcTime> next_after(UtcTime utc) const {
    const auto date = date_of(utc);
    return times_.first_on(date - kMargin, date + kMostDays, utc);
  }

  [[nodiscard]] std::optional<UtcTime> last_until(UtcTime utc) const {
    const auto date = date_of(utc);
    for (auto day = date + kMargin; day > date - kMostDays; day -= std::chrono::days(1)) {
      std::optional<UtcTime> last;
      for (const auto& instant : times_.on(day)) {
        if (instant && *instant <= utc) last = instant;
      }
      if (last) return last;
    }
    return std::nullopt;
  }

  // Returns the number of occurrences in (from, to].
  //
  // Cost: a division under the rules of one_a_day(); else a walk over the days.
  [[nodiscard]] std::int64_t count(UtcTime from, UtcTime to) const {
    if (from >= to) return 0;
    const auto first = date_of(from), last = date_of(to);
    const auto exact = [&](auto begin, auto end) {  // in (from, to], on the dates [begin, end)
      std::int64_t found = 0;
      for (auto day = begin; day < end; day += std::chrono::days(1)) {
        for (const auto& instant : times_.on(day))
          found += instant && *instant > from && *instant <= to;
      }
      return found;
    };
    // Near the ends an occurrence of one date may lie on another one.
    const auto middle = first + kMargin, end = last - kMargin;
    if (!one_a_day() || middle >= end) return exact(first - kMargin, last + kMargin);
    return exact(first - kMargin, middle) + dates_in(middle, end) + exact(end, last + kMargin);
  }

  // Returns `now`, or an instant between `from` and `now` up to which count() does bounded work. The rest is
  // then longer than kMostDays, so it has an occurrence too.
  [[nodiscard]] UtcTime countable_until(UtcTime from, UtcTime now) const noexcept {
    const bool is_long = saturating_difference(now, from) > 2 * kMostDays;
    return is_long && !one_a_day() ? from + kMostDays : now;
  }

 private:
  // A gap may be as long as a day (Samoa, 2011), and moves an occurrence by as much.
  static constexpr std::chrono::days kMargin{3};
  // More than a year, for a weekly event whose time sometimes does not exist.
  static constexpr std::chrono::days kMostDays{400};

  // Returns true if the rules give each date on a day of the week one occurrence.
  [[nodiscard]] bool one_a_day() const noexcept {
    return times_.rules.gap == OnGap::kResolve && times_.rules.fold != OnFold::kTwice &&
           times_.rules.resolve != Resolve::kReject;
  }

  [[nodiscard]] static std::chrono::nanoseconds time_of_day(LocalTime local) noexcept {
    constexpr std::chrono::nanoseconds kDay = std::chrono::days(1);
    return (local.time_since_epoch() % kDay + kDay) % kDay;
  }

  [[nodiscard]] std::chrono::local_days date_of(UtcTime utc) const {
    return std::chrono::floor<std::chrono::days>(times_.wall.to_local(utc));
  }

  // Returns the number of dates in [begin, end) that are on the days of the week.
  [[nodiscard]] std::int64_t dates_in(std::chrono::local_days begin,
                                      std::chrono::local_days end) const {
    std::int64_t a_week = 0, rest = 0;
    const std::int64_t weeks = (end - begin).count() / 7;
    for (int day = 0; day < 7; ++day) {
      a_week += times_.rules.days.contains(std::chrono::weekday(begin + std::chrono::days(day)));
    }
    for (auto day = begin + std::chrono::days(7 * weeks); day < end; day += std::chrono::days(1)) {
      rest += times_.rules.days.contains(std::chrono::weekday(day));
    }
    return weeks * a_week + rest;
  }

  LocalOccurrences<AnyWallClock> times_;
};

struct TimelineDue {
  bool on_steady = false;
  std::chrono::nanoseconds due = {};  // since the epoch of the timeline

  [[nodiscard]] UtcTime to_utc(const TimeReading& now) const noexcept {
    return on_steady ? now.to_utc(SteadyTime(due)) : UtcTime(due);
  }
  [[nodiscard]] std::chrono::nanoseconds until_now(const TimeReading& now) const noexcept {
    return on_steady ? saturating_difference(now.steady, SteadyTime(due))
                     : saturating_difference(now.utc, UtcTime(due));
  }
};

// The repetition of an event, and its state.
struct EventRepeat {
  std::chrono::nanoseconds interval{};  // of Every
  std::optional<DailyRecurrence> daily = {};
  OnMisfire on_misfire = OnMisfire::kRunLast;
  UtcTime wall_due = {};  // Daily: the wall time of the pending occurrence, also when it was moved
  std::int64_t skipped = 0;  // since the event last fired
  TimelineDue next = {};     // while the action runs: the next occurrence
};

// An occurrence: when it is due, and its wall time in case it is moved.
struct Occurrence {
  TimelineDue at;
  UtcTime wall_due = {};
};

// Returns the occurrence after the one at `due`; nothing at the end of the range.
inline std::optional<Occurrence> occurrence_after(const EventRepeat& repeat, UtcTime wall_due,
                                                  const TimelineDue& due) {
  if (!repeat.daily) {
    if (repeat.interval > saturating_subtract(std::chrono::nanoseconds::max(), due.due)) {
      return std::nullopt;
    }
    return Occurrence{{due.on_steady, due.due + repeat.interval}};
  }
  const auto next = repeat.daily->next_after(std::max(wall_due, UtcTime(due.due)));
  if (!next) return std::nullopt;
  return Occurrence{{false, next->time_since_epoch()}, *next};
}

// The number of occurrences that `on_misfire` skips, and the occurrence that is pending instead.
struct Skip {
  Occurrence next;
  std::int64_t skipped = 0;
};

// Applies `on_misfire` to an event pending at `due`. Returns nothing when no occurrence is skipped.
//
// After a long jump the occurrence that is pending instead may be due too. The caller applies the function
// again, so that each call does bounded work.
inline std::optional<Skip> skip_missed(const EventRepeat& repeat, const TimelineDue& due,
                                       const TimeReading& now) {
  if (repeat.on_misfire == OnMisfire::kRunAll) return std::nullopt;
  Skip skip{{due, repeat.wall_due}};  // to the last occurrence that is due by `until`
  UtcTime until = now.utc;
  if (!repeat.daily) {
    skip.skipped = std::max(due.until_now(now), std::chrono::nanoseconds(0)) / repeat.interval;
    skip.next.at.due = saturating_add(due.due, skip.skipped * repeat.interval);
  } else {
    const UtcTime from = std::max(repeat.wall_due, UtcTime(due.due));
    until = repeat.daily->countable_until(from, now.utc);
    const std::optional<UtcTime> last = repeat.daily->last_until(until);
    if (!last || *last <= from) return std::nullopt;
    skip = {{{false, last->time_since_epoch()}, *last}, repeat.daily->count(from, *last)};
  }
  if (skip.skipped == 0) return std::nullopt;
  if (repeat.on_misfire == OnMisfire::kSkip && until == now.utc) {
    if (const auto next = occurrence_after(repeat, skip.next.wall_due, skip.next.at)) {
      skip = {*next, saturating_sum(skip.skipped, 1)};
    }
  }
  return skip;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_
