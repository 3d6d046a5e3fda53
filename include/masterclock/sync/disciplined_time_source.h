// UTC that never runs backward: a source that follows the best estimate there is, smoothly.
//
// It runs on the steady timeline of the source beneath, so a step of that source's UTC does not
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
// A step is told to `before_step` before it is made, and to the subscribers, which include every
// scheduler's waiter, after. A step or a suspend that the source beneath announces leads to a
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

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/drift_rate.h"
#include "masterclock/sync/seqlock.h"
#include "masterclock/time/time_source.h"

namespace masterclock {

// What becomes of a clock that is too fast by more than can be slewed.
enum class BackwardStep {
  kHold,        // it stands still until UTC has caught up
  kDecreasing,  // it is set back
};

// Threads: a plain value.
struct DisciplineOptions {
  DriftRate slew = drift_ppm(500);  // taken as between 1 ppb and half a second a second
  std::chrono::nanoseconds step_threshold = std::chrono::milliseconds(128);
  BackwardStep backward = BackwardStep::kHold;
  HoldoverOptions holdover = {};

  // Hears of a step that is about to be made. Called with no lock held.
  std::function<void(const TimeChange&)> before_step = {};
};

namespace internal {

// The course of a disciplined clock from the moment `at` on.
struct DisciplinedCourse {
  SteadyTime at;
  UtcTime target;                   // what it ought to read then
  std::chrono::nanoseconds excess;  // what it read more than that: to be slewed away
  UtcTime floor;                    // it reads no less
  DriftRate slew;

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
  // `beneath` and `provider` must outlive the source. It starts at what `beneath` reads.
  DisciplinedTimeSource(TimeSource& beneath, SyncProvider& provider, DisciplineOptions options = {})
      : beneath_(beneath),
        options_(std::move(options)),
        bounds_(beneath, &provider, options_.holdover),
        course_(first_course(beneath, options_.slew)),
        changes_(beneath.subscribe([this](const TimeChange& change) { on_change(change); })) {}

  // Cost: one reading of the steady clock beneath.
  [[nodiscard]] UtcTime now_utc() const noexcept override {
    // The steady clock first: a course that is set after it was read begins later than it.
    const SteadyTime now = beneath_.now_steady();
    return course_.load().reading(now);
  }
  [[nodiscard]] SteadyTime now_steady() const noexcept override { return beneath_.now_steady(); }

  // Where true UTC is: not where this source is on its way to it.
  [[nodiscard]] TimeBounds now_bounded() const noexcept { return bounds_.now_bounded(); }

  // How far this source would have to jump to be right; 0 when nobody knows.
  [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept {
    return remaining_at(course_.load(), beneath_.now_steady());
  }

  // Asks the provider, and corrects the course. To be called every second or so.
  //
  // Cost: that of the provider.
  void refresh() {
    bounds_.refresh();
    if (options_.before_step) {
      const SteadyTime now = beneath_.now_steady();
      const Course course = course_.load();
      const std::chrono::nanoseconds error = remaining_at(course, now);
      if (is_step(error)) {
        const UtcTime from = course.reading(now);
        options_.before_step({TimeChange::Kind::kStep, from, saturating_add(from, error)});
      }
    }
    std::optional<TimeChange> step;
    course_.update([&](const Course& old) { return corrected(old, step); });
    if (step) announce(*step);
  }

 private:
  using Course = internal::DisciplinedCourse;

  static Course first_course(const TimeSource& beneath, DriftRate slew) noexcept {
    slew.parts_per_billion = std::clamp<std::int64_t>(slew.parts_per_billion, 1, 500'000'000);
    return {beneath.now_steady(), beneath.now_utc(), {}, UtcTime::min(), slew};
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

  [[nodiscard]] Course corrected(const Course& old,
                                 std::optional<TimeChange>& step) const noexcept {
    // What another thread may have read off the old course in the moment between its two loads.
    constexpr std::chrono::nanoseconds kMoment = std::chrono::microseconds(1);
    const SteadyTime now = beneath_.now_steady();
    const std::optional<UtcTime> estimate = bounds_.estimate(now);
    if (!estimate) return old;
    const UtcTime reads = old.reading(now);
    const std::chrono::nanoseconds error = saturating_difference(*estimate, reads);
    Course next{now, *estimate, -error, reads, old.slew};
    if (!is_step(error)) return next;
    next.excess = {};
    const bool already_held = old.floor == reads && error < std::chrono::nanoseconds(0);
    if (error > std::chrono::nanoseconds(0)) {
      next.floor = *estimate;
    } else if (options_.backward == BackwardStep::kDecreasing) {
      next.floor = UtcTime::min();
    } else if (!already_held) {
      next.floor = saturating_add(reads, kMoment);
    }
    if (!already_held) step = TimeChange{TimeChange::Kind::kStep, reads, *estimate};
    return next;
  }

  void on_change(const TimeChange& change) {
    if (change.kind != TimeChange::Kind::kAdvance) return refresh();
    const UtcTime now = now_utc();
    announce({change.kind, saturating_add(now, -change.size()), now});
  }

  TimeSource& beneath_;
  const DisciplineOptions options_;
  BoundedClock bounds_;
  internal::Seqlock<Course> course_;
  const TimeSubscription changes_;  // last: ends before what its listener uses
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_DISCIPLINED_TIME_SOURCE_H_
