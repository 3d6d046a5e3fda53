// Now as an interval that true time is inside of: from what a provider said last, held over since.
//
// The interval is carried forward on the steady timeline from the moment of the last refresh, so a
// step of UTC does not move it; UTC is looked at to notice that it was stepped or that the machine
// slept. UTC is read first and the steady clock second: a thread that is preempted in between gets
// an older bound, hence a wider one, and never a narrower.
//
// The state a caller sees:
//
//   kSynchronized  the provider said so, and said it less than `fresh_for` ago
//   kFreeRunning   it says so itself, has stopped saying anything, or has not been asked for longer
//   kDisrupted     UTC jumped, the machine slept, or the provider contradicts what it said before
//   kUnknown       nothing was said yet, or nothing for `lost_after`
//
// A provider that contradicts itself is not believed, since a daemon that is wrong for a while must
// not drag the station with it: what it says has to agree with what it said before, held over. When
// the contradiction lasts for `distrust_for` it is believed after all.
//
// UTC that jumps by less than 20 ms goes unnoticed until the next refresh, and does no harm.
//
// Threads: any, for every member.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(1'000s));
//   masterclock::SimulatedSyncProvider provider;
//   masterclock::BoundedClock clock(source, &provider, {.drift = masterclock::drift_ppm(1)});
//   provider.set({.state = masterclock::SyncState::kSynchronized, .error_bound = 10us});
//   clock.refresh();
//   source.advance(2s);
//   assert(clock.now_bounded().latest == masterclock::UtcTime(1'002s + 12us));
#ifndef MASTERCLOCK_SYNC_BOUNDED_CLOCK_H_
#define MASTERCLOCK_SYNC_BOUNDED_CLOCK_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>

#include "masterclock/sync/drift_rate.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/internal/seqlock.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

namespace internal {

// Both timelines at one moment: UTC was read within `width` before `steady`.
struct ReadMoment {
  UtcTime utc;
  SteadyTime steady;
  std::chrono::nanoseconds width;
};

}  // namespace internal

class BoundedClock {
 public:
  // `source` and `provider` must outlive the clock. Without a provider nothing is ever known.
  explicit BoundedClock(const TimeSource& source, SyncProvider* provider = nullptr,
                        HoldoverOptions options = {})
      : source_(source),
        provider_(provider),
        options_(options) {}

  // Cost: one reading of the steady clock, and one of UTC that may be coarse. Asks no provider.
  [[nodiscard]] TimeBounds now_bounded() const noexcept {
    const internal::QuickBounds quick = believed_.load_first<internal::QuickBounds>();
    const UtcTime utc = source_.now_utc_coarse();
    const SteadyTime steady = source_.now_steady();
    if (quick.answers(utc, steady)) [[likely]]
      return quick.bounds_at(steady);
    return bounded_plainly(utc, steady);
  }

  // Asks the provider, and takes what it says for the readings to come. To be called every second
  // or so, from a thread that may wait.
  //
  // Cost: that of the provider.
  void refresh() {
    if (provider_ == nullptr) return;
    const std::lock_guard lock(mutex_);
    const SyncReading said = provider_->read();
    const Anchor next = judge(said, read_closely());
    last_said_ = said;
    believed_.update([&](const Believed&) {
      return Believed{internal::QuickBounds(next, options_), next};
    });
  }

  // The likeliest UTC at `at`, a moment since the last refresh: the middle of the interval; where
  // nobody knows anything, the source's own. None while the clock is disrupted, or never refreshed.
  [[nodiscard]] std::optional<UtcTime> estimate(SteadyTime at) const noexcept {
    const Anchor anchor = believed_.load().anchor;
    if (!anchor.refreshed || anchor.state == SyncState::kDisrupted) return std::nullopt;
    return saturating_add(anchor.middle, saturating_difference(at, anchor.steady));
  }

  // What the provider said at the last refresh.
  [[nodiscard]] SyncReading last_reading() const {
    const std::lock_guard lock(mutex_);
    return last_said_;
  }

 private:
  using Anchor = internal::BoundsAnchor;
  using Moment = internal::ReadMoment;

  static constexpr std::chrono::nanoseconds kJump = internal::kJump;

  struct Believed {
    internal::QuickBounds quick;
    Anchor anchor;
  };

