#include "score_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "../temporary_directory.h"
#include "../timers/vectors.h"
#include "common/sqlite.h"
#include "masterclock/timers/clock_display.h"
#include "masterclock/timers/clock_log.h"
#include "test_database.h"

namespace scoreboard::score_import_test {
namespace {

using masterclock::CountDirection;
using masterclock::SteadyTime;
using masterclock::UtcTime;
using masterclock::timer_vectors::cases;
using masterclock::timer_vectors::Json;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Compares the imported clock at the instant of a case with its answer.
void expect_answer(const Json& one, std::vector<ScoreEvent> events) {
  const auto records = records_of(std::move(events));
  ASSERT_TRUE(records.ok()) << records.status();
  const auto log = replay({{kImportedClock, {}}}, masterclock::BootPolicy::kAsk, *records);
  ASSERT_TRUE(log.ok()) << log.status();
  const SteadyTime at(seconds(one.at("at_s").get<std::int64_t>()));
  const auto clock = log->clock(kImportedClock, {at, UtcTime(at.time_since_epoch()), kImportBoot});
  ASSERT_TRUE(clock.ok()) << clock.status();
  const masterclock::ClockReading reading = clock->reading(at);
  EXPECT_EQ(masterclock::shown_seconds(reading.value, CountDirection::kDown),
            one.at("expect").at("seconds"));
  EXPECT_EQ(reading.state == masterclock::ClockState::kRunning, one.at("expect").at("running"));
}

TEST(ScoreImport, AgreesWithTheVectorsOfEvents) {
  const std::vector<Json> all = cases("event_log", "score_events");
  ASSERT_FALSE(all.empty());
  for (const Json& one : all) {
    SCOPED_TRACE(one.at("id"));
    std::string lines;
    for (const Json& event : one.at("events")) lines += event.dump() + "\n";
    const auto read = parse_score_lines(lines, "events.log");
    ASSERT_TRUE(read.ok()) << read.status();
    expect_answer(one, read->events);
  }
}

TEST(ScoreImport, AgreesWithTheVectorsOfLines) {
  const std::vector<Json> all = cases("event_log", "score_lines");
  ASSERT_FALSE(all.empty());
  for (const Json& one : all) {
    SCOPED_TRACE(one.at("id"));
    const Json& expect = one.at("expect");
    const auto read = parse_score_lines(one.at("text").get<std::string>(), "events.log");
    if (expect.contains("error_line")) {
      EXPECT_THAT(std::string(read.status().message()),
                  HasSubstr("events.log:" + expect.at("error_line").dump() + ": "));
      continue;
    }
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->events.size(), expect.at("events"));
    EXPECT_EQ(read->cut_bytes, expect.at("cut_bytes"));
    expect_answer(one, read->events);
  }
}

class ScoreDatabase {
 public:
  // `rows` are values of (id, type, payload, created_at, game_id).
  explicit ScoreDatabase(const std::vector<std::string>& rows) {
    const auto database = common::Database::open(file(), {.create = true});
    EXPECT_TRUE(database.ok()) << database.status();
    EXPECT_EQ(
        (*database)->run("CREATE TABLE events (id INTEGER PRIMARY KEY, type TEXT, payload TEXT,"
                         " created_at TIMESTAMP, game_id INTEGER)"),
        absl::OkStatus());
    for (const std::string& row : rows) {
      EXPECT_EQ((*database)->run("INSERT INTO events VALUES (" + row + ")"), absl::OkStatus());
    }
  }
  [[nodiscard]] std::string file() const { return directory_.path() / "score.db"; }

 private:
  const masterclock::tests::TemporaryDirectory directory_;
};

TEST(ScoreImport, ReadsADatabaseOnce) {
  const ScoreDatabase score({"1, 'CLOCK_SET', '{\"seconds\": 1200}', 1706745600, 7",
                             "2, 'GAME_STARTED', NULL, 1706745610, 7",
                             "3, 'GAME_PAUSED', '{}', 1706745640, 7"});
  const tests::TestDatabase match;
  const auto store = Store::open(match.address());
  ASSERT_TRUE(store.ok()) << store.status();
  for (int round = 0; round < 2; ++round) {
    const auto read = read_score(score.file());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->summary, "imported 3 events");
    ASSERT_EQ(import_score(*read, **store), absl::OkStatus());
    EXPECT_EQ((*store)->records(1, 10)->size(), 3u);
    EXPECT_THAT(
        match.run("SELECT kind || ' ' || CAST(value_ns AS TEXT) || ' ' || status FROM clocks"),
        ElementsAre("game 1170000000000 paused"));
    EXPECT_THAT(match.run("SELECT event_id FROM events"), ElementsAre());
  }
}

TEST(ScoreImport, ReadsOneGameOfSeveral) {
  const ScoreDatabase score({"1, 'CLOCK_SET', '{\"seconds\": 1200}', 1706745600, 7",
                             "2, 'CLOCK_SET', '{\"seconds\": 600}', 1706745600, 8",
                             "3, 'GAME_STARTED', '{}', 1706745610, 7"});
  EXPECT_THAT(std::string(read_score(score.file()).status().message()),
              HasSubstr("several games: choose one of '7', '8' with --game"));
  EXPECT_THAT(std::string(read_score(score.file(), "9").status().message()),
              HasSubstr("no event of game '9'"));
  const auto read = read_score(score.file(), "7");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->summary, "imported 2 events");
}

TEST(ScoreImport, RefusesATimeThatIsNoNumberOfSeconds) {
  for (const char* const time : {"'2024-02-01 00:00:00'", "1706745600.75", "NULL", "-1"}) {
    const ScoreDatabase score({std::string("4, 'GAME_STARTED', '{}', ") + time + ", 7"});
    EXPECT_THAT(std::string(read_score(score.file()).status().message()),
                HasSubstr("event 4: event_timestamp: expected seconds of UTC"))
        << time;
  }
}

TEST(ScoreImport, NamesTheFieldThatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> lines = {
      {R"({"event_type": "X", "event_payload": {}, "event_timestamp": 1})", "f:1: event_id: "},
      {R"({"event_id": 1, "event_payload": {}, "event_timestamp": 1})", "f:1: event_type: "},
      {R"({"event_id": 1, "event_type": "X", "event_timestamp": 1})", "f:1: event_payload: "},
      {R"({"event_id": 1, "event_type": "X", "event_payload": {}, "event_timestamp": -1})",
       "f:1: event_timestamp: "},
  };
  for (const auto& [line, what] : lines) {
    EXPECT_THAT(std::string(parse_score_lines(line + "\n{}", "f").status().message()),
                HasSubstr(what));
  }
  EXPECT_EQ(records_of({{7, "CLOCK_SET", {}, 1}}).status().message(),
            "event 7: seconds: expected an integer, 0 or more");
}

}  // namespace
}  // namespace scoreboard::score_import_test
