// Runs the scheduler on several threads, for ThreadSanitizer.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "masterclock/events/dispatcher.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::real_threads_test {
namespace {

using namespace std::chrono_literals;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};

// Producers, cancellers, a rescheduler, a reader, two triggers, a dispatcher and two threads that move
// the clock. Each event ends once: it fires, or one cancel succeeds.
TEST(RealThreads, EveryEventIsFiredOnceOrCancelledOnce) {
  constexpr int kProducers = 2, kEach = 2'000;
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  Dispatcher dispatcher(scheduler);
  dispatcher.start();

  std::vector<std::atomic<int>> fired(kProducers * kEach);
  std::vector<std::atomic<int>> cancelled(kProducers * kEach);
  std::mutex mutex;
  std::vector<std::pair<EventHandle, std::size_t>> handles;  // guarded by mutex
  std::atomic<int> producing = kProducers;

  const auto produce = [&](int producer) {
    std::mt19937 random(static_cast<unsigned>(producer));
    for (int i = 0; i < kEach; ++i) {
      const auto number = static_cast<std::size_t>(producer * kEach + i);
      const std::chrono::milliseconds ahead(random() % 2'000);
      EventRequest request{.id = random() % 2 == 0 ? "n" + std::to_string(number) : ""};
      if (random() % 2 == 0) {
        request.due = source.now_utc() + ahead;
      } else {
        request.due = After{ahead};
      }
      request.action = [&, number, throws = random() % 16 == 0](const FiredEvent& event) {
        ++fired[number];
        EXPECT_GE(event.lateness, 0ns);
        if (throws) throw std::to_string(number);
      };
      const auto handle = scheduler.schedule(std::move(request));
      ASSERT_TRUE(handle.ok());
      const std::lock_guard lock(mutex);
      handles.emplace_back(*handle, number);
    }
    --producing;
  };
  const auto with_some_handle = [&](std::mt19937& random, auto&& use) {
    std::pair<EventHandle, std::size_t> some;
    {
      const std::lock_guard lock(mutex);
      if (handles.empty()) return;
      some = handles[random() % handles.size()];
    }
    use(some.first, some.second);
  };
  const auto cancel = [&](unsigned seed) {
    std::mt19937 random(seed);
    while (producing > 0) {
      with_some_handle(random, [&](EventHandle handle, std::size_t number) {
        const bool by_name = random() % 4 == 0;
        if (by_name ? scheduler.cancel("n" + std::to_string(number)) : scheduler.cancel(handle)) {
          ++cancelled[number];
        }
      });
    }
  };
  const auto reschedule = [&] {
    std::mt19937 random(99);
    while (producing > 0) {
      with_some_handle(random, [&](EventHandle handle, std::size_t) {
        (void)scheduler.reschedule(handle,
                                   source.now_utc() + std::chrono::milliseconds(random() % 500));
      });
    }
  };
  const auto read = [&] {
    while (producing > 0) {
      UtcTime last = UtcTime::min();
      for (const ScheduledEvent& event : scheduler.pending(kStart, kStart + 24h)) {
        EXPECT_GE(event.due, last);
        last = event.due;
      }
      const EventCounters c = scheduler.counters();
      EXPECT_EQ(c.scheduled, c.fired + c.cancelled + c.pending);
      (void)scheduler.next_due();
    }
  };
  const auto trigger = [&] {
    while (producing > 0) scheduler.trigger();
  };
  const auto move = [&] {
    std::mt19937 random(5);
    while (producing > 0) {
      source.advance(std::chrono::milliseconds(random() % 20));
      if (random() % 50 == 0) source.step_utc(-100ms);
    }
  };

  std::vector<std::thread> threads;
  for (int producer = 0; producer < kProducers; ++producer) threads.emplace_back(produce, producer);
  threads.emplace_back(cancel, 11u);
  threads.emplace_back(cancel, 12u);
  threads.emplace_back(reschedule);
  threads.emplace_back(read);
  threads.emplace_back(trigger);
  threads.emplace_back(trigger);
  threads.emplace_back(move);
  threads.emplace_back(move);
  for (std::thread& thread : threads) thread.join();
  source.advance(24h);  // the dispatcher fires the rest
  dispatcher.stop();

  for (std::size_t number = 0; number < fired.size(); ++number) {
    ASSERT_EQ(fired[number] + cancelled[number], 1) << number;
  }
  const EventCounters c = scheduler.counters();
  EXPECT_EQ(c.scheduled, static_cast<std::uint64_t>(kProducers * kEach));
  EXPECT_EQ(c.pending, 0u);
  EXPECT_EQ(c.fired + c.cancelled, c.scheduled);
}

// Four producers and a trigger: no event is lost or fires twice, and a cancelled event does not fire. The
// events of one producer for one instant fire in the order of scheduling.
TEST(RealThreads, ACrowdLosesNothingAndKeepsItsOrder) {
  constexpr int kProducers = 4, kEach = 20'000;
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  std::vector<std::vector<int>> fired(kProducers);
  std::atomic<int> fired_count = 0, cancelled_count = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([&, producer] {
      for (int i = 0; i < kEach; ++i) {
        const auto handle =
            scheduler.schedule({.due = kStart, .action = [&, producer, i](auto&) {
                                  fired[static_cast<std::size_t>(producer)].push_back(i);
                                  ++fired_count;
                                }});
        if (!handle.ok()) ++wrong;
        if (i % 50 == 0 && scheduler.cancel(*handle)) {
          ++cancelled_count;
          if (scheduler.cancel(*handle)) ++wrong;
        }
        if (i % 500 == 0 && !scheduler.schedule({.due = After{24h}}).ok()) ++wrong;
        if (i % 700 == 0) (void)scheduler.until_next();
      }
    });
  }
  while (fired_count + cancelled_count < kProducers * kEach) scheduler.run_due();
  for (std::thread& thread : threads) thread.join();
  scheduler.run_due();

  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(fired_count + cancelled_count, kProducers * kEach);
  for (const std::vector<int>& of_one : fired) {
    EXPECT_TRUE(std::is_sorted(of_one.begin(), of_one.end()));
  }
  const EventCounters c = scheduler.counters();
  constexpr std::uint64_t kLater = kProducers * (kEach / 500);
  EXPECT_EQ(c.pending, kLater);
  EXPECT_EQ(c.scheduled, kProducers * kEach + kLater);
  EXPECT_EQ(c.fired + c.cancelled + c.pending, c.scheduled);
}

