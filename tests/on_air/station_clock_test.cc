#include "station_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
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

TEST(StationClock, TellsAStepInALine) {
  const struct {
    TimeChange change;
    const char* line;
  } cases[] = {
      {{TimeChange::Kind::kStep, UtcTime(10s), UtcTime(13s)},
       "the clock is 3.000000 s slow, and is set (step)"},
      {{TimeChange::Kind::kLeap, UtcTime(10s), UtcTime(9s)},
       "the clock is 1.000000 s fast, and waits (leap)"},
      {{TimeChange::Kind::kSuspend, UtcTime(10s), UtcTime(8h + 10s)},
       "the clock is 28800.000000 s slow, and is set (suspend)"},
      {{TimeChange::Kind::kStep, UtcTime::max(), UtcTime::min()},
       "the clock is 9223372036.854776 s fast, and waits (step)"},
  };
  for (const auto& c : cases) EXPECT_EQ(step_text(c.change), c.line);
}

TEST(StationClock, TellsHowFarItIsTrusted) {
  const auto bounds = [](SyncState state) {
    return masterclock::bounds_around(UtcTime(1'000s), 120us, state);
  };
  EXPECT_EQ(trust_text(bounds(SyncState::kSynchronized)),
            "the time is synchronized, to 0.000120 s");
  EXPECT_EQ(trust_text(bounds(SyncState::kFreeRunning)), "the time is free-running, to 0.000120 s");
  EXPECT_EQ(trust_text({}), "the time is unknown");
  EXPECT_EQ(trust_text({{}, {}, SyncState::kDisrupted}), "the time is disrupted");
}

// As README shows it: chronyd steps the machine's clock.
TEST(StationClock, SaysWhatItCorrectsAndWhatItKnows) {
  ManualTimeSource machine(UtcTime(1'000s));
  auto made = std::make_unique<SimulatedSyncProvider>();
  SimulatedSyncProvider& chrony = *made;
  std::vector<std::string> said;
  StationClock clock(machine, std::move(made),
                     [&](const std::string& line) { said.push_back(line); });
  const auto second = [&](std::chrono::nanoseconds bound) {
    machine.advance(1s);
    chrony.set(
        {.state = SyncState::kSynchronized, .error_bound = bound, .as_of = machine.now_steady()});
    clock.refresh();
  };
  second(120us);
  second(125us);
  machine.step_utc(2'500ms);
  clock.refresh();
  EXPECT_EQ(clock.source().now_utc(), UtcTime(1'002s)) << "not before chronyd has said that it did";
  second(131us);
  EXPECT_EQ(clock.source().now_utc(), UtcTime(1'003s) + 2'500ms);
  EXPECT_THAT(said, ElementsAre("the time is synchronized, to 0.000120 s", "the time is disrupted",
                                "the clock is 2.500000 s slow, and is set (step)",
                                "the time is synchronized, to 0.000131 s"));
}

TEST(RealStationClock, AsksOfItself) {
  struct CountedProvider final : masterclock::SyncProvider {
    explicit CountedProvider(std::counting_semaphore<>& its_asked) : asked(its_asked) {}
    masterclock::SyncReading read() override {
      asked.release();
      return {};
    }
    std::counting_semaphore<>& asked;
  };
  std::counting_semaphore<> asked(0);
  ManualTimeSource machine(UtcTime(1'000s));
  StationClock clock(machine, std::make_unique<CountedProvider>(asked), [](const std::string&) {});
  clock.start();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(asked.try_acquire_for(1min)) << i;
}

}  // namespace
}  // namespace on_air::station_clock_test
