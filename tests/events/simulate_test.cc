#include "masterclock/events/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "masterclock/events/dispatcher.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::simulate_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};

class SimulateTest : public ::testing::Test {
 protected:
  void add(EventRequest request) {
    request.action = [this](const FiredEvent& event) {
      EXPECT_EQ(event.lateness, 0ns);
      dues_.push_back(event.due - kStart);
    };
    ASSERT_TRUE(scheduler_.schedule(std::move(request)).ok());
  }

  ManualTimeSource source_{kStart};
  EventScheduler scheduler_{source_};
  std::vector<std::chrono::nanoseconds> dues_;
};

TEST_F(SimulateTest, FiresEachEventAtItsDueTimeAndEndsAtTheEnd) {
  add({.due = kStart + 3h});
  add({.due = After{1h}, .repeat = Every{1h}});
  EXPECT_EQ(simulate_until(source_, scheduler_, kStart + 3h), 4u);
  EXPECT_THAT(dues_, ElementsAre(1h, 2h, 3h, 3h));
  EXPECT_EQ(source_.now_utc(), kStart + 3h);
  EXPECT_EQ(simulate_until(source_, scheduler_, kStart + 3h + 30min), 0u);
  EXPECT_EQ(source_.now_utc(), kStart + 3h + 30min);
}

TEST_F(SimulateTest, WithoutEventsTimePasses) {
  EXPECT_EQ(simulate_until(source_, scheduler_, kStart + 1h), 0u);
  EXPECT_EQ(source_.now_utc(), kStart + 1h);
  EXPECT_EQ(simulate_until(source_, scheduler_, kStart), 0u);
  EXPECT_EQ(source_.now_utc(), kStart + 1h) << "not back";
}

TEST_F(SimulateTest, ProgressReportsEachInstantAndMayStop) {
  add({.due = kStart + 1h, .repeat = Every{1h}});
  add({.due = kStart + 2h});
  std::vector<std::size_t> seen;
  const auto fired =
      simulate_until(source_, scheduler_, kStart + 24h, [&](const SimulationProgress& progress) {
        EXPECT_EQ(progress.now, source_.now_utc());
        seen.push_back(progress.fired);
        return seen.size() < 3;
      });
  EXPECT_EQ(fired, 4u);
  EXPECT_THAT(seen, ElementsAre(1u, 3u, 4u));
  EXPECT_EQ(source_.now_utc(), kStart + 3h) << "where it stopped";
}

TEST_F(SimulateTest, ADispatcherMayFire) {
  Dispatcher dispatcher(scheduler_);
  dispatcher.start();
  add({.due = kStart + 1s, .repeat = Every{1s}});
  EXPECT_EQ(simulate_until(source_, scheduler_, kStart + 100s), 100u);
  dispatcher.stop();
  EXPECT_EQ(dues_.size(), 100u);
}

TEST_F(SimulateTest, AnEventThatSchedulesItselfForNowDoesNotHoldItUp) {
  int ran = 0;
  std::function<void(const FiredEvent&)> again = [&](const FiredEvent&) {
    ++ran;
    (void)scheduler_.schedule({.due = After{0ns}, .action = again});
  };
  ASSERT_TRUE(scheduler_.schedule({.due = kStart, .action = again}).ok());
  simulate_until(source_, scheduler_, kStart + 3ns);
  EXPECT_EQ(ran, 4 * 64 + 3) << "the first trigger of a later instant fires two";
  EXPECT_EQ(source_.now_utc(), kStart + 3ns);
}

TEST_F(SimulateTest, AnActionMayStepTheClock) {
  ASSERT_TRUE(scheduler_
                  .schedule({.due = kStart + 1h,
                             .action = [&](const FiredEvent&) { source_.step_utc(-30min); }})
                  .ok());
  add({.due = kStart + 45min, .repeat = Every{1h}});
  EXPECT_EQ(simulate_until(source_, scheduler_, kStart + 2h), 3u);
  EXPECT_THAT(dues_, ElementsAre(45min, 105min));
}

}  // namespace
}  // namespace masterclock::simulate_test
