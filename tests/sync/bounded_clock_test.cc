#include "masterclock/sync/bounded_clock.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "masterclock/master_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/counting_time_source.h"

namespace masterclock::bounded_clock_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

class BoundedClockTest : public ::testing::Test {
 protected:
  // The provider says so of this moment, and is heard.
  void say(SyncState state, nanoseconds bound = nanoseconds::max(), nanoseconds correction = 0ns) {
    provider_.set({.state = state,
                   .error_bound = bound,
                   .as_of = source_.now_steady(),
                   .correction = correction});
    clock_.refresh();
  }
  void expect_nothing_known(SyncState state, const std::string& why) const {
    const TimeBounds bounds = clock_.now_bounded();
    EXPECT_EQ(bounds.state, state) << why;
    EXPECT_EQ(bounds.earliest, UtcTime::min()) << why;
    EXPECT_EQ(bounds.latest, UtcTime::max()) << why;
  }
  void expect_around_now(SyncState state, nanoseconds bound, const std::string& why) const {
    const TimeBounds bounds = clock_.now_bounded();
    EXPECT_EQ(bounds.state, state) << why;
    EXPECT_EQ(bounds.earliest, source_.now_utc() - bound) << why;
    EXPECT_EQ(bounds.latest, source_.now_utc() + bound) << why;
  }

  testing::ManualTimeSource source_{kNoon, SteadyTime(1h)};
  SimulatedSyncProvider provider_;
  BoundedClock clock_{source_, &provider_, {.drift = drift_ppm(1)}};
};

TEST_F(BoundedClockTest, KnowsNothingUntilToldSomething) {
  expect_nothing_known(SyncState::kUnknown, "never refreshed");
  clock_.refresh();
  expect_nothing_known(SyncState::kUnknown, "the provider does not know either");
  BoundedClock alone(source_);
  alone.refresh();
  EXPECT_EQ(alone.now_bounded().state, SyncState::kUnknown);
}

// An interval made of it would end before it begins, and `require` would let anybody pass.
TEST_F(BoundedClockTest, ABoundBelowNoughtIsNone) {
  for (const nanoseconds bound : {-1ns, nanoseconds::min()}) {
    say(SyncState::kSynchronized, bound);
    expect_nothing_known(SyncState::kUnknown, std::to_string(bound.count()));
    EXPECT_TRUE(absl::IsUnavailable(clock_.now_bounded().require(1h)));
  }
  say(SyncState::kSynchronized, 10us);
  source_.advance(2s);
  say(SyncState::kSynchronized, -1ns);
  expect_around_now(SyncState::kFreeRunning, 12us, "what was said before it is held over");
}

TEST_F(BoundedClockTest, AReadingFromTheBeginningOfTimeIsTooOld) {
  for (int i = 0; i < 2; ++i) {
    provider_.set(
        {.state = SyncState::kSynchronized, .error_bound = 10us, .as_of = SteadyTime::min()});
    clock_.refresh();
    expect_nothing_known(SyncState::kUnknown, "held over for all of time");
    source_.advance(1s);
  }
}

TEST_F(BoundedClockTest, TheBoundGrowsByTheDrift) {
  say(SyncState::kSynchronized, 10us);
  expect_around_now(SyncState::kSynchronized, 10us, "at once");
  const struct {
    seconds wait;
    microseconds bound;
  } cases[] = {{2s, 12us}, {2s, 14us}, {4s, 18us}, {2s, 20us}};
  for (const auto& c : cases) {
    source_.advance(c.wait);
    expect_around_now(SyncState::kSynchronized, c.bound, std::to_string(c.bound.count()) + " us");
    EXPECT_TRUE(clock_.now_bounded().require(c.bound).ok());
    EXPECT_FALSE(clock_.now_bounded().require(c.bound - 1ns).ok());
  }
}

TEST_F(BoundedClockTest, AReadingThatIsOldAlreadyIsWiderAlready) {
  provider_.set(
      {.state = SyncState::kSynchronized, .error_bound = 10us, .as_of = source_.now_steady() - 8s});
  clock_.refresh();
  expect_around_now(SyncState::kSynchronized, 18us, "eight seconds old");
}

TEST_F(BoundedClockTest, ABoundThatIsNotRenewedIsForgotten) {
  say(SyncState::kSynchronized, 10us);
  source_.advance(16s);
  expect_around_now(SyncState::kSynchronized, 26us, "fresh to the last nanosecond");
  source_.advance(1ns);
  EXPECT_EQ(clock_.now_bounded().state, SyncState::kFreeRunning);
  source_.advance(24h - 16s - 1ns);
  EXPECT_EQ(clock_.now_bounded().state, SyncState::kFreeRunning);
  source_.advance(1ns);
  expect_nothing_known(SyncState::kUnknown, "nothing said for a day");
}