// `max_pending` holds also under load.
// Events without texts, on the UTC timeline alone, fire in runs. Other threads cancel and count meanwhile.
TEST(RealThreads, ARunOfEventsFiresOrIsCancelled) {
  constexpr std::size_t kMany = 2'000;
  for (unsigned round = 0; round < 20; ++round) {
    ManualTimeSource source(kStart);
    EventScheduler scheduler(source);
    std::vector<int> fired(kMany), cancelled(kMany);
    std::vector<EventHandle> handles;
    for (std::size_t i = 0; i < kMany; ++i) {
      const auto handle = scheduler.schedule(kStart, [&fired, i](auto&) { ++fired[i]; });
      ASSERT_TRUE(handle.ok());
      handles.push_back(*handle);
    }
    std::atomic<int> waiting = 3;
    const auto start_together = [&] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
    };
    std::thread cancel([&] {
      std::mt19937 random(round);
      start_together();
      for (std::size_t i = 0; i < kMany / 4; ++i) {
        const std::size_t which = random() % kMany;
        cancelled[which] += scheduler.cancel(handles[which]) ? 1 : 0;
      }
    });
    std::thread count([&] {
      start_together();
      for (std::uint64_t last = 0, pending = 1; pending > 0;) {
        const EventCounters c = scheduler.counters();
        EXPECT_EQ(c.scheduled, c.fired + c.cancelled + c.pending);
        EXPECT_GE(c.fired, last);
        last = c.fired;
        pending = c.pending;
      }
    });
    start_together();
    std::size_t triggered = 0;
    while (scheduler.counters().pending > 0) triggered += scheduler.run_due();
    cancel.join();
    count.join();
    EXPECT_EQ(triggered, scheduler.counters().fired);
    for (std::size_t i = 0; i < kMany; ++i) ASSERT_EQ(fired[i] + cancelled[i], 1) << i;
  }
}

TEST(RealThreads, ACrowdFindsNoMoreRoomThanThereIs) {
  constexpr int kProducers = 4, kEach = 5'000;
  constexpr std::size_t kRoom = 1'000;
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source, {.max_pending = kRoom});
  std::atomic<int> taken = 0, running = kProducers;
  std::vector<std::thread> threads;
  for (int producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) taken += scheduler.schedule({.due = kStart}).ok() ? 1 : 0;
      --running;
    });
  }
  std::size_t fired = 0;
  while (running > 0) {
    EXPECT_LE(scheduler.counters().pending, kRoom);
    fired += scheduler.run_due();
  }
  for (std::thread& thread : threads) thread.join();
  fired += scheduler.run_due();
  EXPECT_EQ(fired, static_cast<std::size_t>(taken));
}

TEST(RealThreads, ADispatcherStartsAndStopsWhileTheSourceMoves) {
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(
        scheduler.schedule({.due = kStart + i * 1ms, .action = [&](auto&) { ++ran; }}).ok());
  }
  std::atomic<bool> moving = true;
  std::thread mover([&] {
    while (moving) source.advance(10us);
  });
  for (int i = 0; i < 100; ++i) {
    Dispatcher dispatcher(scheduler);
    dispatcher.start();
    source.advance(1ms);
    if (i % 2 == 0) dispatcher.stop();
  }
  moving = false;
  mover.join();
  source.advance(1s);
  scheduler.trigger();
  EXPECT_EQ(ran, 500);
}

}  // namespace
}  // namespace masterclock::real_threads_test
