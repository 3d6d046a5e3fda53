// Follows the best estimate of UTC without ever running backward.
//
// The source runs on the underlying steady timeline, so a step of the underlying UTC does not reach it.
// Each refresh compares the source with the estimate of a BoundedClock and corrects the error:
//
//   at most `step_threshold`  slew: run faster or slower by `slew` until the error is zero
//   more, and slow            step forward at once
//   more, and fast            hold: stand still until UTC has caught up. With BackwardStep::kStep the
//                             source steps back instead, and only then decreases.
//
// While the underlying clock is disrupted the source keeps its course. Without a provider's bound it
// follows the underlying UTC by the same rules.
//
// Subscribers hear each step once, after it was made. Its kind is the kind of the last change that the
// underlying source announced (set, suspend, leap second), else kStep. The step of a hold is announced
// when the hold begins, with `to` as the true UTC. A change of the underlying source refreshes at once.
//
// Threads: any.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource machine(masterclock::UtcTime(1'000s));
//   masterclock::SimulatedSyncProvider provider;
//   masterclock::DisciplinedTimeSource source(machine, provider);
//   provider.set({.state = masterclock::SyncState::kSynchronized,
//                 .error_bound = 10us,
//                 .correction = 50us});
//   source.refresh();
//   machine.advance(100ms);  // at 500 ppm this takes 50 us
//   assert(source.now_utc() == masterclock::UtcTime(1'000s + 100ms + 50us));
#ifndef MASTERCLOCK_SYNC_DISCIPLINED_TIME_SOURCE_H_
#define MASTERCLOCK_SYNC_DISCIPLINED_TIME_SOURCE_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "masterclock/internal/printable.h"
#include "masterclock/internal/seqlock.h"
#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Says how to correct a clock that is fast by more than the step threshold: hold it, or set it back.
enum class BackwardStep { kHold, kStep };

[[nodiscard]] inline std::string to_string(BackwardStep step) {
  return internal::name_of(step, {"hold", "step"});
}

struct DisciplineOptions {
  DriftRate slew = drift_ppm(500);  // clamped to 1 ppb ... 500,000 ppm
  std::chrono::nanoseconds step_threshold = std::chrono::milliseconds(128);
  BackwardStep backward = BackwardStep::kHold;
  HoldoverOptions holdover = {};
};

class DisciplinedTimeSource final : public TimeSource {
 public:
  // `underlying` and `provider` must outlive the source, which starts at the reading of `underlying`.
  DisciplinedTimeSource(TimeSource& underlying, SyncProvider& provider,
                        DisciplineOptions options = {})
      : underlying_(underlying),
        options_(options),
        bounds_(underlying, &provider, options_.holdover),
        course_(first_course(underlying, options_.slew)),
        changes_(underlying.subscribe([this](const TimeChange& change) { on_change(change); })) {}

  // Cost: a reading of the underlying steady clock.
  [[nodiscard]] UtcTime now_utc() const noexcept override {
    // The steady clock is read first: a course that is set after that reading begins later.
    const SteadyTime now = underlying_.now_steady();
    return course_.load().reading(now);
  }
  [[nodiscard]] SteadyTime now_steady() const noexcept override { return underlying_.now_steady(); }
  [[nodiscard]] DisciplinedTimeSource* disciplined() noexcept override { return this; }

  // Returns the clock that the provider speaks of.
  [[nodiscard]] TimeSource& underlying() const noexcept { return underlying_; }

  // Returns the interval that contains true UTC. During a correction `now_utc` may lie outside.
  [[nodiscard]] TimeBounds now_bounded() const noexcept { return bounds_.now_bounded(); }

