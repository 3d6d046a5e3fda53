#include "masterclock/events/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "masterclock/events/simulate.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::dispatcher_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};

// On simulated time no test here waits or locks: a movement of the source returns when the dispatcher
// has fired everything that is due.
class DispatcherTest : public ::testing::Test {
 protected:
  EventRequest note(std::string id, UtcTime due) {
    return {.id = std::move(id), .due = due, .action = [this](const FiredEvent& event) {
              ran_.push_back(event.id);
              threads_.push_back(std::this_thread::get_id());
              EXPECT_GE(source_.now_utc(), event.due) << "never early";
            }};
  }
  EventRequest note_in(std::string id, std::chrono::nanoseconds due_in) {
    EventRequest request = note(std::move(id), {});
    request.due = After{due_in};
    return request;
  }
  void add(EventRequest request) { ASSERT_TRUE(scheduler_.schedule(std::move(request)).ok()); }

  ManualTimeSource source_{kStart};
  EventScheduler scheduler_{source_};
  std::vector<std::string> ran_;
  std::vector<std::thread::id> threads_;
  Dispatcher dispatcher_{scheduler_};
};

TEST_F(DispatcherTest, AnAdvanceReturnsWhenEverythingDueHasRun) {
  dispatcher_.start();
  add(note("b", kStart + 2h));
  add(note("a", kStart + 1h));
  add(note("c", kStart + 25h));
  source_.advance(1h - 1ns);
  EXPECT_THAT(ran_, IsEmpty());
  source_.advance(24h);
  EXPECT_THAT(ran_, ElementsAre("a", "b"));
  source_.advance(1ns);
  EXPECT_THAT(ran_, ElementsAre("a", "b", "c"));
  for (const std::thread::id id : threads_) EXPECT_NE(id, std::this_thread::get_id());
}

TEST_F(DispatcherTest, NothingFiresBeforeTheStartOrAfterTheStop) {
  add(note("a", kStart));
  source_.advance(1h);
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_FALSE(dispatcher_.running());
  dispatcher_.start();
  EXPECT_TRUE(dispatcher_.running());
  source_.advance(1ns);
  EXPECT_THAT(ran_, ElementsAre("a"));
  add(note("b", kStart + 2h));
  dispatcher_.stop();
  EXPECT_FALSE(dispatcher_.running());
  source_.advance(24h);
  EXPECT_THAT(ran_, ElementsAre("a"));
  EXPECT_EQ(scheduler_.counters().pending, 1u) << "what was pending stays pending";
  dispatcher_.start();
  source_.advance(1ns);
  EXPECT_THAT(ran_, ElementsAre("a", "b"));
}

TEST_F(DispatcherTest, FieldNoteSteppedWhileWaiting) {
  dispatcher_.start();
  add(note("utc", kStart + 1h));
  add(note_in("steady", 30min));
  source_.step_utc(-1h);
  EXPECT_THAT(ran_, IsEmpty());
  source_.advance(90min);
  EXPECT_THAT(ran_, ElementsAre("steady"));
  source_.step_utc(365 * 24h);
  EXPECT_THAT(ran_, ElementsAre("steady", "utc"));
  source_.step_utc(-365 * 24h);
  source_.advance(366 * 24h);
  EXPECT_THAT(ran_, ElementsAre("steady", "utc")) << "nothing twice";
}

TEST_F(DispatcherTest, FieldNoteSuspendedForANight) {
  dispatcher_.start();
  add(note("midnight", kStart + 2h));
  add(note_in("countdown", 30min));
  source_.suspend(8h);
  EXPECT_THAT(ran_, ElementsAre("midnight"));
}

