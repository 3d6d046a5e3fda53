#include "poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulated_runner.h"

namespace poller_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kOne = R"({"services": {"source-a": {"interval": 10, "command": ["a"]}}})";
constexpr const char* kSkipping =
    R"({"services": {"source-a": {"interval": 10, "command": ["a"], "overlap": "skip"}}})";

poller::Outcome exit_of(int code, std::string output = "") {
  return {.code = code, .output = std::move(output)};
}

TEST(Poller, RunsAtTheInstantsOfTheGrid) {
  Station station(kOne);
  station.runner.plans["source-a"].duration = 3s;
  station.run_until(21s);
  EXPECT_THAT(station.lines(),
              ElementsAre("started source-a due 0 start 0", "ended source-a due 0 start 0 ok",
                          "started source-a due 10 start 10", "ended source-a due 10 start 10 ok",
                          "started source-a due 20 start 20"));
}

TEST(Poller, ReportsOneLineOfJson) {
  Station station(kOne);
  station.runner.plans["source-a"] = {1s, exit_of(3)};
  station.run_until(2s);
  ASSERT_EQ(station.reports.size(), 2u);
  EXPECT_EQ(station.reports[1].to_json(),
            R"({"event":"ended","service":"source-a","due_utc":"2027-01-15T08:00:00.000000Z",)"
            R"("start_utc":"2027-01-15T08:00:00.000000Z","missed":0,"status":"exit 3"})");
}

TEST(Poller, ALongRunIsFollowedByOneRunWithACount) {
  Station station(kOne);
  station.runner.plans["source-a"].duration = 35s;
  station.run_until(36s);
  EXPECT_THAT(
      station.lines(),
      ElementsAre("started source-a due 0 start 0", "overdue source-a due 30 start 0 never",
                  "ended source-a due 0 start 0 ok", "started source-a due 30 start 35 missed 2"));
}

TEST(Poller, ReportsEachInstantThatSkipDropped) {
  Station station(kSkipping);
  station.runner.plans["source-a"].duration = 35s;
  station.run_until(41s);
  EXPECT_THAT(station.lines(),
              ElementsAre("started source-a due 0 start 0", "overlapped source-a due 10",
                          "overlapped source-a due 20", "overlapped source-a due 30",
                          "overdue source-a due 30 start 0 never",
                          "ended source-a due 0 start 0 ok", "started source-a due 40 start 40"));
}

TEST(Poller, ReportsADroppedInstantAtThatInstant) {
  Station station(kSkipping);
  station.runner.plans["source-a"].duration = 1h;
  station.run_until(10s);
  EXPECT_EQ(station.lines().back(), "overlapped source-a due 10");
  EXPECT_EQ(station.poller.next_wake(), kStart + 20s);
  station.run_until(19s);
  EXPECT_EQ(station.lines().size(), 2u);
}

TEST(Poller, AManualRunUnderSkipDropsTheInstantsThatFollow) {
  Station station(kSkipping);
  station.run_until(4s);
  station.reports.clear();
  station.runner.plans["source-a"].duration = 8s;
  ASSERT_TRUE(station.poller.trigger(station.now(), "source-a").ok());
  station.run_until(20s);
  EXPECT_THAT(station.lines(),
              ElementsAre("started source-a due 4 start 4", "overlapped source-a due 10",
                          "ended source-a due 4 start 4 ok", "started source-a due 20 start 20"));
}

TEST(Poller, AStallUnderSkipReportsTheInstantsInOneTurn) {
  Station station(kSkipping);
  station.runner.plans["source-a"].duration = 1h;
  station.poller.turn(at(0s));
  station.reports.clear();
  station.poller.turn(at(20'005s));
  ASSERT_EQ(station.reports.size(), 1'001u) << "one of them reports that the service is overdue";
  EXPECT_EQ(station.lines()[0], "overlapped source-a due 10010 missed 1000");
  EXPECT_EQ(station.lines()[999], "overlapped source-a due 20000");
}

TEST(Poller, AReloadKeepsTheInstantsOfARunUnderSkip) {
  Station station(kSkipping);
  station.runner.plans["source-a"].duration = 45s;
  station.run_until(15s);
  station.reports.clear();
  ASSERT_TRUE(station
                  .load(R"({"services": {"source-a": {"interval": 25, "command": ["a"],
                                                      "overlap": "skip"}}})")
                  .ok());
  station.run_until(50s);
  EXPECT_THAT(station.lines(),
              ElementsAre("overlapped source-a due 25", "ended source-a due 0 start 0 ok",
                          "started source-a due 50 start 50"));
  ASSERT_TRUE(station.load(R"({"services": {}})").ok());
  station.reports.clear();
  station.run_until(200s);
  EXPECT_THAT(station.lines(), ElementsAre("ended source-a due 50 start 50 ok"));
}