  // Returns the estimate of UTC less `now_utc`; 0 before the first refresh and during a disruption.
  [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept {
    const SteadyTime now = underlying_.now_steady();
    const std::optional<UtcTime> estimate = bounds_.estimate(now);
    return estimate ? saturating_difference(*estimate, course_.load().reading(now))
                    : std::chrono::nanoseconds(0);
  }

  // Asks the provider and corrects the course. Call it every second or so, or let a SyncThread call it.
  // A second caller sets a flag and returns; the running refresh corrects once more.
  //
  // Cost: that of the provider, and of the listeners of a step.
  void refresh() {
    bounds_.refresh();
    int asked = 1;
    if (asked_.fetch_add(asked) > 0) return;
    do {
      try {
        correct();
      } catch (...) {  // a listener threw
        asked_ = 0;
        throw;
      }
      asked = asked_.fetch_sub(asked) - asked;
    } while (asked > 0);
  }

 private:
  // The readings of a disciplined clock from the moment `at` on.
  struct Course {
    SteadyTime at;
    UtcTime target;                   // UTC at that moment
    std::chrono::nanoseconds excess;  // the reading less the target, to be slewed away
    UtcTime floor;                    // the least reading
    DriftRate slew;
    bool held = false;  // stands at the floor until UTC has caught up

    // Never decreases with `now`: the slew takes less than the time that passes.
    [[nodiscard]] UtcTime reading(SteadyTime now) const noexcept {
      constexpr std::chrono::nanoseconds kNone{};
      now = std::max(now, at);
      const std::chrono::nanoseconds slewed = drifted(saturating_difference(now, at), slew);
      const std::chrono::nanoseconds left =
          excess < kNone ? std::min(excess + slewed, kNone) : std::max(excess - slewed, kNone);
      return std::max(floor, saturating_add(saturating_move(target, at, now), left));
    }
  };

  enum class Correction { kSlew, kForward, kStep, kHold, kKeepHolding };

  static Course first_course(const TimeSource& underlying, DriftRate slew) noexcept {
    slew.parts_per_billion = std::clamp<std::int64_t>(slew.parts_per_billion, 1, 500'000'000);
    return {underlying.now_steady(), underlying.now_utc(), {}, UtcTime::min(), slew};
  }

  [[nodiscard]] bool is_step(std::chrono::nanoseconds error) const noexcept {
    return error > options_.step_threshold ||
           saturating_add(error, options_.step_threshold) < std::chrono::nanoseconds(0);
  }

  [[nodiscard]] Correction choose(const Course& course, SteadyTime now,
                                  UtcTime estimate) const noexcept {
    const UtcTime reads = course.reading(now);
    // A hold lasts until UTC has caught up. A slew of its last part would take minutes.
    const UtcTime awaited = saturating_move(course.target, course.at, now);
    if (course.held && course.floor == reads && estimate < reads &&
        !is_step(saturating_difference(estimate, awaited))) {
      return Correction::kKeepHolding;
    }
    if (!is_step(saturating_difference(estimate, reads))) return Correction::kSlew;
    if (estimate > reads) return Correction::kForward;
    return options_.backward == BackwardStep::kStep ? Correction::kStep : Correction::kHold;
  }

  [[nodiscard]] static Course next_course(const Course& old, Correction correction, SteadyTime now,
                                          UtcTime target) noexcept {
    // Another thread may read the old course up to this much later, between its two loads.
    constexpr std::chrono::nanoseconds kMoment = std::chrono::microseconds(1);
    const UtcTime reads = old.reading(now);
    switch (correction) {
      case Correction::kSlew:
        return {now, target, saturating_difference(reads, target), reads, old.slew};
      case Correction::kForward: return {now, target, {}, std::max(reads, target), old.slew};
      case Correction::kStep: return {now, target, {}, UtcTime::min(), old.slew};
      case Correction::kHold:
        return {now, target, {}, saturating_add(reads, kMoment), old.slew, true};
      case Correction::kKeepHolding: return {now, target, {}, reads, old.slew, true};
    }
    return old;
  }

  // Runs on one thread at a time.
  void correct() {
    const Course old = course_.load();
    const SteadyTime decided = underlying_.now_steady();
    const std::optional<UtcTime> estimate = bounds_.estimate(decided);
    if (!estimate) return;
    const Correction chosen = choose(old, decided, *estimate);
    TimeChange::Kind kind = cause_;
    TimeChange made{kind, {}, {}};
    course_.update([&](const Course&) {
      const SteadyTime now = underlying_.now_steady();
      made.from = old.reading(now);
      made.to = saturating_move(*estimate, decided, now);
      return next_course(old, chosen, now, made.to);
    });
    cause_.compare_exchange_strong(kind, TimeChange::Kind::kStep);
    if (chosen != Correction::kSlew && chosen != Correction::kKeepHolding) announce(made);
  }

  void on_change(const TimeChange& change) {
    if (change.kind != TimeChange::Kind::kAdvance) {
      cause_ = change.kind;
      return refresh();
    }
    const UtcTime now = now_utc();
    announce({change.kind, saturating_subtract(now, change.size()), now});
  }

  TimeSource& underlying_;
  const DisciplineOptions options_;
  BoundedClock bounds_;
  internal::Seqlock<Course> course_;
  std::atomic<TimeChange::Kind> cause_ = TimeChange::Kind::kStep;  // of the next step
  std::atomic<int> asked_ = 0;      // refreshes since the running correction began
  const TimeSubscription changes_;  // last: ends before what its listener uses
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_DISCIPLINED_TIME_SOURCE_H_
