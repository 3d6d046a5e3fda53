// What was known once, and what of it still holds: the arithmetic behind an interval that is carried
// forward from the last refresh.
//
// It stands twice. `BoundsAnchor` is the plain one, saturating and right everywhere. `QuickBounds` is
// the same claim as sums worked out beforehand, for the times at which neither an overflow nor a
// change of state is possible; outside of them it answers nothing. A test holds one against the other.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   const masterclock::HoldoverOptions options{.drift = masterclock::drift_ppm(1)};
//   const masterclock::UtcTime noon(12h);
//   const masterclock::SteadyTime boot;
//   const masterclock::internal::BoundsAnchor anchor{
//       masterclock::SyncState::kSynchronized, true, true, noon, noon, boot, boot, 10us};
//   assert(anchor.bounds_at(boot + 2s, options).latest == noon + 2s + 12us);
#ifndef MASTERCLOCK_SYNC_HOLDOVER_H_
#define MASTERCLOCK_SYNC_HOLDOVER_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "masterclock/sync/drift_rate.h"
#include "masterclock/sync/sync_state.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// What is believed, and for how long. Threads: a plain value.
struct HoldoverOptions {
  DriftRate drift = drift_ppm(50);  // the worst of the crystals that machines are built with
  std::chrono::nanoseconds fresh_for = std::chrono::seconds(16);  // older: free-running at best
  std::chrono::nanoseconds lost_after = std::chrono::hours(24);   // older: nothing is known
  // How long a provider that contradicts what it said before is not believed.
  std::chrono::nanoseconds distrust_for = std::chrono::minutes(10);
};

namespace internal {

// A jump that counts: coarser than the coarse clock's tick.
inline constexpr std::chrono::nanoseconds kJump = std::chrono::milliseconds(20);

// True time: `middle` at the moment (utc, steady), within what became of the `bound` of `as_of`.
struct BoundsAnchor {
  SyncState state = SyncState::kUnknown;
  bool has_bound = false;
  bool refreshed = false;
  UtcTime utc, middle;
  SteadyTime steady, as_of;
  std::chrono::nanoseconds bound{};

  // How far UTC has moved against the steady clock since.
  [[nodiscard]] constexpr std::chrono::nanoseconds jump(UtcTime now,
                                                        SteadyTime now_steady) const noexcept {
    return saturating_add(saturating_difference(now, utc),
                          saturating_difference(steady, now_steady));
  }

  // The interval at `now`, as long as nothing jumped.
  [[nodiscard]] constexpr TimeBounds bounds_at(SteadyTime now,
                                               const HoldoverOptions& options) const noexcept {
    if (!has_bound) return {UtcTime::min(), UtcTime::max(), state};
    const std::chrono::nanoseconds age = saturating_difference(now, as_of);
    if (age > options.lost_after) return {};
    const SyncState aged = age > options.fresh_for && state == SyncState::kSynchronized
                               ? SyncState::kFreeRunning
                               : state;
    return bounds_around(saturating_add(middle, saturating_difference(now, steady)),
                         held_over(bound, age, options.drift), aged);
  }
};

// The same for ages in [0, good_for), and nothing elsewhere. All of it is in nanoseconds.
class QuickBounds {
 public:
  QuickBounds() = default;

  constexpr QuickBounds(const BoundsAnchor& anchor, const HoldoverOptions& options) noexcept {
    const std::chrono::nanoseconds most = anchor.state == SyncState::kSynchronized
                                              ? std::min(options.fresh_for, options.lost_after)
                                              : options.lost_after;
    const std::int64_t utc = anchor.utc.time_since_epoch().count();
    const std::int64_t middle = anchor.middle.time_since_epoch().count();
    const std::int64_t steady = anchor.steady.time_since_epoch().count();
    const std::int64_t as_of = anchor.as_of.time_since_epoch().count();
    // UTC from 1824 to 2116, an uptime of 36 years, a bound of 18: no sum below overflows.
    if (!anchor.has_bound || most.count() < 0 || !within<62>(utc) || !within<62>(middle) ||
        !within<60>(steady) || !within<60>(as_of) || !within<59>(anchor.bound.count())) {
      return;
    }
    offset_ = utc - steady;
    middle_ = middle - steady;
    as_of_ = as_of;
    bound_ = anchor.bound.count();
    rate_ = static_cast<std::uint64_t>(std::max<std::int64_t>(options.drift.parts_per_billion, 0));
    const std::uint64_t most_age = kMost / std::max<std::uint64_t>(rate_, 1);
    good_for_ = std::min(static_cast<std::uint64_t>(most.count()), most_age) + 1;
    state_ = anchor.state;
  }

  // Whether it can say what holds at `now`: the age is in range, and nothing jumped since. `utc` was
  // read before `now`.
  [[nodiscard]] constexpr bool answers(UtcTime utc, SteadyTime now) const noexcept {
    // Wraps, and is right all the same: at an age in range the two are never 2^64 ns apart.
    const std::uint64_t steady = word(now.time_since_epoch());
    const std::uint64_t apart =
        word(utc.time_since_epoch()) - steady - static_cast<std::uint64_t>(offset_) + word(kJump);
    return steady - static_cast<std::uint64_t>(as_of_) < good_for_ && apart <= 2 * word(kJump);
  }

  // What `BoundsAnchor::bounds_at` says. Only where this one `answers`.
  [[nodiscard]] constexpr TimeBounds bounds_at(SteadyTime now) const noexcept {
    constexpr std::uint64_t kBillion = 1'000'000'000;
    const std::int64_t steady = now.time_since_epoch().count();
    const std::uint64_t drifted = static_cast<std::uint64_t>(steady - as_of_) * rate_;
    const std::int64_t bound =
        bound_ + static_cast<std::int64_t>((drifted + (kBillion - 1)) / kBillion);  // rounded up
    const std::int64_t middle = steady + middle_;
    return {UtcTime(std::chrono::nanoseconds(middle - bound)),
            UtcTime(std::chrono::nanoseconds(middle + bound)), state_};
  }

 private:
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 60;  // of age * rate, and of the age

  template <int kBits>
  static constexpr bool within(std::int64_t t) noexcept {
    return -(std::int64_t{1} << kBits) < t && t < (std::int64_t{1} << kBits);
  }
  static constexpr std::uint64_t word(std::chrono::nanoseconds d) noexcept {
    return static_cast<std::uint64_t>(d.count());
  }

  std::int64_t offset_ = 0;  // UTC less the steady clock
  std::int64_t middle_ = 0;  // true time less the steady clock
  std::int64_t as_of_ = 0;
  std::int64_t bound_ = 0;
  std::uint64_t rate_ = 0;
  std::uint64_t good_for_ = 0;
  SyncState state_ = SyncState::kUnknown;
};

}  // namespace internal
}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_HOLDOVER_H_
