// Makes each allocation of each operation fail in turn. A twin scheduler whose allocations succeed gives
// the expected state.
//
// The file replaces operator new, so it is a separate program.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "masterclock/events/dispatcher.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::out_of_memory_test {
namespace {

// While `left` is positive, each allocation reduces it; the one that reaches zero fails, and with
// `stays` all that follow.
std::atomic<long> left = 0;
std::atomic<bool> stays = false;
thread_local bool spared = false;  // this thread has memory

bool fails() noexcept {
  if (left.load(std::memory_order_relaxed) == 0 || spared) return false;
  if (left == 1) return stays || left.exchange(0) == 1;
  --left;
  return false;
}

void* allocate(std::size_t size, std::size_t alignment) {
  if (fails()) throw std::bad_alloc();
  size = std::max<std::size_t>((size + alignment - 1) / alignment * alignment, alignment);
  void* const memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace
}  // namespace masterclock::out_of_memory_test

namespace oom = masterclock::out_of_memory_test;

void* operator new(std::size_t size) { return oom::allocate(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return oom::allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return oom::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return oom::allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace masterclock::out_of_memory_test {
namespace {

using namespace std::chrono_literals;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};

using Fired = std::tuple<std::string, UtcTime, std::int64_t>;
using Due = std::pair<std::string, UtcTime>;

std::vector<Due> list(const EventScheduler& scheduler) {
  std::vector<Due> all;
  for (const ScheduledEvent& event : scheduler.pending(UtcTime::min(), UtcTime::max())) {
    all.emplace_back(event.id, event.due);
  }
  return all;
}

auto values(const EventCounters& c) {
  return std::tuple(c.scheduled, c.repeated, c.fired, c.dropped, c.cancelled, c.late, c.failed,
                    c.skipped, c.pending);
}

class TwinTest : public ::testing::Test {
 protected:
  // Calls `operation` until it succeeds, with the first allocation failing, then the second, and so on.
  // After each failure the scheduler is as before.
  template <class Operation>
  auto insist(Operation operation) {
    const auto before = values(scheduler_.counters());
    // Not always: these questions sort the queue, and leave the operation less to do.
    const bool asks = below(4) == 0;
    const auto next = asks ? scheduler_.next_due() : std::nullopt;
    const auto pending = asks && few() ? list(scheduler_) : std::vector<Due>();
    for (long n = 1;; n += 1 + n / 24) {
      left = n;
      try {
        auto result = operation();
        left = 0;
        return result;
      } catch (const std::bad_alloc&) {
        left = 0;
      }
      ++failures_;
      EXPECT_EQ(values(scheduler_.counters()), before);
      if (asks) {
        EXPECT_EQ(scheduler_.next_due(), next);
      }
      if (asks && few()) {
        EXPECT_EQ(list(scheduler_), pending);
      }
    }
  }
  // The same for a trigger, which may fire some events before memory runs out.
  std::vector<Fired> insist_on_trigger() {
    std::vector<Fired> fired;
    for (long n = 1;; n += 1 + n / 24) {
      left = n;
      try {
        const std::vector<FiredEvent> some = scheduler_.trigger();
        const bool failed = left == 0;
        left = 0;
        for (const FiredEvent& event : some) fired.emplace_back(event.id, event.due, event.skipped);
        if (!failed) return fired;
        ++failures_;
      } catch (const std::bad_alloc&) {
        left = 0;
        ++failures_;
      }
    }
  }
  [[nodiscard]] bool few() const { return scheduler_.counters().pending < 100; }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  EventRequest request() {
    EventRequest request;
    if (below(2) == 0) request.id = "an id that is not short: " + std::to_string(below(40));
    if (below(4) == 0) request.payload = std::string(40, 'p');
    const auto ahead = std::chrono::milliseconds(below(400)) - 100ms;
    if (below(3) == 0) {
      request.due = After{std::max<std::chrono::nanoseconds>(ahead, 0ns)};
    } else {
      request.due = source_.now_utc() + ahead;
    }
    if (below(4) == 0) {
      request.repeat = Every{std::chrono::milliseconds(1 + below(80))};
      request.on_misfire = static_cast<OnMisfire>(below(3));
    }
    if (below(8) == 0) request.max_lateness = 20ms;
    request.on_duplicate = static_cast<OnDuplicate>(below(3));
    return request;
  }
  static EventRequest copy(const EventRequest& from) {
    EventRequest to;
    to.id = from.id;
    to.due = from.due;
    to.repeat = from.repeat;
    to.on_misfire = from.on_misfire;
    to.max_lateness = from.max_lateness;
    to.payload = from.payload;
    to.on_duplicate = from.on_duplicate;
    return to;
  }

  void one_step() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2: {
        const EventRequest wanted = request();
        const auto handle = insist([&] { return scheduler_.schedule(copy(wanted)); });
        const auto other = twin_.schedule(copy(wanted));
        ASSERT_EQ(handle.status().code(), other.status().code());
        if (handle.ok()) handles_.emplace_back(*handle, *other);
        return;
      }
      case 3: {
        std::vector<EventRequest> wanted;
        // At times more than the queue keeps unsorted.
        const std::uint64_t count = below(30) == 0 ? 1'500 : below(12);
        for (std::uint64_t i = 0; i < count; ++i) {
          wanted.push_back(request());
          if (count > 12) wanted.back() = EventRequest{.due = source_.now_utc() + i * 7'919us % 9s};
        }
        const auto copies = [&] {
          std::vector<EventRequest> all;
          for (const EventRequest& one : wanted) all.push_back(copy(one));
          return all;
        };
        const auto handles = insist([&] { return scheduler_.schedule_all(copies()); });
        const auto others = twin_.schedule_all(copies());
        ASSERT_EQ(handles.status().code(), others.status().code());
        for (std::size_t i = 0; handles.ok() && i < handles->size(); ++i) {
          handles_.emplace_back((*handles)[i], (*others)[i]);
        }
        return;
      }
      case 4:
      case 5: {
        if (handles_.empty()) return;
        const auto [handle, other] = handles_[below(handles_.size())];
        ASSERT_EQ(insist([&, h = handle] { return scheduler_.cancel(h); }), twin_.cancel(other));
        return;
      }
      case 6: {
        if (handles_.empty()) return;
        const auto [handle, other] = handles_[below(handles_.size())];
        const UtcTime due = source_.now_utc() + std::chrono::milliseconds(below(300));
        ASSERT_EQ(insist([&, h = handle] { return scheduler_.reschedule(h, due); }).code(),
                  twin_.reschedule(other, due).code());
        return;
      }
      case 7: {
        const UtcTime from = source_.now_utc() + std::chrono::milliseconds(below(300));
        const UtcTime until = from + std::chrono::milliseconds(below(20));
        ASSERT_EQ(insist([&] { return scheduler_.pending(from, until).size(); }),
                  twin_.pending(from, until).size());
        if (below(2) == 0) return;
        ASSERT_EQ(insist([&] { return scheduler_.cancel_between(from, until); }),
                  twin_.cancel_between(from, until));
        return;
      }
      case 8:
        ASSERT_EQ(insist([&] { return scheduler_.until_next(); }), twin_.until_next());
        return;
      case 9:
        if (below(20) == 0) source_.step_utc(std::chrono::milliseconds(below(200)) - 100ms);
        source_.advance(std::chrono::milliseconds(below(60)));
        return;
      default: {
        std::vector<Fired> expected;
        for (const FiredEvent& event : twin_.trigger()) {
          expected.emplace_back(event.id, event.due, event.skipped);
        }
        ASSERT_EQ(insist_on_trigger(), expected);
        return;
      }
    }
  }

  ManualTimeSource source_{kStart};
  std::size_t announced_ = 0;
  EventScheduler scheduler_{source_,
                            {.on_scheduled = [this](const ScheduledEvent&) { ++announced_; }}};
  EventScheduler twin_{source_};
  std::vector<std::pair<EventHandle, EventHandle>> handles_;
  std::mt19937_64 random_{1};
  std::size_t failures_ = 0;
};

TEST_F(TwinTest, EachOperationHappensWholeOrNotAtAll) {
#if defined(MASTERCLOCK_SANITIZED)
  constexpr int kSteps = 4'000;
#else
  constexpr int kSteps = 12'000;
#endif
  for (int step = 0; step < kSteps && !HasFatalFailure() && !HasNonfatalFailure(); ++step) {
    SCOPED_TRACE(step);
    one_step();
    EXPECT_EQ(values(scheduler_.counters()), values(twin_.counters()));
    if (step % (few() ? 10 : 100) == 0) {
      EXPECT_EQ(list(scheduler_), list(twin_));
    }
  }
  EXPECT_EQ(announced_, scheduler_.counters().scheduled);
  EXPECT_GT(failures_, 10'000u);
}

// The event's texts are copied each time it fires, which allocates.
EventRequest every_second(std::function<void()> action) {
  return {.id = "an id that is not short at all",
          .due = kStart + 1s,
          .repeat = Every{1s},
          .action = [action = std::move(action)](const FiredEvent&) { action(); }};
}

TEST(OutOfMemory, ARepeatingEventOutlivesATriggerThatFails) {
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  int ran = 0;
  ASSERT_TRUE(scheduler.schedule(every_second([&] { ++ran; })).ok());
  source.advance(1s);
  stays = true;
  left = 1;
  EXPECT_THROW(scheduler.run_due(), std::bad_alloc);
  EXPECT_THROW(scheduler.trigger(), std::bad_alloc);
  left = 0;
  stays = false;
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(scheduler.run_due(), 1u);
  source.advance(1s);
  EXPECT_EQ(scheduler.run_due(), 1u);
  EXPECT_EQ(ran, 2);
}

// Memory runs out while the action runs: its event returns all the same.
TEST(OutOfMemory, ARepeatingEventReturnsWithoutMemory) {
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  int ran = 0;
  ASSERT_TRUE(scheduler
                  .schedule(every_second([&] {
                    ++ran;
                    for (int i = 0; i < 3'000; ++i) {
                      (void)scheduler.schedule({.due = After{1h + i * 1s}});
                      (void)scheduler.schedule({.due = kStart + 1h + i * 1s});
                    }
                    stays = true;
                    left = 1;
                  }))
                  .ok());
  for (int second = 1; second <= 5; ++second) {
    source.advance(1s);
    EXPECT_EQ(scheduler.run_due(), 1u);
    left = 0;
    stays = false;
    EXPECT_EQ(scheduler.until_next(), 1s);
  }
  EXPECT_EQ(ran, 5);
}

// Schedules while the `n`th allocation fails; with 0, none. Returns whether the event is pending.
bool schedules(EventScheduler& scheduler, const DueTime& due, long n) {
  left = n;
  try {
    const bool ok = scheduler.schedule({.due = due}).ok();
    left = 0;
    return ok;
  } catch (const std::bad_alloc&) {
    left = 0;
    return false;
  }
}

// A queue allocates its first room in several steps.
TEST(OutOfMemory, TheFirstEventOfAQueueMayFailTwice) {
  for (const DueTime& due : {DueTime(kStart + 1s), DueTime(After{1s})}) {
    int failures = 0;
    bool begun = false;
    for (long first = 1; !begun; ++first) {
      bool again = false;
      for (long second = 1; !again; ++second) {
        ManualTimeSource source(kStart);
        EventScheduler scheduler(source);
        begun = schedules(scheduler, due, first);
        again = schedules(scheduler, due, second);
        EXPECT_TRUE(schedules(scheduler, due, 0));
        source.advance(1s);
        EXPECT_EQ(scheduler.run_due(), 1u + (begun ? 1u : 0u) + (again ? 1u : 0u))
            << first << ", " << second;
        failures += (begun ? 0 : 1) + (again ? 0 : 1);
      }
    }
    EXPECT_GE(failures, 4);
  }
}

TEST(OutOfMemory, ADispatcherSurvivesAndReports) {
  ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  std::promise<void> reported, fired;
  std::atomic<int> errors = 0, ran = 0;
  Dispatcher dispatcher(scheduler, {.max_wait = 1ms, .on_error = [&](std::exception_ptr error) {
                                      EXPECT_NE(error, nullptr);
                                      if (++errors == 1) reported.set_value();
                                    }});
  ASSERT_TRUE(scheduler
                  .schedule(every_second([&] {
                    if (++ran == 1) fired.set_value();
                  }))
                  .ok());
  dispatcher.start();
  spared = true;
  stays = true;
  left = 1;
  source.step_utc(1s);
  reported.get_future().wait();
  EXPECT_EQ(ran, 0);
  left = 0;
  stays = false;
  fired.get_future().wait();
  dispatcher.stop();
  EXPECT_EQ(ran, 1);
  EXPECT_GE(errors, 1);
}

}  // namespace
}  // namespace masterclock::out_of_memory_test
