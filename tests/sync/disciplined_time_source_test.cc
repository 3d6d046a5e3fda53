#include "masterclock/sync/disciplined_time_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::disciplined_time_source_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

class DisciplinedTest : public ::testing::Test {
 protected:
  void say(nanoseconds correction) {
    provider_.set({.state = SyncState::kSynchronized,
                   .error_bound = 1h,  // so that nothing contradicts what was said before
                   .as_of = machine_.now_steady(),
                   .correction = correction});
    source_.refresh();
  }
  TimeSubscription listen() {
    return source_.subscribe([this](const TimeChange& change) {
      if (change.kind == TimeChange::Kind::kAdvance) return;
      log_.push_back(std::to_string(round<milliseconds>(change.size()).count()));
    });
  }

  std::vector<std::string> log_;
  testing::ManualTimeSource machine_{kNoon, SteadyTime(1h)};
  SimulatedSyncProvider provider_;
  DisciplinedTimeSource source_{machine_, provider_};
  const TimeSubscription listening_ = listen();
};

TEST_F(DisciplinedTest, StartsAtWhatTheSourceBeneathReads) {
  EXPECT_EQ(source_.now_utc(), kNoon);
  EXPECT_EQ(source_.now_steady(), SteadyTime(1h));
  machine_.advance(1s);
  EXPECT_EQ(source_.now_utc(), kNoon + 1s);
  EXPECT_EQ(source_.remaining(), 0s);
}

TEST_F(DisciplinedTest, SlewsWhatIsSmall) {
  for (const nanoseconds error : {nanoseconds(128ms), nanoseconds(-128ms)}) {
    say(error);
    const nanoseconds sign = error / (128ms / 1ns);
    const nanoseconds before = source_.remaining();
    machine_.advance(100s);
    EXPECT_EQ(before - source_.remaining(), 50ms * sign.count()) << "500 ppm for 100 s";
    machine_.advance(156s);
    EXPECT_EQ(source_.now_utc(), machine_.now_utc() + error) << "and then it is right";
    machine_.advance(1h);
    EXPECT_EQ(source_.now_utc(), machine_.now_utc() + error) << "and stays right";
    EXPECT_TRUE(log_.empty());
    say(0ns);
    machine_.advance(1h);
  }
}

TEST_F(DisciplinedTest, StepsForwardAtOnceAndAnnouncesIt) {
  say(129ms);
  EXPECT_EQ(source_.now_utc(), kNoon + 129ms);
  EXPECT_EQ(log_, (std::vector<std::string>{"129"}));
}

TEST_F(DisciplinedTest, HoldsStillRatherThanRunBackward) {
  say(-500ms);
  EXPECT_EQ(log_, (std::vector<std::string>{"-500"}));
  const UtcTime held = source_.now_utc();
  EXPECT_EQ(held, kNoon + 1us) << "a moment on, for whoever was reading";
  machine_.advance(100ms);
  EXPECT_EQ(source_.now_utc(), held);
  machine_.advance(400ms + 1us);
  EXPECT_EQ(source_.now_utc(), held);
  machine_.advance(1s);
  EXPECT_EQ(source_.now_utc(), machine_.now_utc() - 500ms) << "and on with UTC";
}

TEST_F(DisciplinedTest, IsToldOfOneHoldOnce) {
  say(-500ms);
  machine_.advance(100ms);
  say(-500ms);
  EXPECT_EQ(log_, (std::vector<std::string>{"-500"}));
  machine_.advance(1s);
  say(-1s);
  EXPECT_EQ(log_.size(), 2u) << "another one is";
}

// Asked ten times a second as well: what is left of a hold is not slewed, which would take minutes.
TEST_F(DisciplinedTest, AHoldLastsToItsEnd) {
  say(-500ms);
  const UtcTime held = source_.now_utc();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(source_.now_utc(), held) << i;
    machine_.advance(100ms);
    say(-500ms);
  }
  machine_.advance(100ms);
  EXPECT_EQ(source_.now_utc(), machine_.now_utc() - 500ms);
  EXPECT_EQ(source_.remaining(), 0ns);
  EXPECT_EQ(log_.size(), 1u);
}

TEST_F(DisciplinedTest, TellsOfAStepBackInTheVeryMomentInWhichItWasRight) {
  say(0ns);
  say(-500ms);
  EXPECT_EQ(log_, (std::vector<std::string>{"-500"}));
}

