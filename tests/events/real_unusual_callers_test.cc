// Actions that end their thread or the program, and children of a program with threads.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "masterclock/events/dispatcher.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/frames/frame_pacer.h"
#include "masterclock/sync/sync_thread.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::real_unusual_callers_test {
namespace {

using namespace std::chrono_literals;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};

void exit_thread(const FiredEvent&) { ::pthread_exit(nullptr); }

TEST(RealUnusualCallers, AnActionThatEndsItsThreadHasFired) {
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  int others = 0;
  const auto count = [&](const FiredEvent&) { ++others; };
  ASSERT_TRUE(scheduler.schedule({.id = "once", .due = kStart, .action = exit_thread}).ok());
  ASSERT_TRUE(
      scheduler.schedule({.id = "every", .due = kStart, .repeat = Every{1s}, .action = exit_thread})
          .ok());
  ASSERT_TRUE(scheduler.schedule({.due = kStart, .action = count}).ok());
  for (const std::uint64_t fired : {1u, 2u}) {
    std::thread([&] {
      scheduler.run_due();
      ADD_FAILURE() << "the thread has ended";
    }).join();
    EXPECT_EQ(scheduler.counters().fired, fired);
    EXPECT_EQ(others, 0);
  }
  EXPECT_EQ(scheduler.run_due(), 1u);
  EXPECT_EQ(others, 1);

  EXPECT_FALSE(scheduler.cancel("once"));
  EXPECT_EQ(scheduler.next_due(), kStart + 1s);
  EXPECT_TRUE(scheduler.cancel("every"));
  const EventCounters counters = scheduler.counters();
  EXPECT_EQ(counters.pending, 0u);
  EXPECT_EQ(counters.failed, 0u);
  EXPECT_EQ(counters.scheduled + counters.repeated,
            counters.fired + counters.dropped + counters.cancelled + counters.pending);
  // The slots of both events are free and whole.
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(scheduler.schedule(source.now_utc(), count).ok());
  }
  EXPECT_EQ(scheduler.run_due(), 1'000u);
}

TEST(RealUnusualCallers, AnActionThatEndsTheDispatchersThreadEndsTheDispatcher) {
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  Dispatcher dispatcher(scheduler);
  dispatcher.start();
  int fired = 0;
  ASSERT_TRUE(scheduler.schedule(kStart + 1s, exit_thread).ok());
  ASSERT_TRUE(scheduler.schedule(kStart + 2s, [&](const FiredEvent&) { ++fired; }).ok());
  source.advance(1s);  // returns, although no thread fires any more
  EXPECT_FALSE(dispatcher.running());
  source.advance(1s);
  EXPECT_EQ(fired, 0);
  dispatcher.start();
  source.advance(1s);
  EXPECT_EQ(fired, 1);
}

// Each program is a separate process. alarm() ends a process that waits forever. In a child of fork() the
// LeakSanitizer reports the memory of threads that only the parent has, so the programs run without it.
class RealUnusualPrograms : public ::testing::Test {
 protected:
  RealUnusualPrograms() {
    ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
    ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
  }
};

TEST_F(RealUnusualPrograms, AnActionExitsUnderAStaticDispatcher) {
  const auto program = [] {
    ::alarm(30);
    static ManualTimeSource source(kStart);
    static EventScheduler scheduler(source);
    static Dispatcher dispatcher(scheduler);
    dispatcher.start();
    (void)scheduler.schedule(kStart + 1s, [](const FiredEvent&) { std::exit(7); });
    source.advance(1s);
    for (;;) ::pause();
  };
  EXPECT_EXIT(program(), ::testing::ExitedWithCode(7), "");
}

TEST_F(RealUnusualPrograms, AnActionExitsUnderAStaticDispatcherOfTheSystemsTime) {
  const auto program = [] {
    ::alarm(30);
    static EventScheduler scheduler(SystemTimeSource::shared());
    static Dispatcher dispatcher(scheduler);
    static std::atomic<bool> scheduled = false;  // this thread has left the scheduler
    dispatcher.start();
    (void)scheduler.schedule({.due = After{}, .action = [](const FiredEvent&) {
                                scheduled.wait(false);
                                std::exit(7);
                              }});
    scheduled = true;
    scheduled.notify_all();
    for (;;) ::pause();
  };
  EXPECT_EXIT(program(), ::testing::ExitedWithCode(7), "");
}

TEST_F(RealUnusualPrograms, APollExitsUnderAStaticSyncThread) {
  const auto program = [] {
    ::alarm(30);
    static std::atomic<bool> started = false;
    static SyncThread polling(
        [] {
          if (started) std::exit(7);
        },
        {.interval = 1ms});
    polling.start();
    started = true;
    for (;;) ::pause();
  };
  EXPECT_EXIT(program(), ::testing::ExitedWithCode(7), "");
}

// Runs `child` in a child of this process, and returns its exit status. alarm() ends a child that waits.
int in_child(const std::function<void()>& child) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(30);
    child();
    ::_exit(0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

TEST(RealFork, TheChildOfAProgramWithADispatcherMayDestroyIt) {
  std::atomic<int> fired = 0;
  EventScheduler scheduler(SystemTimeSource::shared());
  auto dispatcher = std::make_unique<Dispatcher>(scheduler);
  dispatcher->start();
  const auto count = [&](const FiredEvent&) { ++fired; };
  ASSERT_TRUE(scheduler.schedule({.due = After{}, .repeat = Every{20us}, .action = count}).ok());
  std::atomic<bool> done = false;
  std::thread busy([&] {  // takes the locks of both at any moment
    while (!done) {
      (void)scheduler.schedule({.due = After{}, .action = count});
      (void)dispatcher->running();
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(in_child([&] {
                if (dispatcher->running()) ::_exit(1);
                if (i % 2 == 0) dispatcher->stop();
                dispatcher.reset();
              }),
              0);
  }
  done = true;
  busy.join();
  EXPECT_TRUE(dispatcher->running()) << "the parent goes on";
  const int before = fired;
  while (fired == before) std::this_thread::yield();
}

TEST_F(RealUnusualPrograms, AChildExitsUnderAStaticDispatcher) {
  const auto program = [] {
    static EventScheduler scheduler(SystemTimeSource::shared());
    static Dispatcher dispatcher(scheduler);
    dispatcher.start();
    std::_Exit(in_child([] { std::exit(5); }) == 5 << 8 ? 7 : 1);
  };
  EXPECT_EXIT(program(), ::testing::ExitedWithCode(7), "");
}

TEST(RealFork, TheChildMayDestroyTheOtherPartsThatWait) {
  ManualTimeSource manual(kStart);
  auto polling = std::make_unique<SyncThread>([] {}, SyncThreadOptions{.interval = 1ms});
  polling->start();
  auto source = std::make_unique<SystemTimeSource>();
  TimeSubscription subscription = source->subscribe([](const TimeChange&) {});
  auto pacer = std::make_unique<FramePacer>(manual, k25, manual.now_steady());
  std::thread pacing([&] {
    while (pacer->wait().outcome != PacedFrame::Outcome::kStopped) {
    }
  });
  manual.advance(40ms);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(in_child([&] {
                if (polling->running()) ::_exit(1);
                polling.reset();
                subscription.reset();
                source.reset();
                pacer.reset();
              }),
              0);
  }
  EXPECT_TRUE(polling->running());
  pacer->stop();
  pacing.join();
}

}  // namespace
}  // namespace masterclock::real_unusual_callers_test
