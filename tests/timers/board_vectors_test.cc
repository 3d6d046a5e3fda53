// Compares ClockBoard with the group `orchestrator` of the vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "clock_vectors.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/timers/clock_board.h"
#include "masterclock/timers/clock_display.h"

namespace masterclock::board_vectors_test {
namespace {

using std::chrono::nanoseconds;
using timer_vectors::Json;
using timer_vectors::ns;
using namespace std::chrono_literals;

// The fields of a report that a vector has.
using Row = std::tuple<std::int64_t, std::string, std::int64_t, std::int64_t, std::int64_t,
                       std::string, std::int64_t>;

class ClockBoardVector : public ::testing::TestWithParam<Json> {};

TEST_P(ClockBoardVector, Agrees) {
  const Json& one = GetParam();
  SCOPED_TRACE(one.at("name").get<std::string>());
  testing::ManualTimeSource source(UtcTime(1'800'000'000s));
  EventScheduler scheduler(source);
  std::map<ClockKey, std::vector<Row>> reports, expected;
  std::map<ClockKey, CountDirection> directions;
  std::uint64_t revision = 0;
  ClockBoard board(scheduler, [&](const ClockReport& report) {
    EXPECT_GT(report.revision, revision);
    revision = report.revision;
    reports[report.key].emplace_back(report.at.time_since_epoch().count(), to_string(report.reason),
                                     report.due.time_since_epoch().count(),
                                     report.reading.value.count(),
                                     shown_seconds(report.reading.value, directions.at(report.key)),
                                     to_string(report.reading.state), report.missed);
  });
  for (const Json& clock : one.at("clocks")) {
    const ClockKey key{clock.at("kind"), clock.at("id")};
    directions[key] = timer_vectors::direction_of(clock.at("rules").at("direction"));
    ASSERT_TRUE(board.add(key, timer_vectors::rules_of(clock.at("rules"))).ok());
  }
  const bool exact = one.at("dispatch") == "exact";
  const auto advance_to = [&](nanoseconds at) {
    while (exact) {
      const auto left = scheduler.until_next();
      if (!left || source.now_steady() + *left > SteadyTime(at)) break;
      source.advance(std::max(*left, 0ns));
      scheduler.run_due();
    }
    source.advance(SteadyTime(at) - source.now_steady());
  };
  for (const Json& step : one.at("steps")) {
    advance_to(ns(step.at("at_ns")));
    if (step.contains("trigger")) {
      scheduler.run_due();
    } else if (step.at("do") == "step_utc") {
      source.step_utc(ns(step.at("by_ns")));
    } else {
      const auto change =
          board.apply({step.at("kind"), step.at("id")}, timer_vectors::command_of(step));
      EXPECT_EQ(timer_vectors::result_of(change), step.at("result").get<std::string>()) << step;
    }
  }
  if (exact) advance_to(ns(one.at("until_ns")));
  for (const Json& report : one.at("expect")) {
    expected[{report.at("kind"), report.at("id")}].emplace_back(
        report.at("at_ns"), report.at("reason"), report.at("due_ns"), report.at("value_ns"),
        report.at("shown_s"), report.at("state"), report.at("missed"));
  }
  EXPECT_EQ(reports, expected);
}

INSTANTIATE_TEST_SUITE_P(Orchestrator, ClockBoardVector,
                         ::testing::ValuesIn(timer_vectors::cases("orchestrator")),
                         timer_vectors::name_of_case);

}  // namespace
}  // namespace masterclock::board_vectors_test