TEST_F(DisciplinedTest, TellsAgainWhenUtcIsElsewhereWhileItHolds) {
  const struct {
    nanoseconds correction;
    std::vector<std::string> announced;
  } cases[] = {
      {-10s, {"-10000"}}, {-10s - 100ms, {}},  // by no step
      {-13s, {"-13000"}},                      // later than announced
      {-5s, {"-5000"}},                        // and sooner
      {-100ms, {}},                            // little enough to be slewed away
      {3s, {"3000"}},                          // it had been slow all along
  };
  for (const auto& c : cases) {
    log_.clear();
    say(c.correction);
    EXPECT_EQ(log_, c.announced) << c.correction.count();
  }
  EXPECT_GE(source_.now_utc(), kNoon + 3s);
}

TEST_F(DisciplinedTest, AListenerMayRefreshAndMayThrow) {
  const auto refreshing = source_.subscribe([&](const TimeChange&) { source_.refresh(); });
  say(3s);
  EXPECT_EQ(log_, (std::vector<std::string>{"3000"}));
  {
    const auto throwing =
        source_.subscribe([&](const TimeChange&) { throw std::runtime_error("a listener's"); });
    EXPECT_THROW(say(6s), std::runtime_error);
  }
  log_.clear();
  say(9s);
  EXPECT_EQ(log_, (std::vector<std::string>{"3000"})) << "it goes on";
}

TEST(DisciplinedTimeSource, IsSetBackWhereThatIsAskedFor) {
  testing::ManualTimeSource machine(kNoon);
  SimulatedSyncProvider provider;
  DisciplineOptions options;
  options.backward = BackwardStep::kStep;
  DisciplinedTimeSource source(machine, provider, options);
  provider.set({.state = SyncState::kSynchronized, .error_bound = 1s, .correction = -500ms});
  source.refresh();
  EXPECT_EQ(source.now_utc(), kNoon - 500ms);
}

// CasparCG/server#1233: set back, and everything froze. Here the step never arrives.
TEST_F(DisciplinedTest, AStepOfTheClockBeneathDoesNotReachIt) {
  say(0ns);
  for (const nanoseconds step : {nanoseconds(3s), nanoseconds(-7s), nanoseconds(24h)}) {
    const UtcTime before = source_.now_utc();
    machine_.step_utc(step);
    EXPECT_EQ(source_.now_utc(), before);
    EXPECT_EQ(source_.now_bounded().state, SyncState::kDisrupted);
    machine_.advance(1s);
    EXPECT_EQ(source_.now_utc(), before + 1s);
    say(before + 1s - machine_.now_utc());
    EXPECT_EQ(source_.now_utc(), before + 1s);
    EXPECT_EQ(source_.now_bounded().state, SyncState::kSynchronized);
  }
  EXPECT_TRUE(log_.empty());
}

TEST_F(DisciplinedTest, ASchedulerOnItNeitherLosesNorRepeatsAnEvent) {
  say(0ns);
  EventScheduler scheduler(source_);
  for (int i = 1; i <= 60; ++i) {
    EventRequest request;
    request.id = std::to_string(i);
    request.due = kNoon + seconds(i);
    ASSERT_TRUE(scheduler.schedule(std::move(request)).ok());
  }
  std::vector<std::string> fired;
  for (int i = 1; i <= 60; ++i) {
    machine_.advance(1s);
    if (i == 20) machine_.step_utc(-30s);
    if (i == 40) machine_.step_utc(45s);
    for (const FiredEvent& event : scheduler.trigger()) {
      EXPECT_EQ(event.lateness, 0s);
      fired.push_back(event.id);
    }
    ASSERT_EQ(fired.size(), static_cast<std::size_t>(i));
    EXPECT_EQ(fired.back(), std::to_string(i));
  }
}

TEST_F(DisciplinedTest, WithoutABoundItFollowsTheUnderlyingClock) {
  machine_.step_utc(10s);
  EXPECT_EQ(source_.now_utc(), kNoon + 10s) << "a step forward, heard of and followed";
  machine_.step_utc(-1s);
  EXPECT_GE(source_.now_utc(), kNoon + 10s) << "held";
  machine_.advance(2s);
  EXPECT_EQ(source_.now_utc(), machine_.now_utc());
}

// The provider has spoken once: from then on the bound grows by the stated drift, while the clock goes on.
TEST(DisciplinedTimeSource, WidensItsBoundInHoldover) {
  testing::ManualTimeSource machine(kNoon);
  SimulatedSyncProvider provider;
  DisciplinedTimeSource source(machine, provider, {.holdover = {.drift = drift_ppm(1)}});
  provider.set({.state = SyncState::kSynchronized, .error_bound = 10us});
  source.refresh();
  provider.set({});  // silent
  const struct {
    seconds age;
    microseconds bound;
  } cases[] = {{2s, 12us}, {4s, 14us}, {8s, 18us}, {10s, 20us}};
  for (const auto& c : cases) {
    machine.advance(c.age - machine.now_steady().time_since_epoch());
    source.refresh();
    EXPECT_EQ(source.now_utc(), kNoon + c.age);
    const TimeBounds bounds = source.now_bounded();
    EXPECT_EQ(bounds.earliest, kNoon + c.age - c.bound);
    EXPECT_EQ(bounds.latest, kNoon + c.age + c.bound);
    EXPECT_EQ(bounds.state, SyncState::kFreeRunning);
  }
}

