// DisciplinedTimeSource on the machine's clock, with real threads and real steps.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../faked_clock.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::real_discipline_test {
namespace {

using namespace std::chrono;

// Two threads correct and two threads read. A reading that begins after another one has ended is not less,
// and each step is announced after it was made.
TEST(RealDiscipline, IsOneLineOfTimeForAllThreads) {
  constexpr int kCorrections = 20'000;
  SystemTimeSource& machine = SystemTimeSource::shared();
  SimulatedSyncProvider provider;
  DisciplinedTimeSource source(machine, provider, {.slew = drift_ppm(500'000)});
  std::atomic<int> steps = 0, early = 0;
  const auto listening = source.subscribe([&](const TimeChange& change) {
    early += change.size() > 0ns && source.now_utc() < change.to;
    ++steps;
    std::this_thread::yield();  // lets the other corrector run
  });
  const auto correct = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < kCorrections; ++i) {
      provider.set({.state = SyncState::kSynchronized,
                    .error_bound = 1h,
                    .as_of = machine.now_steady(),
                    .correction = microseconds(static_cast<int>(random() % 400'000) - 200'000)});
      source.refresh();
    }
  };
  std::atomic<bool> corrected = false;
  std::atomic<UtcTime> latest = UtcTime::min();
  std::atomic<int> decreased = 0;
  const auto read = [&] {
    do {
      UtcTime seen = latest;
      const UtcTime now = source.now_utc();
      decreased += now < seen;
      while (seen < now && !latest.compare_exchange_weak(seen, now)) {
      }
    } while (!corrected);
  };
  std::vector<std::thread> readers, correctors;
  for (const int i : {1, 2}) {
    readers.emplace_back(read);
    correctors.emplace_back(correct, i);
  }
  for (auto& thread : correctors) thread.join();
  corrected = true;
  for (auto& thread : readers) thread.join();
  EXPECT_EQ(decreased, 0);
  EXPECT_EQ(early, 0);
  EXPECT_GT(steps, 0);
}

// Knows true time, which is what the machine read first and the steady clock since: no step reaches it.
class Reference final : public SyncProvider {
 public:
  SyncReading read() override {
    const auto [utc, steady] = read_machine();
    return {.state = SyncState::kSynchronized,
            .error_bound = 1h,
            .as_of = steady,
            .correction =
                saturating_difference(saturating_add(begin_.first, steady - begin_.second), utc),
            .provenance = "reference"};
  }

 private:
  static std::pair<UtcTime, SteadyTime> read_machine() {
    const UtcTime utc = SystemTimeSource::shared().now_utc();
    return {utc, SystemTimeSource::shared().now_steady()};
  }
  const std::pair<UtcTime, SteadyTime> begin_ = read_machine();
};

// A schedule has an event every millisecond, one in two hours of UTC, and one in two hours of steady time.
// Meanwhile the machine's clock is set an hour back, three forward and two back again.
class RealSteps : public ::testing::Test {
 protected:
  static constexpr int kEvents = 200;

  void run_through_them(const tests::FakedClock& clock, SyncProvider& provider,
                        bool follows_the_machine) {
    DisciplinedTimeSource source(SystemTimeSource::shared(), provider);
    source.refresh();
    EventScheduler scheduler(source);
    const UtcTime begin = source.now_utc();
    for (int i = 1; i <= kEvents; ++i) add(scheduler, {.due = begin + i * 1ms});
    add(scheduler, {.due = begin + 2h});
    add(scheduler, {.due = After{2h}});
    Dispatcher dispatcher(scheduler, {.max_wait = 20ms});
    dispatcher.start();
    std::atomic<bool> over = false;
    std::thread reader([&] {
      for (UtcTime last = begin; !over;) {
        const UtcTime now = source.now_utc();
        EXPECT_GE(now, last);
        last = now;
      }
    });
    for (const seconds offset : {-3'600s, 7'201s, 0s}) {
      const UtcTime before = source.now_utc();
      clock.set(offset);
      // A reading from before the step speaks of another clock. The second refresh is believed.
      for (int i = 0; i < 2; ++i) source.refresh();
      const nanoseconds set_by = SystemTimeSource::shared().now_utc() - begin;
      EXPECT_LT(abs(set_by - offset), 30min) << "libfaketime does not set the clock";
      EXPECT_GE(source.now_utc(), before);
      EXPECT_EQ(source.now_utc() >= begin + 2h, follows_the_machine && offset != -3'600s);
    }
    const int expected = kEvents + (follows_the_machine ? 1 : 0);
    for (std::unique_lock lock(mutex_); taken_ < expected;) fired_.wait(lock);
    dispatcher.stop();
    over = true;
    reader.join();
    EXPECT_EQ(taken_, expected);
    EXPECT_EQ(scheduler.counters().fired, static_cast<std::uint64_t>(expected));
    EXPECT_EQ(scheduler.counters().pending, follows_the_machine ? 1u : 2u) << "nothing is lost";
  }

 private:
  void add(EventScheduler& scheduler, EventRequest request) {
    request.action = [this](const FiredEvent& event) {
      const std::lock_guard lock(mutex_);
      EXPECT_GT(event.due, last_due_) << "repeated, or out of order";
      EXPECT_GE(event.lateness, 0ns);
      last_due_ = event.due;
      ++taken_;
      fired_.notify_one();
    };
    EXPECT_TRUE(scheduler.schedule(std::move(request)).ok());
  }

  std::mutex mutex_;  // guards what follows
  std::condition_variable fired_;
  UtcTime last_due_ = UtcTime::min();
  int taken_ = 0;
};

TEST_F(RealSteps, DoNotReachAClockWhoseProviderKnowsBetter) {
  const auto clock = tests::FakedClock::mine();
  if (!clock) {
    return tests::run_with_faked_clock("RealSteps.DoNotReachAClockWhoseProviderKnowsBetter");
  }
  Reference reference;
  run_through_them(*clock, reference, false);
}

TEST_F(RealSteps, AreFollowedForwardAndHeldBackwardWithoutABound) {
  const auto clock = tests::FakedClock::mine();
  if (!clock) {
    return tests::run_with_faked_clock("RealSteps.AreFollowedForwardAndHeldBackwardWithoutABound");
  }
  SimulatedSyncProvider silent;
  run_through_them(*clock, silent, true);
}

}  // namespace
}  // namespace masterclock::real_discipline_test
