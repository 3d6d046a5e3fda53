#include "station_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"

namespace on_air::station_clock_test {
namespace {

using masterclock::SimulatedSyncProvider;
using masterclock::SyncState;
using masterclock::TimeChange;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

TEST(StationClock, ReportsAStepInOneLine) {
  const struct {
    TimeChange change;
    const char* plain;
    const char* disciplined;
  } cases[] = {
      {{TimeChange::Kind::kStep, UtcTime(10s), UtcTime(13s)},
       "the clock was set forward by 3.000000 s (step)",
       "the clock was set forward by 3.000000 s (step)"},
      {{TimeChange::Kind::kLeap, UtcTime(10s), UtcTime(9s)},
       "the clock was set back by 1.000000 s (leap)",
       "the clock is 1.000000 s fast and waits for UTC (leap)"},
      {{TimeChange::Kind::kSuspend, UtcTime(10s), UtcTime(8h + 10s)},
       "the clock was set forward by 28800.000000 s (suspend)",
       "the clock was set forward by 28800.000000 s (suspend)"},
      {{TimeChange::Kind::kStep, UtcTime::max(), UtcTime::min()},
       "the clock was set back by 9223372036.854776 s (step)",
       "the clock is 9223372036.854776 s fast and waits for UTC (step)"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(step_text(c.change), c.plain);
    EXPECT_EQ(correction_text(c.change), c.disciplined);
  }
}

TEST(StationClock, ReportsTrustInOneLine) {
  const auto bounds = [](SyncState state) {
    return masterclock::bounds_around(UtcTime(1'000s), 120us, state);
  };
  EXPECT_EQ(trust_text(bounds(SyncState::kSynchronized)),
            "the time is synchronized, within 0.000120 s");
  EXPECT_EQ(trust_text(bounds(SyncState::kFreeRunning)),
            "the time is free-running, within 0.000120 s");
  EXPECT_EQ(trust_text({}), "the time is unknown");
  EXPECT_EQ(trust_text({{}, {}, SyncState::kDisrupted}), "the time is disrupted");
}

// The output in examples/on_air/README.md: chronyd steps the machine's clock.
TEST(StationClock, ReportsCorrectionsAndTrust) {
  ManualTimeSource machine(UtcTime(1'000s));
  auto made = std::make_unique<SimulatedSyncProvider>();
  SimulatedSyncProvider& chrony = *made;
  std::vector<std::string> said;
  StationClock clock(machine, std::move(made),
                     [&](const std::string& line) { said.push_back(line); });
  // `advance` polls after the second has passed.
  const auto second = [&](std::chrono::nanoseconds bound) {
    chrony.set({.state = SyncState::kSynchronized,
                .error_bound = bound,
                .as_of = machine.now_steady() + 1s});
    machine.advance(1s);
  };
  clock.start();
  said.clear();
  second(120us);
  second(125us);
  machine.step_utc(2'500ms);
  machine.advance(1s);
  EXPECT_EQ(clock.source().now_utc(), UtcTime(1'003s)) << "chronyd has not reported the step yet";
  second(131us);
  EXPECT_EQ(clock.source().now_utc(), UtcTime(1'004s) + 2'500ms);
  EXPECT_THAT(said,
              ElementsAre("the time is synchronized, within 0.000120 s", "the time is disrupted",
                          "the clock was set forward by 2.500000 s (step)",
                          "the time is synchronized, within 0.000131 s"));
}

}  // namespace
}  // namespace on_air::station_clock_test
