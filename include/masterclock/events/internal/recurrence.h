// Computes the occurrences of a repeating event: the next one, and how many a clock step passed.
//
// `Every` counts from the first occurrence, so no error accumulates; after a jump of years the next
// occurrence is one division away. `Daily` walks calendar days near the instant asked about, at most
// kMostDays of them.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "masterclock/events/event.h"
#include "masterclock/time/internal/local_occurrences.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// Returns how many occurrences after the one at `due` are due at `now`.
template <class Time>
[[nodiscard]] constexpr std::int64_t occurrences_since(Time due, Time now,
                                                       std::chrono::nanoseconds interval) noexcept {
  return due >= now ? 0 : saturating_difference(now, due) / interval;
}

// A Daily repetition with its wall clock.
class DailyRecurrence {
 public:
  DailyRecurrence(const LocalDue& due, const Daily& daily) noexcept
      : times_{due.zone, time_of_day(due.local), {daily.days, due.resolve, daily.gap, daily.fold}} {
  }

  // The first occurrence on the date of `from` or a later one. Nothing when there is none in reach.
  [[nodiscard]] std::optional<UtcTime> first_from(LocalTime from) const {
    const auto date = std::chrono::floor<std::chrono::days>(from);
    return times_.first_on(date, date + kMostDays, UtcTime::min());
  }

  // The first occurrence after `utc`.
  [[nodiscard]] std::optional<UtcTime> next_after(UtcTime utc) const {
    const auto date = date_of(utc);
    return times_.first_on(date - kMargin, date + kMostDays, utc);
  }

  // The last occurrence that is not after `utc`.
  [[nodiscard]] std::optional<UtcTime> last_until(UtcTime utc) const {
    const auto date = date_of(utc);
    for (auto day = date + kMargin; day > date - kMostDays; day -= std::chrono::days(1)) {
      const auto instants = times_.on(day);
      for (auto instant = instants.rbegin(); instant != instants.rend(); ++instant) {
        if (*instant && **instant <= utc) return *instant;
      }
    }
    return std::nullopt;
  }

  // How many occurrences are after `from` and not after `to`.
  //
  // Cost: a division where the rules give each day one occurrence; else a walk over the days.
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
    const bool one_a_day = times_.rules.gap == OnGap::kResolve &&
                           times_.rules.fold != OnFold::kTwice &&
                           times_.rules.resolve != Resolve::kReject;
    if (!one_a_day || middle >= end) return exact(first - kMargin, last + kMargin);
    return exact(first - kMargin, middle) + dates_in(middle, end) + exact(end, last + kMargin);
  }

 private:
  // A gap may be as long as a day (Samoa, 2011), and moves an occurrence by as much.
  static constexpr std::chrono::days kMargin{3};
  // A year of weekly events, the time of which does not exist now and then.
  static constexpr std::chrono::days kMostDays{400};

  [[nodiscard]] static std::chrono::nanoseconds time_of_day(LocalTime local) noexcept {
    constexpr std::chrono::nanoseconds kDay = std::chrono::days(1);
    return (local.time_since_epoch() % kDay + kDay) % kDay;
  }

  [[nodiscard]] std::chrono::local_days date_of(UtcTime utc) const {
    return std::chrono::floor<std::chrono::days>(times_.wall.to_local(utc));
  }

  // How many of the dates [begin, end) are among the days of the week.
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

// One reading of both timelines. It converts between them, for as long as UTC is not stepped.
struct TimelineReading {
  UtcTime utc;
  SteadyTime steady;
  [[nodiscard]] UtcTime to_utc(SteadyTime t) const noexcept {
    return saturating_add(utc, saturating_difference(t, steady));
  }
  [[nodiscard]] SteadyTime to_steady(UtcTime t) const noexcept {
    return saturating_add(steady, saturating_difference(t, utc));
  }
};

// A due time on its timeline.
struct TimelineDue {
  bool on_steady = false;
  UtcTime utc{};
  SteadyTime steady{};
};

// How an event repeats, and where it is.
struct EventRepeat {
  std::chrono::nanoseconds interval{};  // of Every
  std::optional<DailyRecurrence> daily = {};
  OnMisfire on_misfire = OnMisfire::kRunLast;
  UtcTime wall_due = {};              // of `daily`: the pending occurrence, also when it was moved
  std::int64_t skipped = 0;           // since the event last fired
  TimelineDue current = {};           // while the action runs: the occurrence that fired,
  std::optional<UtcTime> moved = {};  // and the instant to which the next one was rescheduled
};

// Returns the occurrence after `repeat.current`.
inline std::optional<TimelineDue> next_occurrence(EventRepeat& repeat) {
  const TimelineDue current = repeat.current;
  const std::optional<UtcTime> moved = std::exchange(repeat.moved, std::nullopt);
  if (!repeat.daily) {
    if (moved) return TimelineDue{false, *moved, {}};
    return TimelineDue{current.on_steady, saturating_add(current.utc, repeat.interval),
                       saturating_add(current.steady, repeat.interval)};
  }
  const auto next = repeat.daily->next_after(std::max(repeat.wall_due, current.utc));
  if (next) repeat.wall_due = *next;
  if (moved) return TimelineDue{false, *moved, {}};
  if (!next) return std::nullopt;
  return TimelineDue{false, *next, {}};
}

// Moves `repeat`, pending at `due`, past the occurrences that `on_misfire` skips at `now`, and counts
// them. Returns the occurrence that is pending instead; nothing when none is skipped.
inline std::optional<TimelineDue> skip_missed(EventRepeat& repeat, const TimelineDue& due,
                                              const TimelineReading& now) {
  if (repeat.on_misfire == OnMisfire::kRunAll) return std::nullopt;
  TimelineDue last = due;
  std::int64_t later = 0;  // occurrences after `due` that are due as well
  if (!repeat.daily) {
    later = due.on_steady ? occurrences_since(due.steady, now.steady, repeat.interval)
                          : occurrences_since(due.utc, now.utc, repeat.interval);
    last.utc = saturating_add(due.utc, later * repeat.interval);
    last.steady = saturating_add(due.steady, later * repeat.interval);
  } else {
    const UtcTime from = std::max(repeat.wall_due, due.utc);
    if (const auto wall_last = repeat.daily->last_until(now.utc); wall_last && *wall_last > from) {
      later = repeat.daily->count(from, *wall_last);
      last.utc = *wall_last;
    }
  }
  if (later == 0) return std::nullopt;
  if (repeat.daily) repeat.wall_due = last.utc;
  if (repeat.on_misfire == OnMisfire::kSkip) {
    repeat.current = last;
    if (const std::optional<TimelineDue> next = next_occurrence(repeat)) {
      last = *next;
      ++later;
    }
  }
  repeat.skipped += later;
  return last;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_
