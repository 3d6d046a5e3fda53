// Represents a time as an interval: true UTC lies between `earliest` and `latest`.
//
// Without a bound the interval covers the whole range of the type. A comparison that ignores the state
// therefore never orders unknown times.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   const auto noon = masterclock::UtcTime(12h);
//   const auto cut = masterclock::bounds_around(noon, 1ms, masterclock::SyncState::kSynchronized);
//   const auto take = masterclock::bounds_around(noon + 3ms, 1ms,
//                                                masterclock::SyncState::kSynchronized);
//   assert(masterclock::definitely_before(cut, take));
//   assert(cut.require(1ms).ok() && !cut.require(1ms - 1ns).ok());
#ifndef MASTERCLOCK_SYNC_TIME_BOUNDS_H_
#define MASTERCLOCK_SYNC_TIME_BOUNDS_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/printable.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

struct TimeBounds {
  UtcTime earliest = UtcTime::min();
  UtcTime latest = UtcTime::max();
  SyncState state = SyncState::kUnknown;

  [[nodiscard]] constexpr bool operator==(const TimeBounds&) const noexcept = default;

  [[nodiscard]] constexpr bool contains(UtcTime t) const noexcept {
    return earliest <= t && t <= latest;
  }

  // Returns half the width, rounded up: the largest distance of true time from the middle.
  [[nodiscard]] constexpr std::chrono::nanoseconds uncertainty() const noexcept {
    const auto width =
        internal::Int128{latest.time_since_epoch().count()} - earliest.time_since_epoch().count();
    return std::chrono::nanoseconds(internal::saturate(width / 2 + width % 2));
  }

  // Returns OK if the uncertainty is at most `max_uncertainty`, also of a free-running clock.
  //
  // Errors: Unavailable if the uncertainty is larger or the state is kUnknown or kDisrupted.
  [[nodiscard]] absl::Status require(std::chrono::nanoseconds max_uncertainty) const {
    if (state == SyncState::kUnknown || state == SyncState::kDisrupted) {
      return absl::UnavailableError("the time is not known: its state is " + to_string(state));
    }
    if (uncertainty() > max_uncertainty) {
      return absl::UnavailableError("the time is known to " +
                                    std::to_string(uncertainty().count()) + " ns, required are " +
                                    std::to_string(max_uncertainty.count()) + " ns");
    }
    return absl::OkStatus();
  }
};

// Returns the interval from `middle - bound` to `middle + bound`, within the range of the type.
[[nodiscard]] constexpr TimeBounds bounds_around(UtcTime middle, std::chrono::nanoseconds bound,
                                                 SyncState state) noexcept {
  return {saturating_subtract(middle, bound), saturating_add(middle, bound), state};
}

// Returns true if `a` ended before `b` began. Intervals that touch are not ordered.
[[nodiscard]] constexpr bool definitely_before(const TimeBounds& a, const TimeBounds& b) noexcept {
  return a.latest < b.earliest;
}

// An ISO 8601 interval and its state:
// "2026-11-20T11:59:59.999000000Z/2026-11-20T12:00:00.001000000Z synchronized".
[[nodiscard]] inline std::string to_string(const TimeBounds& bounds) {
  return to_rfc3339(bounds.earliest) + "/" + to_rfc3339(bounds.latest) + " " +
         to_string(bounds.state);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_TIME_BOUNDS_H_
