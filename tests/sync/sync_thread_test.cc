#include "masterclock/sync/sync_thread.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "masterclock/master_clock.h"
#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::sync_thread_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

class SyncThreadTest : public ::testing::Test {
 protected:
  testing::ManualTimeSource machine_{kNoon};
  SimulatedSyncProvider provider_;
};

static_assert(PolledClock<DisciplinedTimeSource> && PolledClock<BoundedClock> &&
              PolledClock<MasterClock> && !PolledClock<SimulatedSyncProvider>);

TEST_F(SyncThreadTest, PollsAtStartAndThenEverySecond) {
  DisciplinedTimeSource source(machine_, provider_);
  SyncThread polling(source);
  EXPECT_FALSE(polling.running());
  machine_.advance(1h);
  EXPECT_EQ(provider_.asked(), 0u) << "before start";
  polling.start();
  EXPECT_TRUE(polling.running());
  EXPECT_EQ(provider_.asked(), 1u) << "at once";
  polling.start();
  EXPECT_EQ(provider_.asked(), 1u) << "it runs already";
  for (unsigned i = 1; i <= 10; ++i) {
    machine_.advance(999ms);
    EXPECT_EQ(provider_.asked(), i);
    machine_.advance(1ms);
    EXPECT_EQ(provider_.asked(), i + 1);
  }
  machine_.advance(1h);
  EXPECT_EQ(provider_.asked(), 12u) << "one movement, one poll";
  EXPECT_EQ(polling.polls(), 12u);
  polling.stop();
  EXPECT_FALSE(polling.running());
  machine_.advance(1h);
  EXPECT_EQ(provider_.asked(), 12u) << "after stop";
  polling.start();
  EXPECT_EQ(provider_.asked(), 13u) << "and on again";
}

TEST_F(SyncThreadTest, PollsEachKindOfClock) {
  provider_.set({.state = SyncState::kSynchronized, .error_bound = 1h});
  BoundedClock bounded(machine_, &provider_);
  MasterClock clock(machine_, {.sync = &provider_});
  int calls = 0;
  const auto count = [&] { ++calls; };
  SyncThread threads[] = {SyncThread(bounded), SyncThread(clock, {.interval = 5s}),
                          SyncThread(count, {.interval = 10s}, machine_)};
  for (SyncThread& thread : threads) thread.start();
  EXPECT_EQ(bounded.now_bounded().state, SyncState::kSynchronized);
  EXPECT_EQ(clock.now_bounded().state, SyncState::kSynchronized);
  for (int i = 0; i < 10; ++i) machine_.advance(1s);
  EXPECT_EQ(threads[0].polls(), 11u);
  EXPECT_EQ(threads[1].polls(), 3u);
  EXPECT_EQ(threads[2].polls(), 2u);
  EXPECT_EQ(calls, 2);
}

TEST_F(SyncThreadTest, CountsAnExceptionAndGoesOn) {
  bool fails = true;
  SyncThread polling(
      [&] {
        if (fails) throw std::runtime_error("no daemon");
      },
      {}, machine_);
  polling.start();
  machine_.advance(1s);
  EXPECT_EQ(polling.failures(), 2u);
  fails = false;
  machine_.advance(1s);
  EXPECT_EQ(polling.failures(), 2u);
  EXPECT_EQ(polling.polls(), 3u);
}

TEST_F(SyncThreadTest, ClampsItsInterval) {
  SyncThread polling([] {}, {.interval = -1s}, machine_);
  polling.start();
  machine_.advance(1ms - 1ns);
  EXPECT_EQ(polling.polls(), 1u);
  machine_.advance(1ns);
  EXPECT_EQ(polling.polls(), 2u);
}

// A poll that corrects by a step announces the step, and its listener may move the time or stop.
TEST_F(SyncThreadTest, APollMayMoveTheTimeAndMayStop) {
  DisciplinedTimeSource source(machine_, provider_);
  SyncThread polling(source);
  polling.start();
  int steps = 0;
  const auto listening = source.subscribe([&](const TimeChange& change) {
    if (change.kind == TimeChange::Kind::kAdvance) return;
    ++steps;
    machine_.advance(10s);
    polling.stop();
  });
  provider_.set({.state = SyncState::kSynchronized,
                 .error_bound = 1s,
                 .as_of = machine_.now_steady() + 1s,
                 .correction = 10s});
  machine_.advance(1s);
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(polling.polls(), 2u);
  EXPECT_FALSE(polling.running());
}

TEST(RealSyncThread, PollsInRealTimeUntilItIsStopped) {
  std::atomic<int> calls = 0;
  SyncThread polling([&] { ++calls; }, {.interval = 1ms});
  polling.start();
  while (calls < 5) std::this_thread::yield();
  polling.stop();
  const int stopped = calls;
  std::this_thread::yield();
  EXPECT_EQ(calls, stopped);
  SyncThread* self = nullptr;
  std::atomic<bool> ended = false;
  SyncThread ends_itself(
      [&] {
        if (++calls < stopped + 3) return;
        self->stop();
        ended = true;
      },
      {.interval = 1ms});
  self = &ends_itself;
  ends_itself.start();
  while (!ended) std::this_thread::yield();
  EXPECT_FALSE(ends_itself.running());
}

}  // namespace
}  // namespace masterclock::sync_thread_test
