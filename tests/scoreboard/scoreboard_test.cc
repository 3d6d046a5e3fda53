#include "scoreboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/events/simulate.h"
#include "masterclock/testing/manual_time_source.h"
#include "test_database.h"

namespace scoreboard::scoreboard_test {
namespace {

using masterclock::ClockCommand;
using masterclock::ClockKey;
using masterclock::ClockReport;
using masterclock::KeyedCommand;
using masterclock::LogOutcome;
using masterclock::UtcTime;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

const ClockKey kPeriod{"period", 1}, kPlay{"play", 1};

class ScoreboardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(board_->add_clock("add 1", kPeriod, {.initial = 15min, .maximum = 15min}).ok());
    ASSERT_TRUE(board_->add_clock("add 2", kPlay, {.initial = 40s, .maximum = 40s}).ok());
    reports_.clear();
  }

  // As after a crash, in the boot `boot`.
  void open(const std::string& boot = "boot-1") {
    board_.reset();
    store_.reset();
    auto store = Store::open(database_.address());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto board =
        Scoreboard::open(clock_, *store_,
                         {.boot = boot,
                          .at_end = at_end_,
                          .game = game_,
                          .on_report = [this](const ClockReport& report, const ClockInfo&) {
                            reports_.push_back(to_string(report));
                          }});
    ASSERT_TRUE(board.ok()) << board.status();
    board_ = *std::move(board);
    reports_.clear();
  }

  LogOutcome command(const std::string& id, const std::vector<KeyedCommand>& commands) {
    const auto answer = board_->command(id, commands);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->outcome : LogOutcome::kWithoutEffect;
  }

  void pass(std::chrono::nanoseconds time) {
    masterclock::simulate_until(source_, clock_.scheduler(), source_.now_utc() + time);
  }

  std::chrono::nanoseconds value(const ClockKey& key) {
    const nlohmann::json state = board_->state();
    for (const auto& clock : state.at("clocks")) {
      if (clock.at("kind") == key.kind && clock.at("id") == key.id) {
        return std::chrono::nanoseconds(clock.at("value_ns").get<std::int64_t>());
      }
    }
    return -1ns;
  }

