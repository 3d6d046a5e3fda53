// Carries an interval forward from the last refresh.
#ifndef MASTERCLOCK_SYNC_INTERNAL_BOUNDS_ANCHOR_H_
#define MASTERCLOCK_SYNC_INTERNAL_BOUNDS_ANCHOR_H_

#include "masterclock/version.h"

#include <chrono>

#include "masterclock/sync/holdover.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// A smaller movement of UTC against the steady clock is no jump: a coarse reading may be that old.
inline constexpr std::chrono::nanoseconds kJump = std::chrono::milliseconds(20);

// True UTC was `middle` at the moment (utc, steady), within the `bound` of `as_of` and its drift since.
struct BoundsAnchor {
  SyncState state = SyncState::kUnknown;
  bool has_bound = false;
  bool refreshed = false;
  UtcTime utc, middle;
  SteadyTime steady, as_of;
  std::chrono::nanoseconds bound{};

  // Returns the movement of UTC against the steady clock since the anchor.
  [[nodiscard]] constexpr std::chrono::nanoseconds jump(UtcTime now,
                                                        SteadyTime now_steady) const noexcept {
    return saturating_add(saturating_difference(now, utc),
                          saturating_difference(steady, now_steady));
  }

  // Returns true UTC at `now` as the anchor has it: the middle of the interval.
  [[nodiscard]] constexpr UtcTime middle_at(SteadyTime now) const noexcept {
    return saturating_add(middle, saturating_difference(now, steady));
  }
  [[nodiscard]] constexpr std::chrono::nanoseconds bound_at(SteadyTime now,
                                                            DriftRate drift) const noexcept {
    return held_over(bound, saturating_difference(now, as_of), drift);
  }

  // Returns the interval at `now`, provided that UTC did not jump.
  [[nodiscard]] constexpr TimeBounds bounds_at(SteadyTime now,
                                               const HoldoverOptions& options) const noexcept {
    if (!has_bound) return {UtcTime::min(), UtcTime::max(), state};
    const std::chrono::nanoseconds age = saturating_difference(now, as_of);
    if (age > options.lost_after) return {};
    const bool stale = age > options.fresh_for && state == SyncState::kSynchronized;
    return bounds_around(middle_at(now), bound_at(now, options.drift),
                         stale ? SyncState::kFreeRunning : state);
  }
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_BOUNDS_ANCHOR_H_