TEST(Poller, AHundredTriggersStartOneRun) {
  Station station(kOne);
  station.run_until(1s);
  station.reports.clear();
  station.runner.plans["source-a"].duration = 2s;
  int started = 0;
  for (int i = 0; i < 100; ++i) {
    const absl::Status status = station.poller.trigger(station.now(), "source-a");
    started += status.ok() ? 1 : 0;
    EXPECT_EQ(status.message(), status.ok() ? "" : "service 'source-a' is running");
  }
  EXPECT_EQ(started, 1);
  station.run_until(11s);
  EXPECT_THAT(station.lines(),
              ElementsAre("started source-a due 1 start 1", "ended source-a due 1 start 1 ok",
                          "started source-a due 10 start 10"));
}

TEST(Poller, ADuePollWaitsForAScanOfTheSameService) {
  Station station(kOne);
  station.run_until(8s);
  station.reports.clear();
  station.runner.plans["source-a"].duration = 5s;
  absl::Status done = absl::UnknownError("");
  ASSERT_TRUE(station.poller
                  .run_with(station.now(), "source-a", {{"MODE", "scan"}},
                            [&](const absl::Status& status) { done = status; })
                  .ok());
  EXPECT_EQ(station.runner.launches.back().env.at("MODE"), "scan");
  station.run_until(14s);
  EXPECT_TRUE(done.ok());
  EXPECT_TRUE(station.runner.launches.back().env.empty());
  EXPECT_THAT(station.lines(),
              ElementsAre("started source-a due 8 start 8", "ended source-a due 8 start 8 ok",
                          "started source-a due 10 start 13"));
}

TEST(Poller, AStepOfUtcMovesNoRun) {
  Station station(kOne);
  for (int k = 0; k < 5; ++k) {
    const auto step = (k % 2 == 0 ? 1 : -1) * 3'600s;
    station.poller.turn(at(k * 10s, step));
    station.runner.end_due(station.poller, at(k * 10s, step));
    EXPECT_EQ(station.runner.launches.size(), static_cast<std::size_t>(k) + 1);
  }
}

