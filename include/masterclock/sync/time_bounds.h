// Now as an interval: true UTC lies between `earliest` and `latest`, and `state` says who says so.
//
// An interval without a claim covers the whole range of the type, so a comparison that forgets to
// look at the state still decides nothing it does not know.
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

#include "masterclock/version.h"

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "masterclock/sync/sync_state.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Threads: a plain value.
struct TimeBounds {
  UtcTime earliest = UtcTime::min();
  UtcTime latest = UtcTime::max();
  SyncState state = SyncState::kUnknown;

  [[nodiscard]] constexpr bool contains(UtcTime t) const noexcept {
    return earliest <= t && t <= latest;
  }

  // Half the width, rounded up: how far true time may be from the middle.
  [[nodiscard]] constexpr std::chrono::nanoseconds uncertainty() const noexcept {
    const std::chrono::nanoseconds width = saturating_difference(latest, earliest);
    return width / 2 + width % 2;
  }

  // Whether a caller who can bear this much uncertainty may go on. A free-running clock may, while
  // its bound lasts: that is what a bound is for.
  //
  // Errors: Unavailable when the uncertainty is larger, or nothing is known.
  [[nodiscard]] absl::Status require(std::chrono::nanoseconds max_uncertainty) const {
    if (state == SyncState::kUnknown || state == SyncState::kDisrupted) {
      return absl::UnavailableError("the time is not known: its state is " +
                                    std::string(to_string(state)));
    }
    if (uncertainty() > max_uncertainty) {
      return absl::UnavailableError("the time is known to " +
                                    std::to_string(uncertainty().count()) + " ns, required are " +
                                    std::to_string(max_uncertainty.count()) + " ns");
    }
    return absl::OkStatus();
  }
};

// `middle` and `bound` to either side, within the range of the type.
[[nodiscard]] constexpr TimeBounds bounds_around(UtcTime middle, std::chrono::nanoseconds bound,
                                                 SyncState state) noexcept {
  return {saturating_add(middle, -bound), saturating_add(middle, bound), state};
}

// Whether `a` was over before `b` began, whatever the clocks that said so had wrong. Intervals that
// touch are not ordered.
[[nodiscard]] constexpr bool definitely_before(const TimeBounds& a, const TimeBounds& b) noexcept {
  return a.latest < b.earliest;
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_TIME_BOUNDS_H_
