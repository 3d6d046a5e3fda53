// UTC that never runs backward: a source that follows the best estimate there is, smoothly.
//
// It runs on the steady timeline of the source underlying, so a step of that source's UTC does not
// reach it. At each refresh it is compared with the estimate, and what it is wrong by is corrected:
//
//   up to `step_threshold`   slewed: it runs `slew` faster or slower until it is right
//   more, and it is slow     a step forward, at once
//   more, and it is fast     as `backward` says: it stands still until UTC has caught up, or it is
//                            set back, the one case in which it decreases, and only if asked for
//
// While the clock beneath is disrupted it holds its course. Where no provider knows anything it
// follows the source's own UTC by the same rules.
//
// A step is told twice: before it is made to who asked for that (`subscribe_before`), and after it to
// the subscribers, which include every scheduler's waiter. Both hear its size, and what it was: the kind
// of what the source beneath announced since it was right last (it was set, it slept, a leap second), else
// a step. Of a step that is held `to` is where UTC is; it is told when the hold begins, and again only
// when UTC turns out to be elsewhere by another step. What the source beneath announces leads to a
// refresh at once.
//
// Threads: any, for every member.
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

#include "masterclock/version.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/drift_rate.h"
#include "masterclock/internal/seqlock.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// What becomes of a clock that is too fast by more than can be slewed.
enum class BackwardStep {
  kHold,        // it stands still until UTC has caught up
  kStep,  // it is set back
};

// Threads: a plain value.
struct DisciplineOptions {
  DriftRate slew = drift_ppm(500);  // taken as between 1 ppb and half a second a second
  std::chrono::nanoseconds step_threshold = std::chrono::milliseconds(128);
  BackwardStep backward = BackwardStep::kHold;
  HoldoverOptions holdover = {};
};

namespace internal {

// The course of a disciplined clock from the moment `at` on.
struct DisciplinedCourse {
  SteadyTime at;
  UtcTime target;                   // what it ought to read then
  std::chrono::nanoseconds excess;  // what it read more than that: to be slewed away
  UtcTime floor;                    // it reads no less
  DriftRate slew;
  bool held = false;  // at the floor, until UTC has caught up with it

  // Never decreases with `now`: the slew takes less than the time that passes.
  [[nodiscard]] UtcTime reading(SteadyTime now) const noexcept {
    const std::chrono::nanoseconds elapsed = std::max(now - at, std::chrono::nanoseconds(0));
    // Rounded up, the slew may take a nanosecond from the first nanosecond, and no more than that.
    const std::chrono::nanoseconds slewed = drifted(elapsed, slew);
    const std::chrono::nanoseconds left =
        excess.count() < 0 ? std::min(excess + slewed, {}) : std::max(excess - slewed, {});
    return std::max(floor, saturating_add(target, saturating_add(elapsed, left)));
  }
};

}  // namespace internal

class DisciplinedTimeSource final : public TimeSource {
 public:
  // `underlying` and `provider` must outlive the source. It starts at what `underlying` reads.
  DisciplinedTimeSource(TimeSource& underlying, SyncProvider& provider, DisciplineOptions options = {})
      : underlying_(underlying),
        options_(options),
        bounds_(underlying, &provider, options_.holdover),
        course_(first_course(underlying, options_.slew)),
        changes_(underlying.subscribe([this](const TimeChange& change) { on_change(change); })) {}

  // Cost: one reading of the steady clock beneath.
  [[nodiscard]] UtcTime now_utc() const noexcept override {
    // The steady clock first: a course that is set after it was read begins later than it.
    const SteadyTime now = underlying_.now_steady();
    return course_.load().reading(now);
  }
  [[nodiscard]] SteadyTime now_steady() const noexcept override { return underlying_.now_steady(); }
  [[nodiscard]] DisciplinedTimeSource* disciplined() noexcept override { return this; }

  // The clock that the provider speaks of.
  [[nodiscard]] const TimeSource& underlying() const noexcept { return underlying_; }

  // Where true UTC is: not where this source is on its way to it.
  [[nodiscard]] TimeBounds now_bounded() const noexcept { return bounds_.now_bounded(); }