TEST(Poller, TheEndOfARunHasTheTimesOfItsStart) {
  Station station(kOne);
  station.runner.plans["source-a"].duration = 3s;
  station.poller.turn(at(0s));
  station.runner.end_due(station.poller, at(3s, 3'600s));
  EXPECT_THAT(station.lines(),
              ElementsAre("started source-a due 0 start 0", "ended source-a due 0 start 0 ok"));
}

TEST(Poller, ReportsOnceThatAServiceIsOverdue) {
  Station station(kOne);
  station.run_until(5s);
  station.reports.clear();
  station.runner.plans["source-a"].outcome = exit_of(1, "first line\nno answer\n");
  station.run_until(65s);
  std::vector<std::string> overdue;
  for (const std::string& line : station.lines()) {
    if (line.starts_with("overdue")) overdue.push_back(line);
  }
  EXPECT_THAT(overdue, ElementsAre("overdue source-a due 30 start 30 overdue"));
  EXPECT_THAT(station.log.front(), "source-a: exit 1\n  first line\n  no answer");
  station.log.clear();
  station.runner.plans["source-a"].outcome = {};
  station.run_until(75s);
  EXPECT_THAT(station.log, ElementsAre("source-a: fresh again"));
}

TEST(Poller, ReportsAServiceThatNeverSucceeded) {
  Station station(kOne);
  station.runner.refused = {"source-a"};
  station.run_until(29s);
  EXPECT_THAT(station.lines().back(), "ended source-a due 20 start 20 not started");
  EXPECT_THAT(station.log.front(), "source-a: not started: no program");
  station.run_until(100s);
  int never = 0;
  for (const std::string& line : station.lines()) never += line.ends_with(" never") ? 1 : 0;
  EXPECT_EQ(never, 1);
}

// With Redis, the sign of life is what the source wrote there. Without it, the ends of the runs count.
TEST(Poller, TakesTheHealthOfRedisAndOfItsRunsWhileRedisIsLost) {
  Station station(kOne);
  const auto overdue = [&] {
    std::vector<std::string> found;
    for (const std::string& line : station.lines()) {
      if (line.starts_with("overdue")) found.push_back(line);
    }
    station.reports.clear();
    return found;
  };
  station.poller.watch_health(station.now(), false);
  station.run_until(100s);
  EXPECT_THAT(overdue(), IsEmpty()) << "only what Redis says counts";
  station.poller.note_success(station.now(), "source-a", kStart + 75s);
  station.run_until(106s);
  station.poller.report_overdue(station.now());
  EXPECT_THAT(overdue(), ElementsAre("overdue source-a due 105 start 100 overdue"));
  station.poller.report_overdue(station.now());
  EXPECT_THAT(overdue(), IsEmpty()) << "once each time that it begins";
  station.poller.note_success(station.now(), "source-a", kStart + 105s);
  EXPECT_THAT(station.log, ElementsAre("source-a: fresh again"));
  station.runner.plans["source-a"].outcome = exit_of(1);
  station.poller.watch_health(station.now(), true);
  station.run_until(135s);
  EXPECT_THAT(overdue(), IsEmpty()) << "the success that Redis told still counts";
  station.run_until(200s);
  EXPECT_THAT(overdue(), ElementsAre("overdue source-a due 135 start 130 overdue"));
  station.poller.watch_health(station.now(), false);
  station.poller.report_overdue(station.now());
  EXPECT_THAT(overdue(), IsEmpty()) << "it has been reported";
}

TEST(Poller, AServiceThatGetsAnIntervalLaterIsNotOverdueAtOnce) {
  Station station(R"({"services": {"source-a": {"command": ["a"]}}})");
  ASSERT_TRUE(station.poller.trigger(station.now(), "source-a").ok());
  station.run_until(100s);
  station.reports.clear();
  station.runner.plans["source-a"].duration = 1h;
  ASSERT_TRUE(station.load(kOne).ok());
  station.run_until(129s);
  EXPECT_THAT(station.lines(), ElementsAre("started source-a due 100 start 100"));
}

TEST(Poller, AFailedRunIsRetriedByItsBackoff) {
  Station station(R"({"services": {"source-a": {"interval": 100, "command": ["a"],
                      "retry": {"first": 2, "most": 60}}}})");
  station.runner.plans["source-a"].outcome = exit_of(1);
  station.run_until(7s);
  std::vector<std::string> started;
  for (const std::string& line : station.lines()) {
    if (line.starts_with("started")) started.push_back(line);
  }
  EXPECT_THAT(started,
              ElementsAre("started source-a due 0 start 0", "started source-a due 2 start 2",
                          "started source-a due 6 start 6"));
}

TEST(Poller, ARunThatTheOperatorStoppedIsNoFailure) {
  Station station(R"({"services": {"source-a": {"interval": 100, "command": ["a"],
                      "retry": {"first": 2, "most": 60}}}})");
  station.runner.plans["source-a"].duration = 50s;
  station.run_until(1s);
  ASSERT_TRUE(station.poller.stop(station.now(), "source-a", [](const absl::Status&) {}).ok());
  station.run_until(40s);
  EXPECT_THAT(station.lines(), ElementsAre("started source-a due 0 start 0",
                                           "ended source-a due 0 start 0 stopped"));
  EXPECT_THAT(station.log, IsEmpty());
  EXPECT_EQ(station.poller.totals().failures, 0);
  EXPECT_EQ(station.poller.totals().last_error, "");
  EXPECT_EQ(station.poller.totals().last_success, std::nullopt);
  const poller::ServiceView row = station.poller.view(station.now()).front();
  EXPECT_EQ(row.failures, 0);
  EXPECT_EQ(row.failures_in_a_row, 0);
}

