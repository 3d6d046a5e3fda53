// Makes each allocation of an operation fail in turn. After each failure nothing has changed.
//
// The file replaces operator new, so it is a separate program.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/timers/clock_board.h"
#include "masterclock/timers/clock_log.h"
#include "masterclock/timers/clock_presets.h"
#include "masterclock/timers/interval_schedule.h"

namespace masterclock::timers_out_of_memory_test {
namespace {

long left = 0;  // the allocation that makes it zero fails; zero: none fails

void* allocate(std::size_t size) {
  if (left > 0 && --left == 0) throw std::bad_alloc();
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace
}  // namespace masterclock::timers_out_of_memory_test

void* operator new(std::size_t size) {
  return masterclock::timers_out_of_memory_test::allocate(size);
}
void* operator new[](std::size_t size) {
  return masterclock::timers_out_of_memory_test::allocate(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace masterclock::timers_out_of_memory_test {
namespace {

using namespace std::chrono_literals;

const ClockKey kGame{"the game clock of the first hall", 1}, kPlay{"play", 1};

// Calls `operation` until it succeeds: its first allocation fails, then its second, and so on. Calls
// `check` after each failure. Returns the number of failures.
template <class Operation, class Check>
int insist(Operation operation, Check check) {
  for (int n = 1;; ++n) {
    left = n;
    try {
      operation();
      left = 0;
      return n - 1;
    } catch (const std::bad_alloc&) {
      left = 0;
      check();
    }
  }
}

TEST(TimersOutOfMemory, ARecordIsAppendedAsAWholeOrNotAtAll) {
  const auto at = [](std::chrono::nanoseconds t, const char* boot) {
    return LogTime{SteadyTime(t), UtcTime(1'800'000'000s + t), boot};
  };
  const char *first = "the first boot of this machine", *second = "the second boot of this machine";
  const std::vector<ClockRecord> records = {
      {1, at(1s, first), "the first command of the match", {{kGame, ClockCommand::start()}}},
      {2, at(2s, first), "2", {{kGame, ClockCommand::pause()}, {kPlay, ClockCommand::start()}}},
      {3, at(3s, first), "3", {}, LogVerb::kUndo},
      {4, at(4s, second), "4", {}, LogVerb::kAlive},
      {5, at(5s, second), "5", {}, LogVerb::kContinue},
      {6, at(6s, second), "6", {}, LogVerb::kRedo},
      {7, at(7s, second), "7", {{kGame, ClockCommand::set(1h)}}},  // refused
      {8, at(8s, second), "7", {{kGame, ClockCommand::start()}}},  // a duplicate
  };
  ClockLog log({{kGame, {.initial = 12min, .maximum = 12min}}, {kPlay, kPlayClock40}},
               BootPolicy::kAsk);
  ClockLog twin = log;
  int failures = 0;
  for (const ClockRecord& record : records) {
    const ClockSnapshot before = log.snapshot();
    LogOutcome outcome{};
    failures += insist(
        [&] {
          ClockRecord copy = record;
          outcome = log.append(std::move(copy)).value();
        },
        [&] { EXPECT_EQ(log.snapshot(), before) << record.sequence; });
    EXPECT_EQ(outcome, twin.append(record).value()) << record.sequence;
    EXPECT_EQ(log.snapshot(), twin.snapshot()) << record.sequence;
  }
  EXPECT_GT(failures, 40);
}

TEST(TimersOutOfMemory, ACommandToTheBoardHappensAsAWholeOrNotAtAll) {
  testing::ManualTimeSource source(UtcTime(1'000s));
  EventScheduler scheduler(source);
  std::vector<ClockReport::Reason> reports;
  reports.reserve(100);
  ClockBoard board(scheduler, [&](const ClockReport& report) { reports.push_back(report.reason); });
  ASSERT_TRUE(board.add(kGame, {.initial = 60s, .maximum = 60s}).ok());
  ASSERT_TRUE(board.add(kPlay, kPlayClock40).ok());
  const KeyedCommand both[] = {{kGame, ClockCommand::start()}, {kPlay, ClockCommand::start()}};
  int failures = insist([&] { ASSERT_TRUE(board.apply(both).ok()); },
                        [&] {
                          EXPECT_EQ(board.reading(kGame)->state, ClockState::kStopped);
                          EXPECT_EQ(board.reading(kPlay)->state, ClockState::kStopped);
                          EXPECT_EQ(scheduler.counters().pending, 0u);
                          EXPECT_TRUE(reports.empty());
                        });
  EXPECT_EQ(reports.size(), 2u);
  EXPECT_EQ(scheduler.counters().pending, 2u);
  CountClock other = CountClock::make({.initial = 30s}).value();
  ASSERT_TRUE(other.apply(source.now_steady(), ClockCommand::start()).ok());
  const ClockKey added{"a clock that the log computed", 3};
  failures += insist([&] { board.put(added, other); },
                     [&] {
                       EXPECT_FALSE(board.reading(added).ok());
                       EXPECT_EQ(scheduler.counters().pending, 2u);
                     });
  EXPECT_TRUE(board.reading(added).ok());
  EXPECT_GT(failures, 15);
}

TEST(TimersOutOfMemory, ABoundaryWithoutMemoryIsReportedLater) {
  int lost = 0;
  for (long n = 1; n < 30; ++n) {
    testing::ManualTimeSource source(UtcTime(1'000s));
    EventScheduler scheduler(source);
    std::int64_t game = 0, play = 0, horns = 0;  // boundaries that were reported or missed
    ClockBoard board(scheduler, [&](const ClockReport& report) {
      if (report.reason == ClockReport::Reason::kChanged) return;
      (report.key == kGame ? game : play) += report.missed + 1;
      horns += report.reason == ClockReport::Reason::kExpired ? 1 : 0;
    });
    ASSERT_TRUE(board.add(kGame, {.initial = 60s, .maximum = 60s}).ok());
    ASSERT_TRUE(board.add(kPlay, {.initial = 2s, .maximum = 2s}).ok());
    ASSERT_TRUE(board.apply(kGame, ClockCommand::start()).ok());
    ASSERT_TRUE(board.apply(kPlay, ClockCommand::start()).ok());
    source.advance(1s);
    left = n;
    try {
      scheduler.run_due();
    } catch (const std::bad_alloc&) {
    }
    lost += left == 0 ? 1 : 0;
    left = 0;
    source.advance(10s);
    for (int i = 0; i < 3; ++i) {  // any call schedules the lost event again
      scheduler.run_due();
      ASSERT_TRUE(board.apply(kGame, ClockCommand::start()).ok());
    }
    EXPECT_EQ(game, 11) << n;
    EXPECT_EQ(play, 2) << n;
    EXPECT_EQ(horns, 1) << n;
    EXPECT_EQ(scheduler.counters().pending, 1u) << n;
  }
  EXPECT_GT(lost, 5);
}

TEST(TimersOutOfMemory, AnIntervalScheduleChangesAsAWholeOrNotAtAll) {
  IntervalSchedule schedule;
  constexpr SteadyTime kStart{100s};
  const std::map<std::string, IntervalOptions> jobs = {
      {"a source with a name beyond the small size", {.interval = 10s}},
      {"another source with a long name, too", {.interval = 20s}}};
  int failures = insist([&] { ASSERT_TRUE(schedule.update(kStart, jobs).ok()); },
                        [&] { EXPECT_TRUE(schedule.health(kStart).empty()); });
  std::vector<DueRun> runs;
  failures += insist([&] { runs = schedule.take_due(kStart); },
                     [&] {
                       EXPECT_EQ(schedule.running(), 0u);
                       EXPECT_EQ(schedule.next_due(), kStart);
                     });
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(insist([&] { EXPECT_TRUE(schedule.finished(kStart, runs[0].id, false)); }, [] {}), 0)
      << "the end of a run needs no memory";
  failures += insist([&] { ASSERT_TRUE(schedule.trigger(kStart, runs[0].name).ok()); },
                     [&] { EXPECT_EQ(schedule.running(), 1u); });
  failures += insist([&] { ASSERT_TRUE(schedule.update(kStart, {}).ok()); }, [] {});
  EXPECT_EQ(schedule.running(), 2u);
  EXPECT_GT(failures, 10);
}

}  // namespace
}  // namespace masterclock::timers_out_of_memory_test