TEST_F(DispatcherTest, RunsWhatActionsScheduleBeforeTheAdvanceReturns) {
  dispatcher_.start();
  int links = 0;
  std::function<void(const FiredEvent&)> next = [&](const FiredEvent& event) {
    if (++links < 100) add({.due = event.due + 10min, .action = next});
  };
  add({.due = kStart, .action = next});
  int nested = 0;
  std::function<void(const FiredEvent&)> again = [&](const FiredEvent&) {
    if (++nested < 10) add({.due = After{0ns}, .action = again});
  };
  add({.due = kStart + 1h, .action = again});
  source_.advance(24h);
  EXPECT_EQ(links, 100);
  EXPECT_EQ(nested, 10);
}

TEST_F(DispatcherTest, AnAdvanceIsNotHeldUpByWhatSchedulesItselfForEver) {
  dispatcher_.start();
  std::atomic<int> count = 0;
  std::atomic<bool> enough = false;
  std::function<void(const FiredEvent&)> again = [&](const FiredEvent&) {
    ++count;
    if (!enough) add({.due = After{0ns}, .action = again});
  };
  add({.due = kStart + 1h, .action = again});
  source_.advance(1h);
  EXPECT_GE(count, Dispatcher::kMostPasses);
  enough = true;
  source_.advance(1h);
  EXPECT_THAT(scheduler_.counters().pending, 0u);
}

TEST_F(DispatcherTest, AnActionMayMoveTheSource) {
  dispatcher_.start();
  add({.due = kStart + 1h, .action = [&](auto&) {
         ran_.push_back("mover");
         source_.advance(1h);
         source_.step_utc(-10min);
       }});
  add(note("later", kStart + 2h));
  source_.advance(1h);
  EXPECT_THAT(ran_, ElementsAre("mover"));
  source_.advance(10min);
  EXPECT_THAT(ran_, ElementsAre("mover", "later"));
}

TEST_F(DispatcherTest, AnActionMayStopTheDispatcher) {
  dispatcher_.start();
  add({.due = kStart + 1h, .action = [&](auto&) {
         ran_.push_back("stopper");
         dispatcher_.stop();
       }});
  add(note("after", kStart + 1h));
  source_.advance(1h);
  EXPECT_FALSE(dispatcher_.running());
  dispatcher_.stop();  // joins the thread
  EXPECT_THAT(ran_, ElementsAre("stopper"));
  dispatcher_.start();
  source_.advance(1ns);
  EXPECT_THAT(ran_, ElementsAre("stopper", "after"));
}

// The thread cannot join itself.
TEST_F(DispatcherTest, AnActionCannotRestartTheDispatcher) {
  std::error_code refused;
  dispatcher_.start();
  add({.due = kStart + 1h, .action = [&](auto&) {
         dispatcher_.stop();
         try {
           dispatcher_.start();
         } catch (const std::system_error& error) {
           refused = error.code();
         }
       }});
  add(note("after", kStart + 2h));
  source_.advance(1h);
  dispatcher_.stop();  // joins the thread
  EXPECT_EQ(refused, std::errc::resource_deadlock_would_occur);
  dispatcher_.start();
  source_.advance(1h);
  EXPECT_THAT(ran_, ElementsAre("after"));
}

TEST_F(DispatcherTest, SurvivesAnActionThatThrows) {
  dispatcher_.start();
  add({.due = kStart + 1h, .action = [](auto&) { throw 1; }});
  add(note("after", kStart + 1h));
  source_.advance(1h);
  EXPECT_THAT(ran_, ElementsAre("after"));
  EXPECT_EQ(scheduler_.counters().failed, 1u);
}

