// Tests a step of CLOCK_REALTIME: libfaketime sets the clock of this process while its dispatcher waits.
// The kernel does not know of the step, so no source announces it. The dispatcher reads the clock again
// after `max_wait`; the steady timeline does not notice the step.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <thread>

#include "../faked_clock.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::real_step_test {
namespace {

using namespace std::chrono_literals;

void step_while_waiting(const tests::FakedClock& clock) {
  SystemTimeSource& source = SystemTimeSource::shared();
  EventScheduler scheduler(source);
  Dispatcher dispatcher(scheduler, {.max_wait = 20ms});
  std::promise<FiredEvent> in_two_hours;
  std::atomic<bool> steady_fired = false;
  const UtcTime due = source.now_utc() + 2h;
  ASSERT_TRUE(
      scheduler
          .schedule({.due = due, .action = [&](auto& event) { in_two_hours.set_value(event); }})
          .ok());
  ASSERT_TRUE(
      scheduler.schedule({.due = After{2h}, .action = [&](auto&) { steady_fired = true; }}).ok());
  dispatcher.start();
  clock.set(-1h);      // an hour back
  clock.set(2h + 1s);  // two hours forward
  const FiredEvent fired = in_two_hours.get_future().get();
  EXPECT_GE(fired.fired, due);
  EXPECT_FALSE(steady_fired);
  EXPECT_EQ(scheduler.counters().pending, 1u);
}

TEST(RealStep, IsFoundByLookingAgain) {
  const auto clock = tests::FakedClock::mine();
  if (!clock) return tests::run_with_faked_clock("RealStep.IsFoundByLookingAgain");
  step_while_waiting(*clock);
}

// The machine's clocks; the test sets UTC and counts the readings.
class SettableClock final : public TimeSource {
 public:
  UtcTime now_utc() const noexcept override {
    ++readings_;
    return saturating_add(SystemTimeSource::shared().now_utc(), std::chrono::seconds(offset_));
  }
  SteadyTime now_steady() const noexcept override {
    ++readings_;
    return SystemTimeSource::shared().now_steady();
  }
  void step(std::chrono::seconds size) {
    const UtcTime from = now_utc();
    offset_ += size.count();
    announce({TimeChange::Kind::kStep, from, now_utc()});
  }
  std::uint64_t readings() const { return readings_; }

 private:
  mutable std::atomic<std::uint64_t> readings_ = 0;
  std::atomic<std::int64_t> offset_ = 0;
};

// Field note, open-ocpp#142: after a step a timer's thread used a whole core. A dispatcher that did not
// sleep would read the clock a million times in this test.
TEST(RealStep, OpenOcpp142ASteppedClockIsSleptOn) {
  for (const std::chrono::nanoseconds spin : {0us, 100us}) {
    SettableClock source;
    EventScheduler scheduler(source);
    ASSERT_TRUE(scheduler.schedule({.due = source.now_utc() + 1h}).ok());
    ASSERT_TRUE(scheduler.schedule({.due = After{1h}}).ok());
    Dispatcher dispatcher(scheduler, {.max_wait = 10ms, .spin = spin});
    dispatcher.start();
    for (const auto size : {-3600s, 7000s, -365 * 86'400s}) {
      source.step(size);
      std::this_thread::sleep_for(50ms);
    }
    dispatcher.stop();
    EXPECT_LT(source.readings(), 20'000u);
    EXPECT_EQ(scheduler.counters().pending, 2u);
  }
}

// The machine's clocks; UTC stands still until the test releases it.
class HeldClock final : public TimeSource {
 public:
  UtcTime now_utc() const noexcept override {
    ++readings_;
    return held_ ? begin_ : saturating_add(begin_, 1s);
  }
  SteadyTime now_steady() const noexcept override {
    ++readings_;
    return SystemTimeSource::shared().now_steady();
  }
  void let_go() { held_ = false; }
  std::uint64_t readings() const { return readings_; }

 private:
  const UtcTime begin_ = SystemTimeSource::shared().now_utc();
  std::atomic<bool> held_ = true;
  mutable std::atomic<std::uint64_t> readings_ = 0;
};

// The same while UTC is held: the next event stays a moment away.
TEST(RealStep, OpenOcpp142AHeldClockIsSleptOn) {
  for (const std::chrono::nanoseconds spin : {0us, 100us}) {
    HeldClock source;
    EventScheduler scheduler(source);
    std::promise<void> utc_fired, steady_fired;
    ASSERT_TRUE(scheduler
                    .schedule({.due = source.now_utc() + 10us,
                               .action = [&](auto&) { utc_fired.set_value(); }})
                    .ok());
    ASSERT_TRUE(
        scheduler.schedule({.due = After{50ms}, .action = [&](auto&) { steady_fired.set_value(); }})
            .ok());
    Dispatcher dispatcher(scheduler, {.spin = spin});
    dispatcher.start();
    steady_fired.get_future().get();
    EXPECT_LT(source.readings(), 20'000u);
    EXPECT_EQ(scheduler.counters().pending, 1u);
    source.let_go();
    utc_fired.get_future().get();
  }
}

}  // namespace
}  // namespace masterclock::real_step_test
