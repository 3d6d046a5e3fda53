// Returns an interval that contains true UTC, from a provider's last reading and its age.
//
// `refresh` asks the provider. Between refreshes the interval moves along the steady timeline, so a
// step of UTC does not move it; UTC is read only to notice a step or a suspend. A reading takes UTC
// first and the steady clock second: a preemption in between makes the bound wider, never narrower.
//
//   kSynchronized  the provider stated this state less than `fresh_for` ago
//   kFreeRunning   the provider stated this state, stopped answering, or was not asked for `fresh_for`
//   kDisrupted     UTC jumped, the machine slept, or the provider contradicts its earlier readings
//   kUnknown       no reading yet, or none for `lost_after`
//
// Two readings contradict each other if their intervals, held over, do not meet. A daemon that is wrong
// for a short time must not move the station. After `distrust_for` the clock believes the new readings.
//
// A jump of UTC by less than 20 ms is noticed at the next refresh. The interval holds meanwhile.
//
// Threads: any.
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

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>

#include "masterclock/internal/saturating.h"
#include "masterclock/internal/seqlock.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

class BoundedClock {
 public:
  // `source` and `provider` must outlive the clock. Without a provider the state stays kUnknown.
  explicit BoundedClock(TimeSource& source, SyncProvider* provider = nullptr,
                        HoldoverOptions options = {})
      : source_(source), provider_(provider), options_(options) {}

  // Returns the interval that contains true UTC.
  //
  // Cost: a coarse reading of UTC and a reading of the steady clock. Asks no provider.
  [[nodiscard]] TimeBounds now_bounded() const noexcept {
    const Anchor anchor = anchor_.load();
    const UtcTime utc = source_.now_utc_coarse();
    const SteadyTime steady = source_.now_steady();
    if (anchor.has_bound) {
      const std::chrono::nanoseconds jumped = anchor.jump(utc, steady);
      if ((jumped > kJump || jumped < -kJump) && is_jump(anchor)) [[unlikely]] {
        return {UtcTime::min(), UtcTime::max(), SyncState::kDisrupted};
      }
    }
    return anchor.bounds_at(steady, options_);
  }

  // Asks the provider. Call it every second or so, or let a SyncThread call it.
  //
  // Cost: that of the provider.
  void refresh() {
    if (provider_ == nullptr) return;
    const std::lock_guard lock(mutex_);
    const SyncReading reading = provider_->read();
    const Anchor next = next_anchor(reading, read_closely());
    anchor_.update([&](const Anchor&) { return next; });
  }

  // Returns the middle of the interval at `at`, a moment since the last refresh; without a bound, the
  // source's own UTC. Empty before the first refresh and while the clock is disrupted.
  [[nodiscard]] std::optional<UtcTime> estimate(SteadyTime at) const noexcept {
    const Anchor anchor = anchor_.load();
    if (!anchor.refreshed || anchor.state == SyncState::kDisrupted) return std::nullopt;
    return anchor.middle_at(at);
  }

  [[nodiscard]] TimeSource& source() const noexcept { return source_; }

 private:
  // A smaller movement of UTC against the steady clock is no jump: a coarse reading may be that old.
  static constexpr std::chrono::nanoseconds kJump = std::chrono::milliseconds(20);

  // True UTC was `middle` at the moment (utc, steady), within the `bound` of `as_of` and its drift since.
  struct Anchor {
    SyncState state = SyncState::kUnknown;
    bool has_bound = false, refreshed = false;
    UtcTime utc = {}, middle = {};
    SteadyTime steady = {}, as_of = {};
    std::chrono::nanoseconds bound = {};

    // Returns the movement of UTC against the steady clock since the anchor.
    std::chrono::nanoseconds jump(UtcTime now, SteadyTime now_steady) const noexcept {
      return saturating_difference(now, saturating_move(utc, steady, now_steady));
    }
    UtcTime middle_at(SteadyTime now) const noexcept {
      return saturating_move(middle, steady, now);
    }
    std::chrono::nanoseconds bound_at(SteadyTime now, DriftRate drift) const noexcept {
      return held_over(bound, saturating_difference(now, as_of), drift);
    }
    // Returns the interval at `now`, provided that UTC did not jump.
    TimeBounds bounds_at(SteadyTime now, const HoldoverOptions& options) const noexcept {
      if (!has_bound) return {UtcTime::min(), UtcTime::max(), state};
      const std::chrono::nanoseconds age = saturating_difference(now, as_of);
      if (age > options.lost_after) return {};
      const bool stale = age > options.fresh_for && state == SyncState::kSynchronized;
      return bounds_around(middle_at(now), bound_at(now, options.drift),
                           stale ? SyncState::kFreeRunning : state);
    }
  };