  const tests::TestDatabase database_;
  std::map<ClockKey, std::vector<KeyedCommand>> at_end_;
  std::optional<ClockKey> game_;
  masterclock::testing::ManualTimeSource source_{UtcTime(24h * 20'000)};
  masterclock::MasterClock clock_{source_};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Scoreboard> board_;
  std::vector<std::string> reports_;
};

TEST_F(ScoreboardTest, AppliesABatchAtOneInstant) {
  EXPECT_EQ(command("a", {{kPeriod, ClockCommand::start()}, {kPlay, ClockCommand::start()}}),
            LogOutcome::kDone);
  pass(1'234'567'891ns);
  EXPECT_EQ(value(kPeriod), 15min - 1'234'567'891ns);
  EXPECT_EQ(value(kPlay), 40s - 1'234'567'891ns);
}

TEST_F(ScoreboardTest, CountsACommandIdOnce) {
  EXPECT_EQ(command("a", {{kPeriod, ClockCommand::adjust(-1s)}}), LogOutcome::kDone);
  EXPECT_EQ(command("a", {{kPeriod, ClockCommand::adjust(-1s)}}), LogOutcome::kDuplicate);
  open();
  EXPECT_EQ(command("a", {{kPeriod, ClockCommand::adjust(-1s)}}), LogOutcome::kDuplicate);
  EXPECT_EQ(value(kPeriod), 15min - 1s);
}

TEST_F(ScoreboardTest, StoresNoCommandThatAClockRefuses) {
  const auto refused =
      board_->command("a", {{kPlay, ClockCommand::start()}, {kPeriod, ClockCommand::set(16min)}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(board_->command("b", {{{"play", 2}, ClockCommand::start()}}).status(),
            absl::NotFoundError("There is no clock play/2"));
  EXPECT_EQ(board_->history(1)->size(), 3u) << "the sign of life of the start, and two clocks";
  EXPECT_EQ(value(kPlay), 40s);
  EXPECT_EQ(command("c", {{kPlay, ClockCommand::start()}}), LogOutcome::kDone);
  EXPECT_EQ(command("d", {{kPlay, ClockCommand::start()}}), LogOutcome::kWithoutEffect);
  EXPECT_EQ(board_->history(1)->size(), 5u);
}

TEST_F(ScoreboardTest, UndoesAPauseAsIfItHadNeverBeen) {
  command("a", {{kPeriod, ClockCommand::start()}});
  pass(10s);
  command("b", {{kPeriod, ClockCommand::pause()}});
  pass(5s);
  EXPECT_EQ(board_->state().at("next_undo").at("command_id"), "b");
  EXPECT_EQ(board_->undo("c")->outcome, LogOutcome::kDone);
  EXPECT_EQ(value(kPeriod), 15min - 15s);
  EXPECT_EQ(board_->state().at("next_redo").at("command_id"), "b");
  EXPECT_EQ(board_->redo("d")->outcome, LogOutcome::kDone);
  EXPECT_EQ(value(kPeriod), 15min - 10s);
  EXPECT_EQ(board_->redo("e")->outcome, LogOutcome::kWithoutEffect);
}

TEST_F(ScoreboardTest, LosesNothingInACrash) {
  command("a", {{kPeriod, ClockCommand::start()}});
  pass(10s);
  open();
  pass(5s);
  EXPECT_EQ(value(kPeriod), 15min - 15s);
}

TEST_F(ScoreboardTest, AsksAfterAReboot) {
  command("a", {{kPeriod, ClockCommand::start()}});
  pass(10s);
  command("b", {{kPlay, ClockCommand::start()}});
  pass(5s);
  open("boot-2");
  EXPECT_TRUE(board_->state().at("needs_decision"));
  EXPECT_EQ(value(kPeriod), 15min - 10s) << "frozen at the last sign of life";
  EXPECT_EQ(board_->decide("c", true)->outcome, LogOutcome::kDone);
  EXPECT_FALSE(board_->state().at("needs_decision"));
  EXPECT_EQ(value(kPeriod), 15min - 15s);
}

TEST_F(ScoreboardTest, ReportsEachSecondAndTheEnd) {
  command("a", {{kPlay, ClockCommand::restart_at(2s)}});
  pass(1min);
  EXPECT_THAT(reports_, ElementsAre("play/1 changed: 2s running", "play/1 second: 1s running",
                                    "play/1 expired: 0s stopped"));
}

TEST_F(ScoreboardTest, RemovesAClockAndKeepsItsHistory) {
  command("a", {{kPlay, ClockCommand::start()}});
  EXPECT_TRUE(board_->remove_clock(kPlay).ok());
  EXPECT_EQ(board_->remove_clock(kPlay).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(board_->command("b", {{kPlay, ClockCommand::pause()}}).status().code(),
            absl::StatusCode::kNotFound);
  open();
  EXPECT_EQ(board_->state().at("clocks").size(), 1u);
  EXPECT_EQ(board_->history(1)->size(), 5u) << "two clocks, a command and two signs of life";
  EXPECT_EQ(board_->add_clock("x", kPeriod, {.initial = 1s}).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(ScoreboardTest, AnswersThatAnUndoOfARemovedClockHasNoEffect) {
  command("a", {{kPlay, ClockCommand::start()}});
  ASSERT_TRUE(board_->remove_clock(kPlay).ok());
  EXPECT_EQ(board_->undo("b")->outcome, LogOutcome::kWithoutEffect);
  EXPECT_EQ(board_->redo("c")->outcome, LogOutcome::kWithoutEffect);
  command("d", {{kPeriod, ClockCommand::start()}});
  EXPECT_EQ(board_->undo("e")->outcome, LogOutcome::kDone);
}

TEST_F(ScoreboardTest, KeepsAClockThatTheStoreCannotRemove) {
  database_.run("ALTER TABLE clocks RENAME TO away");
  EXPECT_EQ(board_->remove_clock(kPlay).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(value(kPlay), 40s);
}

TEST_F(ScoreboardTest, GivesAClockThatWasRemovedNewRules) {
  command("a", {{kPlay, ClockCommand::start()}});
  pass(10s);
  ASSERT_TRUE(board_->remove_clock(kPlay).ok());
  EXPECT_EQ(board_->add_clock("b", kPlay, {.initial = 25s})->outcome, LogOutcome::kDone);
  EXPECT_EQ(board_->add_clock("b", kPlay, {.initial = 25s})->outcome, LogOutcome::kDuplicate);
  EXPECT_EQ(value(kPlay), 25s);
  open();
  EXPECT_EQ(value(kPlay), 25s);
}

TEST_F(ScoreboardTest, StartsTheBatchOfAnEndAtTheInstantOfTheEnd) {
  at_end_ = {{kPeriod, {{kPlay, ClockCommand::restart_at(30s)}}}};
  open();
  command("a", {{kPeriod, ClockCommand::restart_at(1500ms)}});
  pass(10s);
  EXPECT_EQ(value(kPlay), 30s - 8500ms);
  EXPECT_EQ(command("b", {{kPlay, ClockCommand::pause()}}), LogOutcome::kDone);
  open();
  EXPECT_EQ(value(kPlay), 30s - 8500ms);
}

TEST_F(ScoreboardTest, StartsTheBatchOfAnEndThatNoServerSaw) {
  at_end_ = {{kPeriod, {{kPlay, ClockCommand::restart_at(30s)}}}};
  open();
  command("a", {{kPeriod, ClockCommand::restart_at(1500ms)}});
  board_.reset();
  pass(10s);
  open();
  EXPECT_EQ(value(kPlay), 30s - 8500ms);
}

TEST_F(ScoreboardTest, EndsAClockThatACommandTakesToItsEnd) {
  at_end_ = {{kPeriod, {{kPlay, ClockCommand::restart_at(30s)}}}};
  for (const ClockCommand& last : {ClockCommand::set(0ns), ClockCommand::adjust(-15min)}) {
    SCOPED_TRACE(to_string(last));
    open();
    command("a" + to_string(last), {{kPeriod, ClockCommand::restart_at(15min)}});
    pass(1500ms);
    reports_.clear();
    EXPECT_EQ(command("b" + to_string(last), {{kPeriod, last}}), LogOutcome::kDone);
    EXPECT_THAT(reports_, UnorderedElementsAre("period/1 expired: 0s stopped",
                                               "play/1 changed: 30s running"));
    pass(2500ms);
    EXPECT_EQ(value(kPlay), 30s - 2500ms);
    open();
    EXPECT_EQ(value(kPlay), 30s - 2500ms);
    EXPECT_EQ(value(kPeriod), 0ns);
    EXPECT_EQ(board_->undo("c" + to_string(last))->outcome, LogOutcome::kDone);
    EXPECT_EQ(value(kPeriod), 15min - 4s);
  }
}

TEST_F(ScoreboardTest, EndsNoClockThatDoesNotRun) {
  at_end_ = {{kPeriod, {{kPlay, ClockCommand::restart_at(30s)}}}};
  open();
  command("a", {{kPeriod, ClockCommand::set(0ns)}});
  command("b", {{kPeriod, ClockCommand::restart_at(15min)}});
  command("c", {{kPeriod, ClockCommand::reset_to(0ns)}});
  EXPECT_EQ(value(kPlay), 40s);
}

TEST_F(ScoreboardTest, ReportsAnEndThatAnotherServerCommanded) {
  auto store = Store::open(database_.address());
  ASSERT_TRUE(store.ok()) << store.status();
  auto other = Scoreboard::open(clock_, **store, {.boot = "boot-1"});
  ASSERT_TRUE(other.ok()) << other.status();
  command("a", {{kPeriod, ClockCommand::start()}});
  reports_.clear();
  EXPECT_TRUE((*other)->command("b", {{kPeriod, ClockCommand::set(0ns)}}).ok());
  ASSERT_EQ(board_->refresh(), absl::OkStatus());
  EXPECT_THAT(reports_, ElementsAre("period/1 expired: 0s stopped"));
}

TEST_F(ScoreboardTest, SkipsABatchThatAClockRefuses) {
  at_end_ = {{kPeriod, {{kPlay, ClockCommand::set(50s)}}}};
  open();
  command("a", {{kPeriod, ClockCommand::restart_at(1s)}});
  pass(10s);
  EXPECT_EQ(value(kPlay), 40s);
  EXPECT_EQ(board_->state().at("next_undo").at("command_id"), "a");
}

TEST_F(ScoreboardTest, StoresTheEventsAndTheStateOfEachChange) {
  game_ = kPeriod;
  open();
  command("a", {{kPeriod, ClockCommand::set(2s)}, {kPlay, ClockCommand::start()}});
  command("b", {{kPeriod, ClockCommand::start()}});
  command("c", {{kPeriod, ClockCommand::start()}});  // without effect
  pass(10s);
  EXPECT_THAT(database_.run("SELECT event_type FROM events ORDER BY event_id"),
              ElementsAre("CLOCK_SET", "CLOCK_CHANGED",  // of the new clocks
                          "CLOCK_SET", "CLOCK_CHANGED", "GAME_STARTED", "GAME_PAUSED"));
  std::vector<int> seconds;
  for (const std::string& payload : database_.run(
           "SELECT event_payload FROM events WHERE event_type = 'CLOCK_SET' ORDER BY event_id")) {
    seconds.push_back(nlohmann::json::parse(payload).at("seconds"));
  }
  EXPECT_THAT(seconds, ElementsAre(900, 2));
  EXPECT_THAT(database_.run("SELECT CAST(value_ns AS TEXT) || ' ' || status FROM clocks"
                            " WHERE started_utc_ns IS NULL"),
              ElementsAre("0 stopped"));
  EXPECT_THAT(database_.run("SELECT CAST(value_ns AS TEXT) || ' ' || status FROM clocks"
                            " WHERE started_utc_ns IS NOT NULL"),
              ElementsAre("40000000000 running"));
}

TEST_F(ScoreboardTest, TakesOneCommandOnceOfTwoServers) {
  auto store = Store::open(database_.address());
  ASSERT_TRUE(store.ok()) << store.status();
  auto other = Scoreboard::open(clock_, **store, {.boot = "boot-1"});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(command("a", {{kPeriod, ClockCommand::adjust(-1s)}}), LogOutcome::kDone);
  EXPECT_EQ((*other)->command("a", {{kPeriod, ClockCommand::adjust(-1s)}})->outcome,
            LogOutcome::kDuplicate);
  EXPECT_EQ((*other)->command("b", {{kPeriod, ClockCommand::adjust(-1s)}})->outcome,
            LogOutcome::kDone);
  EXPECT_EQ(command("c", {{kPeriod, ClockCommand::adjust(-1s)}}), LogOutcome::kDone);
  EXPECT_EQ(value(kPeriod), 15min - 3s);
}

TEST_F(ScoreboardTest, RefusesCommandsWhileTheStoreCannotBeWritten) {
  command("a", {{kPeriod, ClockCommand::start()}});
  // The record can be written, and the events that belong to it cannot.
  database_.run("ALTER TABLE events RENAME TO away");
  EXPECT_EQ(board_->command("b", {{kPeriod, ClockCommand::pause()}}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(board_->state().at("store_error").is_string());
  pass(5s);
  EXPECT_EQ(value(kPeriod), 15min - 5s) << "the clock runs on";
  EXPECT_EQ(board_->state().at("next_undo").at("command_id"), "a");
  // Nor can the records be read.
  database_.run("ALTER TABLE records RENAME TO gone");
  EXPECT_EQ(board_->command("b", {{kPeriod, ClockCommand::pause()}}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(value(kPeriod), 15min - 5s);
  database_.run("ALTER TABLE gone RENAME TO records");
  database_.run("ALTER TABLE away RENAME TO events");
  EXPECT_EQ(command("b", {{kPeriod, ClockCommand::pause()}}), LogOutcome::kDone);
  EXPECT_TRUE(board_->state().at("store_error").is_null());
  pass(5s);
  EXPECT_EQ(value(kPeriod), 15min - 5s);
}

TEST_F(ScoreboardTest, GivesASignOfLifeWhileAClockRuns) {
  pass(1min);
  EXPECT_EQ(board_->history(1)->size(), 3u);
  command("a", {{kPeriod, ClockCommand::start()}});
  pass(1min);
  EXPECT_EQ(board_->history(1)->size(), 10u);
}

}  // namespace
}  // namespace scoreboard::scoreboard_test
