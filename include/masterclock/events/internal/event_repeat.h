// How an event repeats: on its own timeline, and what it does about occurrences that have gone by.
//
// Threads: plain values and pure functions.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_REPEAT_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_REPEAT_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "masterclock/events/event.h"
#include "masterclock/events/internal/recurrence.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// One reading of both timelines, and how each is read on the other as long as nobody steps UTC.
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

// A due time on the timeline that it was asked for.
struct TimelineDue {
  bool on_steady = false;
  UtcTime utc{};
  SteadyTime steady{};
};

// How an event repeats, and where it is.
struct EventRepeat {
  std::chrono::nanoseconds every;
  OnMissed on_missed;
  std::optional<LocalDue> wall = {};  // the reading of the occurrence that is pending,
  bool off_wall = false;              // which is due at another time: it was rescheduled
  std::int64_t missed = 0;            // passed over since the last one that fired
  TimelineDue current = {};           // while its action runs: the occurrence that fired,
  std::optional<UtcTime> moved = {};  // and where the next one was rescheduled to
};

// What comes after `repeat.current`, to which the wall's reading belongs and then moves on.
inline std::optional<TimelineDue> next_occurrence(EventRepeat& repeat) {
  const TimelineDue current = repeat.current;
  repeat.off_wall = repeat.wall && repeat.moved;
  if (const auto moved = std::exchange(repeat.moved, std::nullopt)) {
    return TimelineDue{false, *moved, {}};
  }
  if (!repeat.wall) {
    return TimelineDue{current.on_steady, saturating_add(current.utc, repeat.every),
                       saturating_add(current.steady, repeat.every)};
  }
  const auto next = next_on_wall(*repeat.wall, repeat.every, current.utc, 1);
  if (!next) return std::nullopt;
  repeat.wall->local = wall_after(repeat.wall->local, next->steps, repeat.every);
  return TimelineDue{false, next->due, {}};
}

// Occurrences that are not to fire, and the one that is pending instead.
struct PassedOver {
  TimelineDue next;
  std::int64_t occurrences = 0;
};

// Moves `repeat`, which is pending at `due`, past the occurrences that by `now` are not to fire.
// Nothing when it stays where it is.
inline std::optional<PassedOver> pass_over(EventRepeat& repeat, const TimelineDue& due,
                                           const TimelineReading& now) {
  if (repeat.on_missed == OnMissed::kRunAll) return std::nullopt;
  PassedOver passed{due};
  TimelineDue& to = passed.next;
  std::int64_t& steps = passed.occurrences;
  if (repeat.wall) {
    const WallOccurrence last = last_on_wall(*repeat.wall, due.utc, repeat.every, now.utc);
    steps = last.steps;
    to.utc = last.due;
  } else {
    steps = due.on_steady ? occurrences_since(due.steady, now.steady, repeat.every)
                          : occurrences_since(due.utc, now.utc, repeat.every);
    to.utc = saturating_add(due.utc, steps * repeat.every);
    to.steady = saturating_add(due.steady, steps * repeat.every);
  }
  // A rescheduled event may be due later than its wall's last reading: then that one fires.
  if (steps == 0 || (repeat.wall && to.utc <= due.utc)) return std::nullopt;
  repeat.off_wall = false;
  if (repeat.wall) repeat.wall->local = wall_after(repeat.wall->local, steps, repeat.every);
  if (repeat.on_missed == OnMissed::kSkip) {
    repeat.current = to;
    const std::optional<TimelineDue> next = next_occurrence(repeat);
    // Without a next one, the last stays and fires.
    if (next) {
      to = *next;
      ++steps;
    }
  }
  repeat.missed += steps;
  return passed;
}

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_REPEAT_H_