  // The same for all cases: nothing known, too old, a jump, or the ends of the range.
  [[nodiscard]] TimeBounds bounded_plainly(UtcTime utc, SteadyTime steady) const noexcept {
    const Anchor anchor = believed_.load().anchor;
    if (anchor.has_bound) {
      const std::chrono::nanoseconds jumped = anchor.jump(utc, steady);
      if ((jumped > kJump || jumped < -kJump) && is_jump(anchor)) {
        return {UtcTime::min(), UtcTime::max(), SyncState::kDisrupted};
      }
    }
    return anchor.bounds_at(steady, options_);
  }

  // The narrowest of a few tries: a preemption inside one of them does not count.
  [[nodiscard]] Moment read_closely() const noexcept {
    Moment best{{}, {}, std::chrono::nanoseconds::max()};
    for (int i = 0; i < 5; ++i) {
      const SteadyTime before = source_.now_steady();
      const UtcTime utc = source_.now_utc();
      const SteadyTime after = source_.now_steady();
      if (after - before < best.width) best = {utc, after, after - before};
    }
    return best;
  }

  // Whether it really did: two readings that were far apart look like a jump.
  [[nodiscard]] bool is_jump(const Anchor& anchor) const noexcept {
    const Moment now = read_closely();
    const std::chrono::nanoseconds jumped = anchor.jump(now.utc, now.steady);
    return jumped > kJump || jumped < -kJump - now.width;
  }

  // With the lock held: what to believe of what was said.
  [[nodiscard]] Anchor judge(const SyncReading& said, const Moment& now) {
    if (seen_) {
      const std::chrono::nanoseconds jumped = seen_->jump(now.utc, now.steady);
      if (jumped > kJump || jumped < -kJump - now.width) {
        valid_from_ = now.steady;  // what was said earlier was said of another clock
        // A machine that slept looks like a step forward, and how long is not known. After a step
        // back the steady clock is as good as it was.
        if (jumped > kJump) held_.reset();
        jumped_ = true;
      }
    }
    Anchor next{said.state, false, true, now.utc, now.utc, now.steady, now.steady, {}};
    if (!said.has_bound() && said.state != SyncState::kDisrupted) next.state = SyncState::kUnknown;
    seen_ = next;
    if (!said.has_bound()) {
      if (next.state == SyncState::kUnknown && held_ && !jumped_) next = carried(now);
      return next;
    }
    next.state = SyncState::kDisrupted;
    if (valid_from_ && said.as_of <= *valid_from_) return next;
    Anchor claim{said.state,
                 true,
                 true,
                 now.utc,
                 saturating_add(now.utc, said.correction),
                 now.steady,
                 std::min(said.as_of, now.steady),
                 saturating_add(said.error_bound, now.width)};
    if (held_ && contradicts(claim, now.steady)) {
      if (!contradicted_since_) contradicted_since_ = now.steady;
      if (now.steady - *contradicted_since_ < options_.distrust_for) return next;
    }
    contradicted_since_.reset();
    jumped_ = false;
    held_ = claim;
    return claim;
  }

  // What was believed before, with nobody behind it any more.
  [[nodiscard]] Anchor carried(const Moment& now) const noexcept {
    Anchor result = *held_;
    result.state = SyncState::kFreeRunning;
    result.middle = saturating_add(result.middle, saturating_difference(now.steady, result.steady));
    result.utc = now.utc;
    result.steady = now.steady;
    return result;
  }

  [[nodiscard]] bool contradicts(const Anchor& claim, SteadyTime now) const noexcept {
    const UtcTime believed =
        saturating_add(held_->middle, saturating_difference(now, held_->steady));
    const auto bound_now = [&](const Anchor& of) {
      return held_over(of.bound, saturating_difference(now, of.as_of), options_.drift);
    };
    const std::chrono::nanoseconds apart = saturating_difference(claim.middle, believed);
    const std::chrono::nanoseconds allowed = saturating_add(bound_now(claim), bound_now(*held_));
    return apart > allowed || apart < -allowed;
  }

  const TimeSource& source_;
  SyncProvider* const provider_;
  const HoldoverOptions options_;
  internal::Seqlock<Believed> believed_{Believed{}};

  mutable std::mutex mutex_;  // guards what follows: what refresh knows from one time to the next
  SyncReading last_said_;
  std::optional<Anchor> seen_;  // the last moment, to notice jumps by
  std::optional<Anchor> held_;  // what was believed last
  std::optional<SteadyTime> valid_from_;
  std::optional<SteadyTime> contradicted_since_;
  bool jumped_ = false;  // and nothing has been believed since
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_BOUNDED_CLOCK_H_