TEST_F(BoundedClockTest, AProviderThatFallsSilentLeavesAFreeRunningClock) {
  say(SyncState::kSynchronized, 10us);
  source_.advance(5s);
  say(SyncState::kUnknown);
  expect_around_now(SyncState::kFreeRunning, 15us, "held over");
  source_.advance(5s);
  clock_.refresh();
  expect_around_now(SyncState::kFreeRunning, 20us, "and still as old as what was said");
  say(SyncState::kSynchronized, 3us);
  expect_around_now(SyncState::kSynchronized, 3us, "back again");
  say(SyncState::kDisrupted);
  expect_nothing_known(SyncState::kDisrupted, "it says so itself");
}

TEST_F(BoundedClockTest, TheProvidersCorrectionMovesTheInterval) {
  say(SyncState::kSynchronized, 10us, -3ms);
  EXPECT_EQ(clock_.now_bounded().latest, kNoon - 3ms + 10us);
  EXPECT_EQ(clock_.now_bounded().earliest, kNoon - 3ms - 10us);
}

TEST_F(BoundedClockTest, AJumpIsNoticedAndOutlivedOnlyByWhatIsSaidAfterIt) {
  const struct {
    const char* name;
    std::function<void(testing::ManualTimeSource&)> happens;
  } cases[] = {
      {"a step forward", [](auto& source) { source.step_utc(1s); }},
      {"a step back", [](auto& source) { source.step_utc(-1s); }},
      {"a suspended machine", [](auto& source) { source.suspend(8h); }},
      {"the end of the range", [](auto& source) { source.set_utc(UtcTime::max()); }},
      {"the beginning of the range", [](auto& source) { source.set_utc(UtcTime::min()); }},
  };
  for (const auto& c : cases) {
    source_.set_utc(kNoon);
    source_.advance(1s);
    clock_.refresh();
    source_.advance(1s);
    say(SyncState::kSynchronized, 2h);  // wide enough to agree with what was before
    say(SyncState::kSynchronized, 10us);
    ASSERT_EQ(clock_.now_bounded().state, SyncState::kSynchronized) << c.name;
    c.happens(source_);
    expect_nothing_known(SyncState::kDisrupted, std::string(c.name) + ": noticed by the reader");
    source_.advance(1s);
    clock_.refresh();
    expect_nothing_known(SyncState::kDisrupted, std::string(c.name) + ": what was said is older");
    source_.set_utc(kNoon);
    clock_.refresh();
  }
}

TEST_F(BoundedClockTest, AStepThatCorrectsTheClockIsBelievedOnceItIsConfirmed) {
  say(SyncState::kFreeRunning, 2s);  // the clock is a second slow, within what was said
  source_.step_utc(1s);
  clock_.refresh();
  expect_nothing_known(SyncState::kDisrupted, "said before the step");
  source_.advance(1s);
  say(SyncState::kSynchronized, 10us);
  expect_around_now(SyncState::kSynchronized, 10us, "said after the step");
}

TEST_F(BoundedClockTest, ASmallStepDoesNotMoveTheInterval) {
  say(SyncState::kSynchronized, 10us);
  source_.step_utc(15ms);
  EXPECT_TRUE(clock_.now_bounded().contains(kNoon)) << "true time did not jump";
  EXPECT_FALSE(clock_.now_bounded().contains(kNoon + 15ms));
}

TEST_F(BoundedClockTest, ADaemonThatLiesIsNotBelievedForAWhile) {
  say(SyncState::kSynchronized, 10us);
  source_.advance(1s);
  say(SyncState::kSynchronized, 10us, 5ms);
  expect_nothing_known(SyncState::kDisrupted, "contradicts what it said a second ago");
  source_.advance(1s);
  say(SyncState::kSynchronized, 10us);
  expect_around_now(SyncState::kSynchronized, 10us, "the truth again");
  say(SyncState::kSynchronized, 10us, 5ms);
  source_.advance(10min - 1ns);
  say(SyncState::kSynchronized, 10us, 5ms);
  expect_nothing_known(SyncState::kDisrupted, "ten minutes of it, less a nanosecond");
  source_.advance(1ns);
  say(SyncState::kSynchronized, 10us, 5ms);
  EXPECT_EQ(clock_.now_bounded().earliest, source_.now_utc() + 5ms - 10us) << "believed after all";
}

TEST_F(BoundedClockTest, NoReadingAsksTheProvider) {
  say(SyncState::kSynchronized, 10us);
  const auto asked = provider_.asked();
  for (int i = 0; i < 100; ++i) (void)clock_.now_bounded();
  EXPECT_EQ(provider_.asked(), asked);
}