TEST(Poller, RestartStopsAndStarts) {
  Station station(R"({"services": {"gateway": {"command": ["a"], "time_limit": null}}})");
  station.runner.plans["gateway"].duration = 24h;
  int done = 0;
  const auto count = [&](const absl::Status& status) { done += status.ok() ? 1 : 0; };
  ASSERT_TRUE(station.poller.restart(station.now(), "gateway", count).ok());
  EXPECT_EQ(done, 1);
  EXPECT_EQ(station.runner.launches.back().time_limit, std::nullopt);
  ASSERT_TRUE(station.poller.restart(station.now(), "gateway", count).ok());
  EXPECT_EQ(station.poller.restart(station.now(), "gateway", count).code(),
            absl::StatusCode::kFailedPrecondition);
  station.run_until(1s);
  EXPECT_EQ(done, 2);
  EXPECT_TRUE(station.poller.is_running("gateway"));
  EXPECT_THAT(station.lines(),
              ElementsAre("started gateway due 0 start 0", "ended gateway due 0 start 0 stopped",
                          "started gateway due 0 start 0"));
}

TEST(Poller, ComposeStartsAndStopsAContainer) {
  Station station(R"({"services": {"source-camera": {"kind": "compose"}}})");
  station.runner.plans["source-camera"].duration = 1s;
  std::vector<std::string> commands;
  absl::Status done;
  const auto keep = [&](const absl::Status& status) { done = status; };
  ASSERT_TRUE(station.poller.start(station.now(), "source-camera", keep).ok());
  station.run_until(2s);
  EXPECT_TRUE(station.poller.is_running("source-camera"));
  ASSERT_TRUE(station.poller.restart(station.now(), "source-camera", keep).ok());
  station.run_until(5s);
  ASSERT_TRUE(station.poller.stop(station.now(), "source-camera", keep).ok());
  station.run_until(7s);
  EXPECT_FALSE(station.poller.is_running("source-camera"));
  for (const poller::Launch& launch : station.runner.launches) {
    std::string line;
    for (const std::string& argument : launch.arguments) line += argument + " ";
    commands.push_back(line);
  }
  const char* const up = "docker compose --profile camera up -d source-camera ";
  const char* const stop = "docker compose --profile camera stop source-camera ";
  EXPECT_THAT(commands, ElementsAre(up, stop, up, stop));
  EXPECT_THAT(station.lines(), IsEmpty()) << "none of these is a run of a source";
}

TEST(Poller, StartsNothingAfterDrain) {
  Station station(kOne);
  station.runner.plans["source-a"].duration = 15s;
  station.run_until(1s);
  absl::Status done;
  ASSERT_TRUE(
      station.poller.restart(station.now(), "source-a", [&](const absl::Status& s) { done = s; })
          .ok());
  station.poller.drain();
  EXPECT_EQ(done.message(), "the poller is stopping");
  EXPECT_EQ(station.poller.trigger(station.now(), "source-a").message(), "the poller is stopping");
  EXPECT_FALSE(station.poller.idle());
  station.run_until(40s);
  EXPECT_TRUE(station.poller.idle());
  EXPECT_EQ(station.runner.launches.size(), 1u);
}

TEST(Poller, ANewConfigurationAddsRemovesAndChanges) {
  Station station(kOne);
  station.run_until(4s);
  ASSERT_TRUE(station
                  .load(R"({"services": {"source-b": {"interval": 30, "command": ["b"]},
                               "source-a": {"interval": 5, "command": ["a"]}}})")
                  .ok());
  station.reports.clear();
  station.run_until(6s);
  ASSERT_TRUE(
      station.load(R"({"services": {"source-b": {"interval": 30, "command": ["b"]}}})").ok());
  station.run_until(33s);
  EXPECT_THAT(station.lines(),
              ElementsAre("started source-b due 4 start 4", "ended source-b due 4 start 4 ok",
                          "started source-a due 5 start 5", "ended source-a due 5 start 5 ok"));
  EXPECT_FALSE(station.load(R"({"services": {"source-b": {"interval": 0}}})").ok());
  station.run_until(35s);
  EXPECT_EQ(station.lines().back(), "ended source-b due 34 start 34 ok");
}

}  // namespace
}  // namespace poller_test
