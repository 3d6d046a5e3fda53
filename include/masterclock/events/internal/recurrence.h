// Occurrences of an event that repeats: which is next, and how many have gone by.
//
// An event repeats on its own timeline: every so many nanoseconds of UTC, of the steady clock, or
// of the wall. On the wall 24 h is "every day at this reading", whatever the length of the day.
// Occurrence k is always counted from the first one, so nothing drifts; and after a jump of years
// the number that was missed is worked out by division, never by walking.
//
// Threads: pure functions.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// How many occurrences after the one at `due` are due at `now` as well. `due` is not after `now`.
template <class Time>
[[nodiscard]] constexpr std::int64_t occurrences_since(Time due, Time now,
                                                       std::chrono::nanoseconds every) noexcept {
  return saturating_difference(now, due) / every;
}

// An occurrence on a wall: how many steps it is from the one asked about, and when it is.
struct WallOccurrence {
  std::int64_t steps = 0;
  UtcTime due;
};

[[nodiscard]] inline LocalTime wall_after(LocalTime local, std::int64_t steps,
                                          std::chrono::nanoseconds every) noexcept {
  std::int64_t distance = 0;
  if (__builtin_mul_overflow(steps, every.count(), &distance)) return LocalTime::max();
  return LocalTime(saturating_add(local.time_since_epoch(), std::chrono::nanoseconds(distance)));
}

// The first occurrence, at least `least` steps on, that is due after `now`. One that the wall does
// not show (a gap under kReject) is none. Nothing when the wall answers nothing for a long time.
//
// Cost: a conversion for each occurrence of the 25 hours before `now`, if `from` is that long ago.
[[nodiscard]] inline std::optional<WallOccurrence> next_on_wall(const LocalDue& from,
                                                                std::chrono::nanoseconds every,
                                                                UtcTime now, std::int64_t least) {
  // The wall may have been set by up to a day since, either way.
  const std::chrono::nanoseconds gone =
      saturating_add(from.zone.to_local(now).time_since_epoch(), -from.local.time_since_epoch());
  std::int64_t steps = saturating_add(gone, -std::chrono::hours(25)) / every;
  constexpr int kMostUnanswered = 1'000;
  int unanswered = 0;
  for (steps = steps > least ? steps : least;; ++steps) {
    const LocalTime local = wall_after(from.local, steps, every);
    if (local == LocalTime::max()) return std::nullopt;
    const absl::StatusOr<UtcTime> due = from.zone.to_utc(local, from.resolve);
    if (due.ok() && *due > now) return WallOccurrence{steps, *due};
    if (!due.ok() && ++unanswered > kMostUnanswered) return std::nullopt;
  }
}

// The last occurrence, at least 0 steps on, that is due at `now`.
[[nodiscard]] inline WallOccurrence last_on_wall(const LocalDue& from, UtcTime first,
                                                 std::chrono::nanoseconds every, UtcTime now) {
  const std::optional<WallOccurrence> next = next_on_wall(from, every, now, 1);
  for (std::int64_t steps = next ? next->steps - 1 : 0; steps > 0; --steps) {
    const absl::StatusOr<UtcTime> due =
        from.zone.to_utc(wall_after(from.local, steps, every), from.resolve);
    if (due.ok() && *due <= now) return {steps, *due};
  }
  return {0, first};
}

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_RECURRENCE_H_