// A source on which the reading thread is preempted for as long as `asleep` after a reading of UTC.
class Preempted final : public TimeSource {
 public:
  UtcTime now_utc() const noexcept override {
    const UtcTime read = kNoon + steady_.time_since_epoch();
    steady_ += asleep;
    return read;
  }
  SteadyTime now_steady() const noexcept override { return steady_; }
  nanoseconds asleep{0};

 private:
  mutable SteadyTime steady_{};
};

TEST(BoundedClock, APreemptionOnlyWidensTheBound) {
  Preempted source;
  SimulatedSyncProvider provider;
  BoundedClock clock(source, &provider, {.drift = drift_ppm(1)});
  provider.set({.state = SyncState::kSynchronized, .error_bound = 10us});
  clock.refresh();
  source.asleep = 5s;
  const TimeBounds bounds = clock.now_bounded();
  EXPECT_EQ(bounds.state, SyncState::kSynchronized) << "no step, however far apart the readings";
  EXPECT_EQ(bounds.uncertainty(), 15us);
  EXPECT_TRUE(bounds.contains(kNoon + 5s));
}

TEST(MasterClockSync, KnowsNothingWithoutAProvider) {
  testing::ManualTimeSource source(kNoon);
  MasterClock clock(source);
  clock.refresh_sync();
  EXPECT_EQ(clock.now_bounded().state, SyncState::kUnknown);
}

TEST(MasterClockSync, TellsWhatItsProviderSaidAtTheLastRefresh) {
  testing::ManualTimeSource source(kNoon);
  SimulatedSyncProvider provider;
  MasterClock clock(source, {.sync = &provider, .holdover = {.drift = drift_ppm(1)}});
  provider.set({.state = SyncState::kSynchronized, .error_bound = 10us});
  EXPECT_EQ(clock.now_bounded().state, SyncState::kUnknown) << "not asked yet";
  clock.refresh_sync();
  source.advance(10s);
  EXPECT_EQ(clock.now_bounded().state, SyncState::kSynchronized);
  EXPECT_EQ(clock.now_bounded().earliest, kNoon + 10s - 20us);
  EXPECT_EQ(clock.now_bounded().latest, kNoon + 10s + 20us);
}

TEST(MasterClockSync, OnTheMachinesClockTheMiddleIsNow) {
  SimulatedSyncProvider provider;
  MasterClock clock(SystemTimeSource::shared(), {.sync = &provider});
  provider.set({.state = SyncState::kSynchronized,
                .error_bound = 1h,
                .as_of = SystemTimeSource::shared().now_steady()});
  clock.refresh_sync();
  const UtcTime before = SystemTimeSource::shared().now_utc();
  const TimeBounds bounds = clock.now_bounded();
  EXPECT_EQ(bounds.state, SyncState::kSynchronized);
  EXPECT_TRUE(bounds.contains(before));
  EXPECT_LT(bounds.uncertainty(), 1h + 1min);
}

// The provider speaks of the machine's clock. Added to the disciplined clock, its correction would count
// twice.
TEST(MasterClockSync, OnADisciplinedSourceTheIntervalIsAroundTrueTime) {
  const struct {
    const char* name;
    nanoseconds correction;
    bool counted = false;
  } cases[] = {{"slewed", 100ms},
               {"slewed back", -100ms},
               {"stepped", 5s},
               {"held", -5s},
               {"stepped, and its readings are counted", 5s, true}};
  for (const bool names_it_again : {false, true}) {
    for (const auto& c : cases) {
      SCOPED_TRACE(c.name);
      testing::ManualTimeSource machine(kNoon);
      SimulatedSyncProvider provider;
      DisciplinedTimeSource source(machine, provider);
      CountingTimeSource counting(source);
      TimeSource& read = c.counted ? static_cast<TimeSource&>(counting) : source;
      MasterClock clock(read, {.sync = names_it_again ? &provider : nullptr});
      provider.set({.state = SyncState::kSynchronized,
                    .error_bound = 1ms,
                    .as_of = machine.now_steady(),
                    .correction = c.correction});
      clock.refresh_sync();
      EXPECT_EQ(source.now_utc() > kNoon + 1s, c.correction > 1s) << "it was refreshed";
      for (int i = 0; i < 10; ++i) {
        machine.advance(100ms);
        const TimeBounds bounds = clock.now_bounded();
        EXPECT_EQ(bounds.state, SyncState::kSynchronized);
        EXPECT_TRUE(bounds.contains(machine.now_utc() + c.correction));
        EXPECT_LE(bounds.uncertainty(), 1ms + 50us) << "a second at 50 ppm";
      }
    }
  }
}

}  // namespace
}  // namespace masterclock::bounded_clock_test