  // How far this source would have to jump to be right, which where no provider knows anything is where
  // the one beneath is; 0 before the first refresh and while the clock beneath is disrupted.
  [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept {
    return remaining_at(course_.load(), underlying_.now_steady());
  }

  // Calls `listener` before each step, until the subscription ends. `from` is what this source reads
  // and `to` what it is about to; when the listener has returned, both are later by as long as it took.
  //
  // Threads: any; the listener runs on the thread that corrects, with no lock held.
  TimeSubscription subscribe_before(TimeListener listener) {
    return before_.add(std::move(listener));
  }

  // Asks the provider, and corrects the course. To be called every second or so. While another thread,
  // or the listener that calls it, is in the middle of a correction, this one is left to that thread.
  //
  // Cost: that of the provider, and of the listeners of a step.
  void refresh() {
    bounds_.refresh();
    // One correction at a time, or two threads would tell of one step. Nobody waits for it: a listener
    // may well wait for a thread that is just about to refresh.
    int asked = 1;
    if (asked_.fetch_add(asked) > 0) return;
    do {
      try {
        correct();
      } catch (...) {  // a listener's
        asked_ = 0;
        throw;
      }
      asked = asked_.fetch_sub(asked) - asked;
    } while (asked > 0);
  }

 private:
  using Course = internal::DisciplinedCourse;

  static Course first_course(const TimeSource& underlying, DriftRate slew) noexcept {
    slew.parts_per_billion = std::clamp<std::int64_t>(slew.parts_per_billion, 1, 500'000'000);
    return {underlying.now_steady(), underlying.now_utc(), {}, UtcTime::min(), slew};
  }

  [[nodiscard]] bool is_step(std::chrono::nanoseconds error) const noexcept {
    return error > options_.step_threshold || error < -options_.step_threshold;
  }

  [[nodiscard]] std::chrono::nanoseconds remaining_at(const Course& course,
                                                      SteadyTime now) const noexcept {
    const std::optional<UtcTime> estimate = bounds_.estimate(now);
    return estimate ? saturating_difference(*estimate, course.reading(now))
                    : std::chrono::nanoseconds(0);
  }

  // What may become of a course.
  enum class Correction { kSlew, kForward, kBack, kHold, kHoldOn };

  // What to do when it reads `reads` and ought to read `estimate`.
  [[nodiscard]] Correction way(const Course& course, SteadyTime now, UtcTime estimate) const noexcept {
    const UtcTime reads = course.reading(now);
    // A hold lasts to its end: the last of it is not left to the slew, which would take minutes.
    const UtcTime awaited = saturating_add(course.target, now - course.at);
    if (course.held && course.floor == reads && estimate < reads &&
        !is_step(saturating_difference(estimate, awaited))) {
      return Correction::kHoldOn;
    }
    if (!is_step(saturating_difference(estimate, reads))) return Correction::kSlew;
    if (estimate > reads) return Correction::kForward;
    return options_.backward == BackwardStep::kStep ? Correction::kBack : Correction::kHold;
  }

  [[nodiscard]] static Course next_course(const Course& old, Correction way, SteadyTime now,
                                          UtcTime target) noexcept {
    // What another thread may have read off the old course in the moment between its two loads.
    constexpr std::chrono::nanoseconds kMoment = std::chrono::microseconds(1);
    const UtcTime reads = old.reading(now);
    switch (way) {
      case Correction::kSlew:
        return {now, target, saturating_difference(reads, target), reads, old.slew};
      case Correction::kForward:
        return {now, target, {}, std::max(reads, target), old.slew};
      case Correction::kBack:
        return {now, target, {}, UtcTime::min(), old.slew};
      case Correction::kHold:
        return {now, target, {}, saturating_add(reads, kMoment), old.slew, true};
      case Correction::kHoldOn:
        return {now, target, {}, reads, old.slew, true};
    }
    return old;
  }

  // By one thread at a time. What is decided at the beginning is done, however long the listeners take
  // and whatever others learn meanwhile: what was told before happens, and is told after.
  void correct() {
    const Course old = course_.load();
    const SteadyTime decided = underlying_.now_steady();
    const std::optional<UtcTime> estimate = bounds_.estimate(decided);
    if (!estimate) return;
    const Correction chosen = way(old, decided, *estimate);
    const bool told = chosen != Correction::kSlew && chosen != Correction::kHoldOn;
    TimeChange::Kind kind = cause_;
    if (told) before_.announce({kind, old.reading(decided), *estimate});
    TimeChange made{kind, {}, {}};
    course_.update([&](const Course&) {
      const SteadyTime now = underlying_.now_steady();
      made.from = old.reading(now);
      made.to = saturating_add(*estimate, now - decided);
      return next_course(old, chosen, now, made.to);
    });
    cause_.compare_exchange_strong(kind, TimeChange::Kind::kStep);
    if (told) announce(made);
  }

  void on_change(const TimeChange& change) {
    if (change.kind != TimeChange::Kind::kAdvance) {
      cause_ = change.kind;
      return refresh();
    }
    const UtcTime now = now_utc();
    announce({change.kind, saturating_add(now, -change.size()), now});
  }

  TimeSource& underlying_;
  const DisciplineOptions options_;
  BoundedClock bounds_;
  internal::Seqlock<Course> course_;
  std::atomic<TimeChange::Kind> cause_ = TimeChange::Kind::kStep;  // of the next step
  std::atomic<int> asked_ = 0;  // refreshes that no correction has taken in yet
  internal::TimeListeners before_;
  const TimeSubscription changes_;  // last: ends before what its listener uses
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_DISCIPLINED_TIME_SOURCE_H_