  // UTC was read within `width` before `steady`.
  struct Moment {
    UtcTime utc;
    SteadyTime steady;
    std::chrono::nanoseconds width;
  };

  // Takes the narrowest of a few tries, so that one preemption does not count.
  [[nodiscard]] Moment read_closely() const noexcept {
    Moment best{{}, {}, std::chrono::nanoseconds::max()};
    for (int i = 0; i < 5; ++i) {
      const SteadyTime before = source_.now_steady();
      const UtcTime utc = source_.now_utc();
      const SteadyTime after = source_.now_steady();
      const std::chrono::nanoseconds width = saturating_difference(after, before);
      if (width <= best.width) best = {utc, after, width};
    }
    return best;
  }

  static bool is_jump(const Anchor& anchor, const Moment& now) noexcept {
    const std::chrono::nanoseconds jumped = anchor.jump(now.utc, now.steady);
    return jumped > kJump || jumped < saturating_subtract(-kJump, now.width);
  }
  // Reads again, because a preemption between two readings looks like a jump.
  [[nodiscard]] bool is_jump(const Anchor& anchor) const noexcept {
    return is_jump(anchor, read_closely());
  }

  // Returns the anchor after a reading of the provider.
  Anchor next_anchor(const SyncReading& reading, const Moment& now) {
    notice_jump(now);
    Anchor next{.state = reading.state,
                .refreshed = true,
                .utc = now.utc,
                .middle = now.utc,
                .steady = now.steady,
                .as_of = now.steady};
    last_seen_ = next;
    if (!reading.has_bound()) {
      if (reading.state == SyncState::kDisrupted) return next;
      next.state = SyncState::kUnknown;
      return trusted_ && !jumped_ ? free_running(now) : next;
    }
    next.state = SyncState::kDisrupted;
    if (valid_from_ && reading.as_of <= *valid_from_) return next;
    // The source's own error counts three times: at the anchor in UTC and in steady time, at a reading in
    // steady time.
    const std::chrono::nanoseconds own = saturating_add(
        now.width,
        std::chrono::nanoseconds(internal::saturating_product(source_.error_bound().count(), 3)));
    Anchor stated = next;
    stated.state = reading.state;
    stated.has_bound = true;
    stated.middle = saturating_add(now.utc, reading.correction);
    stated.as_of = std::min(reading.as_of, now.steady);
    stated.bound = saturating_add(reading.error_bound, own);
    if (trusted_ && contradicts(stated, now.steady)) {
      if (!contradicted_since_) contradicted_since_ = now.steady;
      if (saturating_difference(now.steady, *contradicted_since_) < options_.distrust_for) {
        return next;
      }
    }
    contradicted_since_.reset();
    jumped_ = false;
    trusted_ = stated;
    return stated;
  }

  void notice_jump(const Moment& now) {
    if (!last_seen_ || !is_jump(*last_seen_, now)) return;
    valid_from_ = now.steady;  // earlier readings are those of another clock
    // A suspend, whose length is not known, looks like a step forward. A step back does not touch the
    // steady clock, so the trusted interval stays valid.
    if (last_seen_->jump(now.utc, now.steady) > kJump) trusted_.reset();
    jumped_ = true;
  }

  // Returns the trusted interval, moved to `now`.
  Anchor free_running(const Moment& now) const noexcept {
    Anchor moved = *trusted_;
    moved.state = SyncState::kFreeRunning;
    moved.middle = trusted_->middle_at(now.steady);
    moved.utc = now.utc;
    moved.steady = now.steady;
    return moved;
  }

  bool contradicts(const Anchor& stated, SteadyTime now) const noexcept {
    const std::chrono::nanoseconds apart =
        saturating_difference(stated.middle, trusted_->middle_at(now));
    const std::chrono::nanoseconds allowed = saturating_add(
        stated.bound_at(now, options_.drift), trusted_->bound_at(now, options_.drift));
    return apart > allowed || apart < -allowed;
  }

  TimeSource& source_;
  SyncProvider* const provider_;
  const HoldoverOptions options_;
  internal::Seqlock<Anchor> anchor_{Anchor{}};

  std::mutex mutex_;                 // guards the members below, which only refresh uses
  std::optional<Anchor> last_seen_;  // the last moment, to notice jumps
  std::optional<Anchor> trusted_;    // the last interval that was not contradicted
  std::optional<SteadyTime> valid_from_;
  std::optional<SteadyTime> contradicted_since_;
  bool jumped_ = false;  // since the trusted interval
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_BOUNDED_CLOCK_H_
