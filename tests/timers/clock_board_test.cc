#include "masterclock/timers/clock_board.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/events/simulate.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/timers/clock_display.h"
#include "masterclock/timers/clock_presets.h"

namespace masterclock::clock_board_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;
using Code = absl::StatusCode;
using Reason = ClockReport::Reason;

const ClockKey kGame{"game", 1}, kPlay{"play", 1};

class ClockBoardTest : public ::testing::Test {
 protected:
  ClockBoardTest() {
    EXPECT_TRUE(board_.add(kGame, {.initial = 60s, .maximum = 60s}).ok());
    EXPECT_TRUE(board_.add(kPlay, kPlayClock40).ok());
  }
  void start(const ClockKey& key) { ASSERT_TRUE(board_.apply(key, ClockCommand::start()).ok()); }
  void simulate(nanoseconds by) {
    simulate_until(source_, scheduler_, source_.now_utc() + by + 1ns);
  }

  testing::ManualTimeSource source_{UtcTime(1'000s)};
  EventScheduler scheduler_{source_};
  std::vector<ClockReport> reports_;
  ClockBoard board_{scheduler_, [this](const ClockReport& report) { reports_.push_back(report); }};
};

// The promises of the room about many clocks.

TEST_F(ClockBoardTest, TheHornGetsTheInstantOfTheEndAfterAStallAndOnce) {
  start(kPlay);
  source_.advance(47s);  // the program stalled over the end
  scheduler_.run_due();
  ASSERT_EQ(reports_.size(), 2u);
  EXPECT_EQ(reports_[1].reason, Reason::kExpired);
  EXPECT_EQ(reports_[1].due, SteadyTime(40s));
  EXPECT_EQ(reports_[1].at, SteadyTime(47s));
  EXPECT_EQ(reports_[1].reading.value, 0s);
  EXPECT_EQ(reports_[1].missed, 39);
  simulate(100s);
  EXPECT_EQ(reports_.size(), 2u);
}

TEST_F(ClockBoardTest, AReportComesWhenTheDisplayChanges) {
  start(kPlay);
  source_.advance(300ms);
  ASSERT_TRUE(board_.apply(kPlay, ClockCommand::pause()).ok());
  source_.advance(10s);
  start(kPlay);
  reports_.clear();
  simulate(3s);
  ASSERT_EQ(reports_.size(), 3u);
  for (const ClockReport& report : reports_) {
    EXPECT_EQ(report.at, report.due);
    EXPECT_EQ(report.reading.value % 1s, 0s);
    const CountClock before = CountClock::make({.initial = report.reading.value + 1ns}).value();
    EXPECT_NE(clock_text(report.reading.value, CountDirection::kDown),
              clock_text(before.reading({}).value, CountDirection::kDown));
  }
  EXPECT_EQ(reports_[0].due, SteadyTime(11s));
}

TEST_F(ClockBoardTest, AnIntermissionStartsAtTheInstantThePeriodEnded) {
  start(kGame);
  source_.advance(63s);
  scheduler_.run_due();
  ASSERT_EQ(reports_.back().reason, Reason::kExpired);
  const SteadyTime end = reports_.back().due;
  const KeyedCommand intermission[] = {{kPlay, ClockCommand::start()}};
  ASSERT_TRUE(board_.apply_at(end, intermission).ok());
  EXPECT_EQ(board_.reading(kPlay)->value, 37s);
  EXPECT_EQ(reports_.back().due, end);
  const KeyedCommand again[] = {{kGame, ClockCommand::reset()}};
  EXPECT_EQ(board_.apply_at(end - 1ns, again).code(), Code::kOutOfRange);
  EXPECT_EQ(board_.apply_at(source_.now_steady() + 1ns, again).code(), Code::kOutOfRange);
  EXPECT_TRUE(board_.apply_at(end, again).ok());
}

TEST_F(ClockBoardTest, CommandsToSeveralClocksHappenAtOneInstantAllOrNone) {
  const KeyedCommand refused[] = {{kGame, ClockCommand::start()}, {kPlay, ClockCommand::set(41s)}};
  EXPECT_EQ(board_.apply(refused).code(), Code::kOutOfRange);
  const KeyedCommand unknown[] = {{kGame, ClockCommand::start()}, {{"x", 1}, {}}};
  EXPECT_EQ(board_.apply(unknown).code(), Code::kNotFound);
  EXPECT_EQ(board_.reading(kGame)->state, ClockState::kStopped);
  EXPECT_TRUE(reports_.empty());
  EXPECT_EQ(scheduler_.counters().pending, 0u);
  const KeyedCommand taken[] = {{kGame, ClockCommand::start()},
                                {kPlay, ClockCommand::restart_at(25s)}};
  ASSERT_TRUE(board_.apply(taken).ok());
  ASSERT_EQ(reports_.size(), 2u);
  EXPECT_EQ(reports_[0].at, reports_[1].at);
  EXPECT_EQ(scheduler_.counters().pending, 2u);
}

TEST_F(ClockBoardTest, AStepOfUtcMovesNoReport) {
  start(kPlay);
  reports_.clear();
  for (const auto step : {3'600s, -7'200s, 1s}) {
    source_.step_utc(step);
    source_.advance(1s);
    scheduler_.run_due();
  }
  ASSERT_EQ(reports_.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(reports_[i].due, SteadyTime((static_cast<int>(i) + 1) * 1s));
    EXPECT_EQ(reports_[i].at, reports_[i].due);
  }
}

// The other properties.

TEST_F(ClockBoardTest, RefusesASecondClockOfOneName) {
  EXPECT_EQ(board_.add(kGame, kPlayClock40).code(), Code::kAlreadyExists);
  EXPECT_EQ(board_.add({"x", 1}, {.initial = -1s}).code(), Code::kInvalidArgument);
  EXPECT_EQ(board_.reading({"x", 1}).status().code(), Code::kNotFound);
  EXPECT_EQ(board_.reading(kGame)->value, 60s);
}

TEST_F(ClockBoardTest, RemovesAClockAndItsEvent) {
  start(kGame);
  EXPECT_TRUE(board_.remove(kGame));
  EXPECT_EQ(scheduler_.counters().pending, 0u);
  EXPECT_FALSE(board_.remove(kGame));
  EXPECT_EQ(board_.apply(kGame, ClockCommand::start()).status().code(), Code::kNotFound);
  EXPECT_TRUE(board_.add(kGame, kPlayClock40).ok());
}

TEST_F(ClockBoardTest, ACommandInThePastMayMeetAnEndSince) {
  source_.advance(100s);
  const KeyedCommand begin[] = {{kPlay, ClockCommand::start()}};
  ASSERT_TRUE(board_.apply_at(SteadyTime(50s), begin).ok());
  ASSERT_EQ(reports_.size(), 2u);
  EXPECT_EQ(reports_[0].reason, Reason::kChanged);
  EXPECT_EQ(reports_[1].reason, Reason::kExpired);
  EXPECT_EQ(reports_[1].due, SteadyTime(90s));
  EXPECT_EQ(scheduler_.counters().pending, 0u);
}

TEST_F(ClockBoardTest, OnlyACorrectionSoundsTheHornByACommand) {
  struct Case {
    ClockCommand command;
    Reason reason;
  };
  const Case cases[] = {{ClockCommand::set(0s), Reason::kExpired},
                        {ClockCommand::adjust(-60s), Reason::kExpired},
                        {ClockCommand::reset_to(0s), Reason::kChanged},
                        {ClockCommand::configure({.initial = 0s}), Reason::kChanged}};
  for (const auto& [command, reason] : cases) {
    const KeyedCommand restart[] = {{kGame, ClockCommand::configure({.initial = 60s})},
                                    {kGame, ClockCommand::start()}};
    ASSERT_TRUE(board_.apply(restart).ok());
    source_.advance(500ms);
    ASSERT_TRUE(board_.apply(kGame, command).ok());
    EXPECT_EQ(reports_.back().reason, reason) << command;
  }
  EXPECT_EQ(scheduler_.counters().pending, 0u);
}

TEST_F(ClockBoardTest, AClockThatRunsOverExpiresOnceAtTheInstantOfACommand) {
  const ClockKey stage{"stage", 1};
  ASSERT_TRUE(board_.add(stage, stage_timer(2s)).ok());
  start(stage);
  source_.advance(2s);  // the end and the command have one instant
  ASSERT_TRUE(board_.apply(stage, ClockCommand::adjust(-1s)).ok());
  std::vector<Reason> reasons;
  for (const ClockReport& report : reports_) reasons.push_back(report.reason);
  EXPECT_EQ(reasons, (std::vector{Reason::kChanged, Reason::kExpired, Reason::kChanged}));
}

TEST_F(ClockBoardTest, PutsAClockThatALogComputed) {
  CountClock clock = CountClock::make(kPlayClock40).value();
  board_.put(kPlay, clock);  // as it is already
  EXPECT_TRUE(reports_.empty());
  ASSERT_TRUE(clock.apply(SteadyTime{}, ClockCommand::start()).ok());
  source_.advance(1500ms);
  board_.put(kPlay, clock);
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_EQ(reports_[0].reading.value, 38'500ms);
  source_.advance(500ms);
  scheduler_.run_due();
  ASSERT_EQ(reports_.size(), 2u);
  EXPECT_EQ(reports_[1].reason, Reason::kSecond);
  board_.put({"new", 2}, CountClock::make(kPlayClock40).value());
  EXPECT_EQ(reports_.back().reason, Reason::kChanged);
  EXPECT_EQ(reports_.back().key, (ClockKey{"new", 2}));
}

TEST_F(ClockBoardTest, ReadsEveryClockAtOneInstant) {
  start(kGame);
  source_.advance(250ms);
  const std::vector<ClockReport> all = board_.readings();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].key, kGame);
  EXPECT_EQ(all[0].reading.value, 59'750ms);
  EXPECT_EQ(all[0].reason, Reason::kChanged);
  EXPECT_EQ(all[0].missed, 0);
  EXPECT_EQ(all[0].due, all[0].at);
  EXPECT_EQ(all[0].at, all[1].at);
  EXPECT_EQ(all[0].at_utc, UtcTime(1'000'250ms));
  EXPECT_EQ(all[0].revision, reports_.back().revision);
}

TEST_F(ClockBoardTest, MovesTheEventOfASetClock) {
  start(kGame);
  ASSERT_TRUE(board_.apply(kGame, ClockCommand::set(9'500ms)).ok());
  EXPECT_EQ(scheduler_.counters().pending, 1u);
  EXPECT_EQ(scheduler_.until_next(), 500ms);
  ASSERT_TRUE(board_.apply(kGame, ClockCommand::pause()).ok());
  EXPECT_EQ(scheduler_.counters().pending, 0u);
}

TEST(ClockBoard, LeavesNoEventPending) {
  testing::ManualTimeSource source(UtcTime(1'000s));
  EventScheduler scheduler(source);
  {
    ClockBoard board(scheduler, nullptr);
    ASSERT_TRUE(board.add(kGame, kPlayClock40).ok());
    ASSERT_TRUE(board.apply(kGame, ClockCommand::start()).ok());
    EXPECT_EQ(scheduler.counters().pending, 1u);
  }
  EXPECT_EQ(scheduler.counters().pending, 0u);
}

TEST(ClockBoard, AFullSchedulerRefusesACommandAsAWhole) {
  testing::ManualTimeSource source(UtcTime(1'000s));
  EventScheduler scheduler(source, {.max_pending = 1});
  std::vector<ClockReport> reports;
  ClockBoard board(scheduler, [&](const ClockReport& report) { reports.push_back(report); });
  ASSERT_TRUE(board.add(kGame, kPlayClock40).ok());
  ASSERT_TRUE(board.add(kPlay, kPlayClock40).ok());
  const KeyedCommand both[] = {{kGame, ClockCommand::start()}, {kPlay, ClockCommand::start()}};
  EXPECT_EQ(board.apply(both).code(), Code::kResourceExhausted);
  EXPECT_EQ(board.reading(kGame)->state, ClockState::kStopped);
  EXPECT_EQ(scheduler.counters().pending, 0u);
  EXPECT_TRUE(reports.empty());
  // put() takes the clock. Its reports come when the scheduler has a place again.
  ASSERT_TRUE(board.apply(kGame, ClockCommand::start()).ok());
  CountClock running = CountClock::make(kPlayClock40).value();
  ASSERT_TRUE(running.apply(source.now_steady(), ClockCommand::start()).ok());
  board.put(kPlay, running);
  source.advance(1500ms);
  ASSERT_TRUE(board.apply(kGame, ClockCommand::pause()).ok());
  ASSERT_TRUE(board.apply(kGame, ClockCommand::stop()).ok());
  EXPECT_EQ(scheduler.counters().pending, 1u);
  scheduler.run_due();
  EXPECT_EQ(reports.back().key, kPlay);
  EXPECT_EQ(reports.back().reason, Reason::kSecond);
}

TEST(ClockBoard, AReportMayCommandTheBoardAndThrow) {
  testing::ManualTimeSource source(UtcTime(1'000s));
  EventScheduler scheduler(source);
  ClockBoard* itself = nullptr;
  int expired = 0, after_throw = 0;
  ClockBoard board(scheduler, [&](const ClockReport& report) {
    if (report.key == kPlay) ++after_throw;
    if (report.reason != Reason::kExpired) return;
    ++expired;
    if (expired < 3) {
      EXPECT_TRUE(itself->apply(report.key, ClockCommand::restart()).ok());
    }
    throw std::runtime_error("horn");
  });
  itself = &board;
  ASSERT_TRUE(board.add(kGame, {.initial = 2s, .maximum = 2s}).ok());
  ASSERT_TRUE(board.add(kPlay, kPlayClock40).ok());
  ASSERT_TRUE(board.apply(kGame, ClockCommand::start()).ok());
  simulate_until(source, scheduler, UtcTime(1'100s));
  EXPECT_EQ(expired, 3);
  EXPECT_EQ(scheduler.counters().failed, 3u);
  // The caller of a command gets the exception after every report.
  const KeyedCommand ends[] = {{kGame, ClockCommand::restart_at(1s)},
                               {kGame, ClockCommand::set(0s)},
                               {kPlay, ClockCommand::start()}};
  const KeyedCommand begin[] = {{kGame, ClockCommand::restart()}};
  ASSERT_TRUE(board.apply(begin).ok());
  EXPECT_THROW((void)board.apply(ends), std::runtime_error);
  EXPECT_EQ(after_throw, 1);
  EXPECT_EQ(board.reading(kPlay)->state, ClockState::kRunning);
}

TEST(RealClockBoard, TakesCommandsOfFourThreads) {
  testing::ManualTimeSource source(UtcTime(1'000s));
  EventScheduler scheduler(source);
  std::mutex mutex;
  std::map<ClockKey, ClockReport> latest;
  std::uint64_t reports = 0;
  std::vector<ClockKey> keys;
  for (int id = 0; id < 5; ++id) keys.push_back({"game", id});
  {
    ClockBoard board(scheduler, [&](const ClockReport& report) {
      const std::lock_guard lock(mutex);
      ClockReport& known = latest[report.key];
      if (report.revision > known.revision) known = report;
      ++reports;
    });
    for (const ClockKey& key : keys) ASSERT_TRUE(board.add(key, kPlayClock40).ok());
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&, seed] {
        std::mt19937 random(seed);
        for (int i = 0; i < 3'000; ++i) {
          const ClockKey& key = keys[random() % keys.size()];
          ClockCommand command{static_cast<ClockVerb>(random() % 7)};
          if (command.verb == ClockVerb::kSet || command.verb == ClockVerb::kAdjust) {
            command.value = 3s;
          }
          (void)board.apply(key, command);
          if (random() % 4 == 0) source.advance(nanoseconds(random() % 700'000'000));
          if (random() % 4 == 0) scheduler.run_due();
          if (random() % 64 == 0) (void)board.readings();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(scheduler.counters().pending, keys.size());
    // The report with the highest revision describes the state of its clock.
    scheduler.run_due();
    for (const ClockReport& now : board.readings()) {
      EXPECT_EQ(latest[now.key].reading.state, now.reading.state) << now.key;
      EXPECT_EQ(latest[now.key].reading.rate, now.reading.rate) << now.key;
    }
  }
  EXPECT_EQ(scheduler.counters().pending, 0u);
  EXPECT_GT(reports, 1'000u);
}

TEST(RealClockBoard, IsDestroyedWhileAnotherThreadTriggers) {
  testing::ManualTimeSource source(UtcTime(1'000s));
  EventScheduler scheduler(source);
  std::thread trigger([&] {
    for (int i = 0; i < 4'000; ++i) {
      source.advance(100ms);
      scheduler.run_due();
    }
  });
  for (int round = 0; round < 200; ++round) {
    std::vector<ClockReport> reports;  // destroyed right after the board
    std::mutex mutex;
    ClockBoard board(scheduler, [&](const ClockReport& report) {
      const std::lock_guard lock(mutex);
      reports.push_back(report);
    });
    ASSERT_TRUE(board.add(kGame, {.initial = 100h}).ok());
    ASSERT_TRUE(board.apply(kGame, ClockCommand::start()).ok());
    std::this_thread::yield();
  }
  trigger.join();
  EXPECT_EQ(scheduler.counters().pending, 0u);
}

}  // namespace
}  // namespace masterclock::clock_board_test
