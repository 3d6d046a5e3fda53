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

namespace scoreboard::score_import_test {
namespace {

using masterclock::CountDirection;
using masterclock::SteadyTime;
using masterclock::UtcTime;
using masterclock::timer_vectors::cases;
using masterclock::timer_vectors::Json;
using std::chrono::seconds;
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

TEST(ScoreImport, ReadsADatabaseOnce) {
  const masterclock::tests::TemporaryDirectory directory;
  const std::string file = directory.path() / "score.db";
  {
    const auto database = common::Database::open(file, {.create = true});
    ASSERT_TRUE(database.ok()) << database.status();
    for (const char* sql :
         {"CREATE TABLE events (id INTEGER PRIMARY KEY, type TEXT, payload TEXT, created_at "
          "INTEGER)",
          "INSERT INTO events VALUES (1, 'CLOCK_SET', '{\"seconds\": 1200}', 1706745600)",
          "INSERT INTO events VALUES (2, 'GAME_STARTED', '{}', 1706745610)"}) {
      ASSERT_EQ((*database)->run(sql), absl::OkStatus());
    }
  }
  const auto store = Store::open(directory.path() / "match.db");
  ASSERT_TRUE(store.ok()) << store.status();
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(import_score(file, **store).value_or("failed"), "imported 2 events");
    EXPECT_EQ((*store)->records(1, 10)->size(), 2u);
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
