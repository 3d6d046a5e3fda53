// Compares clocks, displays and periods with the group `count_clock` of the vectors.
#include "clock_vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "masterclock/timers/clock_display.h"
#include "masterclock/timers/clock_presets.h"
#include "masterclock/timers/count_clock.h"

namespace masterclock::clock_vectors_test {
namespace {

using std::chrono::nanoseconds;
using timer_vectors::Json;
using timer_vectors::ns;

class CountClockVector : public ::testing::TestWithParam<Json> {};

TEST_P(CountClockVector, Agrees) {
  const Json& one = GetParam();
  SCOPED_TRACE(one.at("name").get<std::string>());
  absl::StatusOr<CountClock> clock = CountClock::make(timer_vectors::rules_of(one.at("rules")));
  ASSERT_EQ(clock.ok(), one.at("make") == "ok") << clock.status();
  if (!clock.ok()) return;
  ClockFormat format{ns(one.at("rules").at("tenths_below_ns"))};
  std::vector<std::int64_t> expiries;
  const auto note = [&](const absl::StatusOr<ClockChange>& change) {
    if (change.ok() && change->expired) {
      expiries.push_back(change->expired->time_since_epoch().count());
    }
  };
  SteadyTime last{};
  for (const Json& step : one.at("steps")) {
    SCOPED_TRACE(step.dump());
    const SteadyTime at = timer_vectors::steady(step.at("at_ns"));
    last = std::max(last, at);
    if (step.contains("expect")) {
      const Json& expect = step.at("expect");
      const ClockReading reading = clock->reading(at);
      EXPECT_EQ(reading.value, ns(expect.at("value_ns")));
      EXPECT_EQ(to_string(reading.state), expect.at("state").get<std::string>());
      EXPECT_EQ(reading.at_end, expect.at("at_end").get<bool>());
      const auto expiry = timer_vectors::ns_or_none(expect, "expires_at_ns");
      EXPECT_EQ(reading.expires_at, expiry ? std::optional(SteadyTime(*expiry)) : std::nullopt);
      EXPECT_EQ(clock_text(reading.value, clock->rules().direction, format),
                expect.at("display").get<std::string>());
    } else if (step.at("do") != "step_utc") {
      const auto change = clock->apply(at, timer_vectors::command_of(step));
      EXPECT_EQ(timer_vectors::result_of(change), step.at("result").get<std::string>());
      note(change);
      if (step.at("do") == "rules") {
        format.tenths_below = ns(step.at("rules").at("tenths_below_ns"));
      }
    }
  }
  if (!one.contains("expiries_ns")) return;
  // The vector counts the ends up to its last step.
  note(clock->apply(last, ClockCommand::pause()));
  EXPECT_EQ(expiries, one.at("expiries_ns").get<std::vector<std::int64_t>>());
}

INSTANTIATE_TEST_SUITE_P(CountClock, CountClockVector,
                         ::testing::ValuesIn(timer_vectors::cases("count_clock", "run")),
                         timer_vectors::name_of_case);

TEST(ClockDisplayVectors, Agree) {
  for (const Json& one : timer_vectors::cases("count_clock", "display")) {
    for (const Json& row : one.at("rows")) {
      EXPECT_EQ(clock_text(ns(row.at("value_ns")), timer_vectors::direction_of(row.at("direction")),
                           {ns(row.at("tenths_below_ns"))}),
                row.at("expect").get<std::string>())
          << row;
    }
  }
}

TEST(PeriodClockVectors, Agree) {
  for (const Json& one : timer_vectors::cases("count_clock", "period_rules")) {
    const ClockRules rules = period_clock(
        timer_vectors::direction_of(one.at("direction")), ns(one.at("base_ns")), one.at("period"),
        one.at("variant") == "cumulative" ? PeriodCount::kCumulative : PeriodCount::kPerPeriod);
    EXPECT_EQ(rules.initial, ns(one.at("expect").at("initial_ns"))) << one;
    EXPECT_EQ(rules.maximum, ns(one.at("expect").at("maximum_ns"))) << one;
  }
}

}  // namespace
}  // namespace masterclock::clock_vectors_test