TEST(DisciplinedTimeSource, TheThresholdHoldsToTheNanosecond) {
  const struct {
    nanoseconds error;
    bool step;
  } cases[] = {{128ms, false}, {128ms + 1ns, true}, {-128ms, false}, {-128ms - 1ns, true}};
  for (const auto& c : cases) {
    testing::ManualTimeSource machine(kNoon);
    SimulatedSyncProvider provider;
    DisciplinedTimeSource source(machine, provider);
    int announced = 0;
    const auto listening = source.subscribe([&](const TimeChange&) { ++announced; });
    provider.set({.state = SyncState::kSynchronized, .error_bound = 1s, .correction = c.error});
    source.refresh();
    EXPECT_EQ(announced, c.step ? 1 : 0) << c.error.count();
  }
}

// An announcement has from, to and kind.
TEST(DisciplinedTimeSource, SaysWhatKindOfJumpItWas) {
  using Kind = TimeChange::Kind;
  const struct {
    const char* name;
    void (*happens)(testing::ManualTimeSource&);
    Kind kind;
    nanoseconds size;
  } cases[] = {
      {"set forward", [](auto& machine) { machine.step_utc(3s); }, Kind::kStep, 3s},
      {"set back", [](auto& machine) { machine.step_utc(-3s); }, Kind::kStep, -3s},
      {"it slept", [](auto& machine) { (void)machine.suspend(8h); }, Kind::kSuspend, 8h},
      {"a leap second", [](auto& machine) { machine.insert_leap_second(); }, Kind::kLeap, -1s},
  };
  for (const bool provider_knows : {false, true}) {
    for (const auto& c : cases) {
      SCOPED_TRACE(std::string(c.name) + (provider_knows ? ", with a provider" : ", without"));
      testing::ManualTimeSource machine(kNoon);
      SimulatedSyncProvider provider;
      DisciplinedTimeSource source(machine, provider);
      std::vector<TimeChange> announced;
      const auto listening =
          source.subscribe([&](const TimeChange& change) { announced.push_back(change); });
      const auto say = [&] {
        if (provider_knows) {
          provider.set({.state = SyncState::kSynchronized,
                        .error_bound = 1ms,
                        .as_of = machine.now_steady()});
        }
        source.refresh();
      };
      say();
      machine.drift(1s, 1s);
      announced.clear();
      c.happens(machine);
      // A daemon that follows true time takes a while until it speaks, and is not contradicted.
      machine.advance(10min);
      announced.erase(std::remove_if(announced.begin(), announced.end(),
                                     [](const TimeChange& t) { return t.kind == Kind::kAdvance; }),
                      announced.end());
      say();
      for (int i = 0; i < 700 && announced.empty(); ++i) {
        machine.drift(1s, 1s);
        announced.erase(
            std::remove_if(announced.begin(), announced.end(),
                           [](const TimeChange& t) { return t.kind == Kind::kAdvance; }),
            announced.end());
        say();
      }
      ASSERT_EQ(announced.size(), 1u);
      EXPECT_EQ(announced[0].kind, c.kind);
      EXPECT_EQ(announced[0].size(), c.size);
      announced.clear();
      provider.set({.state = SyncState::kSynchronized,
                    .error_bound = 1s,
                    .as_of = machine.now_steady(),
                    .correction = 900ms});
      machine.advance(1h);
      announced.clear();
      provider.set({.state = SyncState::kSynchronized,
                    .error_bound = 1s,
                    .as_of = machine.now_steady(),
                    .correction = 900ms});
      source.refresh();
      ASSERT_EQ(announced.size(), 1u);
      EXPECT_EQ(announced[0].kind, Kind::kStep) << "the next one is no longer of that kind";
    }
  }
}

TEST_F(DisciplinedTest, PassesOnThatSimulatedTimeMoved) {
  int heard = 0;
  const auto subscription = source_.subscribe([&](const TimeChange& change) {
    EXPECT_EQ(change.kind, TimeChange::Kind::kAdvance);
    EXPECT_EQ(change.to, kNoon + 5s);
    EXPECT_EQ(change.size(), 5s);
    ++heard;
  });
  machine_.advance(5s);
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace masterclock::disciplined_time_source_test