TEST_F(DispatcherTest, TheThreadAndThePolledTriggerGiveOneSequence) {
  struct Day {
    explicit Day(bool dispatched) : dispatcher(scheduler) {
      std::mt19937 random(7);
      for (int i = 0; i < 2'000; ++i) {
        const auto when = std::chrono::milliseconds(random() % 86'400'000);
        EventRequest request{.id = std::to_string(i), .action = [this](const FiredEvent& event) {
                               ran.push_back(event.id);
                             }};
        if (i % 3 == 0) {
          request.due = After{when};
        } else {
          request.due = kStart + when;
        }
        EXPECT_TRUE(scheduler.schedule(std::move(request)).ok());
      }
      if (dispatched) dispatcher.start();
      for (int minute = 0; minute < 24 * 60 + 60; ++minute) {
        const auto moved = [&] {
          if (!dispatched) scheduler.trigger();
        };
        source.advance(1min);
        moved();
        if (minute == 300) source.step_utc(-1h);
        moved();
        if (minute == 700) source.step_utc(30min);
        moved();
      }
      dispatcher.stop();
    }
    ManualTimeSource source{kStart};
    EventScheduler scheduler{source};
    std::vector<std::string> ran;
    Dispatcher dispatcher;
  };
  const Day polled(false), dispatched(true);
  EXPECT_EQ(polled.ran.size(), 2'000u - polled.scheduler.counters().pending);
  EXPECT_EQ(polled.ran, dispatched.ran);
}

TEST_F(DispatcherTest, ASimulatedDayRunsAtOnce) {
  dispatcher_.start();
  for (int i = 1; i <= 24 * 60; ++i) add(note(std::to_string(i), kStart + i * 1min));
  EXPECT_EQ(simulate_until(source_, scheduler_, kStart + 24h), 24u * 60u);
  EXPECT_EQ(ran_.size(), 24u * 60u);
  EXPECT_EQ(scheduler_.counters().late, 0u);
  EXPECT_EQ(source_.now_utc(), kStart + 24h);
}

TEST_F(DispatcherTest, ASpinningDispatcherDoesNotSpinOnSimulatedTime) {
  Dispatcher spinning(scheduler_, {.spin = 1h});
  spinning.start();
  add(note("a", kStart + 1min));
  source_.advance(59s);
  EXPECT_THAT(ran_, IsEmpty());
  source_.advance(1s);
  EXPECT_THAT(ran_, ElementsAre("a"));
}

// An option outside its range is clamped: nothing overflows, and the dispatcher sleeps.
TEST_F(DispatcherTest, TakesAnyMaxWait) {
  using std::chrono::nanoseconds;
  for (const nanoseconds max_wait : {nanoseconds::min(), nanoseconds(-1), nanoseconds(0),
                                     nanoseconds(500'000), nanoseconds::max()}) {
    const UtcTime due = source_.now_utc() + 1h;
    add(note("a", due));
    Dispatcher dispatcher(scheduler_, {.max_wait = max_wait});
    dispatcher.start();
    source_.advance(1h - 1ns);
    EXPECT_THAT(ran_, IsEmpty());
    source_.advance(1ns);
    EXPECT_THAT(ran_, ElementsAre("a"));
    ran_.clear();
  }
}

// A clock that advances by a millisecond at each reading. A thread that reads it repeatedly reaches any
// instant soon; a thread that sleeps an hour of it sleeps an hour.
class ReadingsPass final : public TimeSource {
 public:
  UtcTime now_utc() const noexcept override { return UtcTime(passed_.fetch_add(1) * 1ms); }
  SteadyTime now_steady() const noexcept override { return SteadyTime(passed_.fetch_add(1) * 1ms); }

 private:
  mutable std::atomic<std::int64_t> passed_ = 0;
};

TEST(DispatcherSpin, WatchesTheClockForTheStretchThatItIsGiven) {
  ReadingsPass source;
  EventScheduler scheduler(source);
  Dispatcher dispatcher(scheduler, {.max_wait = 1h, .spin = 2h});
  std::promise<FiredEvent> fired;
  ASSERT_TRUE(
      scheduler
          .schedule({.due = UtcTime(1h), .action = [&](auto& event) { fired.set_value(event); }})
          .ok());
  dispatcher.start();
  const FiredEvent event = fired.get_future().get();
  EXPECT_GE(event.fired, event.due);
  EXPECT_LT(event.lateness, 1s);
}

// --- real time ---------------------------------------------------------------------------------

TEST(RealDispatcher, FiresOnTheMachinesClockAndNeverEarly) {
  EventScheduler scheduler(SystemTimeSource::shared());
  Dispatcher dispatcher(scheduler);
  dispatcher.start();
  std::promise<FiredEvent> utc, steady;
  const UtcTime due = SystemTimeSource::shared().now_utc() + 20ms;
  const SteadyTime begun = SystemTimeSource::shared().now_steady();
  ASSERT_TRUE(
      scheduler
          .schedule({.due = due, .action = [&](const FiredEvent& event) { utc.set_value(event); }})
          .ok());
  // Earlier than the event that the dispatcher waits for.
  ASSERT_TRUE(scheduler
                  .schedule({.due = After{5ms},
                             .action = [&](const FiredEvent& event) { steady.set_value(event); }})
                  .ok());
  EXPECT_GE(steady.get_future().get().lateness, 0ns);
  EXPECT_GE(SystemTimeSource::shared().now_steady() - begun, 5ms);
  const FiredEvent fired = utc.get_future().get();
  EXPECT_GE(fired.fired, due);
  EXPECT_EQ(fired.due, due);
}

TEST(RealDispatcher, FiresNothingEarlyWhenItSpins) {
  SystemTimeSource& source = SystemTimeSource::shared();
  EventScheduler scheduler(source);
  Dispatcher dispatcher(scheduler, {.spin = 300us});
  dispatcher.start();
  for (int i = 0; i < 20; ++i) {
    std::promise<FiredEvent> fired;
    const UtcTime due = source.now_utc() + 1ms;
    ASSERT_TRUE(
        scheduler.schedule({.due = due, .action = [&](const FiredEvent& e) { fired.set_value(e); }})
            .ok());
    EXPECT_GE(fired.get_future().get().fired, due);
  }
}

// stop() wakes the thread. The bound is generous because the machine may be busy; a dispatcher that slept
// until its event would take a minute.
TEST(RealDispatcher, StopsWithoutSleepingItsWaitOut) {
  EventScheduler scheduler(SystemTimeSource::shared());
  ASSERT_TRUE(scheduler.schedule({.due = After{1h}}).ok());
  const SteadyTime begun = SystemTimeSource::shared().now_steady();
  for (int i = 0; i < 20; ++i) {
    Dispatcher dispatcher(scheduler, {.max_wait = 1min});
    dispatcher.start();
    dispatcher.stop();
  }
  EXPECT_LT(SystemTimeSource::shared().now_steady() - begun, 30s);
  EXPECT_EQ(scheduler.counters().pending, 1u);
}

// After a stop at any moment each event has fired once or is pending.
TEST(RealDispatcher, StopLosesNothing) {
  constexpr int kEvents = 400;
  SystemTimeSource& source = SystemTimeSource::shared();
  for (const std::chrono::nanoseconds spin : {0us, 100us}) {
    EventScheduler scheduler(source);
    Dispatcher dispatcher(scheduler, {.spin = spin});
    std::vector<std::atomic<int>> fired(kEvents);
    std::atomic<std::uint64_t> all = 0;
    for (std::size_t i = 0; i < kEvents; ++i) {
      ASSERT_TRUE(scheduler
                      .schedule({.due = After{i * 20us},
                                 .action =
                                     [&, i](auto&) {
                                       ++fired[i];
                                       ++all;
                                     }})
                      .ok());
    }
    while (scheduler.counters().pending > 0) {
      const std::uint64_t before = all;
      dispatcher.start();
      while (all == before) std::this_thread::yield();
      dispatcher.stop();
      EXPECT_EQ(all + scheduler.counters().pending, static_cast<std::uint64_t>(kEvents));
    }
    for (std::size_t i = 0; i < kEvents; ++i) EXPECT_EQ(fired[i], 1) << i;
  }
}

}  // namespace
}  // namespace masterclock::dispatcher_test
