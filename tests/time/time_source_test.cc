#include "masterclock/time/time_source.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/counting_time_source.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::time_source_test {
namespace {

using namespace std::chrono_literals;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'900s};  // 2026-03-29T01:15:00Z

TEST(ManualTimeSource, StandsStillUntilMoved) {
  const ManualTimeSource source(kStart);
  EXPECT_EQ(source.now_utc(), kStart);
  EXPECT_EQ(source.now_utc(), kStart);
  EXPECT_EQ(source.now_steady(), SteadyTime{});
}

TEST(ManualTimeSource, AdvanceMovesBothTimelines) {
  ManualTimeSource source(kStart, SteadyTime(5s));
  EXPECT_TRUE(source.advance(90ms));
  EXPECT_EQ(source.now_utc(), kStart + 90ms);
  EXPECT_EQ(source.now_steady(), SteadyTime(5s + 90ms));
}

TEST(ManualTimeSource, RefusesToAdvanceBackward) {
  ManualTimeSource source(kStart);
  EXPECT_FALSE(source.advance(-1ns));
  EXPECT_FALSE(source.drift(-1ns, 1s));
  EXPECT_FALSE(source.suspend(-1ns));
  EXPECT_EQ(source.now_utc(), kStart);
  EXPECT_EQ(source.now_steady(), SteadyTime{});
}

TEST(ManualTimeSource, StepsMoveUtcAlone) {
  ManualTimeSource source(kStart);
  source.step_utc(-1h);
  EXPECT_EQ(source.now_utc(), kStart - 1h);
  source.set_utc(kStart + 24h);
  EXPECT_EQ(source.now_utc(), kStart + 24h);
  EXPECT_TRUE(source.suspend(8h));
  EXPECT_EQ(source.now_utc(), kStart + 32h);
  source.insert_leap_second();
  EXPECT_EQ(source.now_utc(), kStart + 32h - 1s);
  EXPECT_EQ(source.now_steady(), SteadyTime{});
}

TEST(ManualTimeSource, DriftsLikeASlowOscillator) {
  ManualTimeSource source(kStart);
  EXPECT_TRUE(source.drift(1s, 999ms));
  EXPECT_EQ(source.now_utc(), kStart + 999ms);
  EXPECT_EQ(source.now_steady(), SteadyTime(1s));
}

TEST(ManualTimeSource, StopsAtTheEndOfTheRange) {
  ManualTimeSource source(kStart);
  source.step_utc(std::chrono::nanoseconds::max());
  EXPECT_EQ(source.now_utc(), UtcTime::max());
  source.set_utc(UtcTime::min());
  source.step_utc(-1ns);
  EXPECT_EQ(source.now_utc(), UtcTime::min());
}

TEST(TimeChange, HasTheKindAndTheSize) {
  ManualTimeSource source(kStart);
  std::vector<TimeChange> heard;
  const TimeSubscription subscription =
      source.subscribe([&](const TimeChange& change) { heard.push_back(change); });
  source.advance(1s);
  source.step_utc(-3s);
  source.set_utc(kStart + 10s);
  source.suspend(8h);
  source.insert_leap_second();
  const struct {
    TimeChange::Kind kind;
    UtcTime from, to;
  } expected[] = {
      {TimeChange::Kind::kAdvance, kStart, kStart + 1s},
      {TimeChange::Kind::kStep, kStart + 1s, kStart - 2s},
      {TimeChange::Kind::kStep, kStart - 2s, kStart + 10s},
      {TimeChange::Kind::kSuspend, kStart + 10s, kStart + 10s + 8h},
      {TimeChange::Kind::kLeap, kStart + 10s + 8h, kStart + 9s + 8h},
  };
  ASSERT_EQ(heard.size(), std::size(expected));
  for (std::size_t i = 0; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i].kind, expected[i].kind) << i;
    EXPECT_EQ(heard[i].from, expected[i].from) << i;
    EXPECT_EQ(heard[i].to, expected[i].to) << i;
    EXPECT_EQ(heard[i].size(), expected[i].to - expected[i].from) << i;
  }
  EXPECT_EQ(to_string(heard[4].kind), "leap");
}

TEST(TimeChange, ShowsTheListenerTheNewTime) {
  ManualTimeSource source(kStart);
  UtcTime seen;
  const auto subscription = source.subscribe([&](const TimeChange&) { seen = source.now_utc(); });
  source.step_utc(1h);
  EXPECT_EQ(seen, kStart + 1h);
}

TEST(TimeSubscription, EndsWithItsOwner) {
  ManualTimeSource source(kStart);
  int heard = 0;
  {
    TimeSubscription first = source.subscribe([&](const TimeChange&) { ++heard; });
    TimeSubscription moved = std::move(first);
    source.advance(1s);
    EXPECT_TRUE(moved.active());
  }
  source.advance(1s);
  EXPECT_EQ(heard, 1);
}

TEST(TimeSubscription, MayEndFromWithinItsListener) {
  ManualTimeSource source(kStart);
  int heard = 0;
  TimeSubscription subscription;
  subscription = source.subscribe([&](const TimeChange&) {
    ++heard;
    subscription.reset();
  });
  source.advance(1s);
  source.advance(1s);
  EXPECT_EQ(heard, 1);
}

TEST(TimeSubscription, MayEndFromWithinARunInsideItsRun) {
  ManualTimeSource source(kStart);
  int heard = 0;
  TimeSubscription subscription;
  subscription = source.subscribe([&](const TimeChange&) {
    if (++heard == 1) {
      source.advance(1s);
    } else {
      subscription.reset();
    }
  });
  source.advance(1s);
  source.advance(1s);
  EXPECT_EQ(heard, 2);
}

TEST(TimeSubscription, EndsWhenAnotherIsMovedIntoIt) {
  ManualTimeSource source(kStart);
  int first = 0, second = 0;
  TimeSubscription subscription = source.subscribe([&](const TimeChange&) { ++first; });
  subscription = source.subscribe([&](const TimeChange&) { ++second; });
  source.advance(1s);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

TEST(TimeSubscription, ALaterListenerIsNotCalledAfterAnException) {
  ManualTimeSource source(kStart);
  int heard = 0;
  const auto throws = source.subscribe([](const TimeChange&) { throw 7; });
  const auto later = source.subscribe([&](const TimeChange&) { ++heard; });
  EXPECT_THROW(source.advance(1s), int);
  EXPECT_EQ(source.now_utc(), kStart + 1s);
  EXPECT_EQ(heard, 0);
}

TEST(TimeSubscription, AListenerMayWaitForAThreadThatMovesTheSource) {
  ManualTimeSource source(kStart);
  std::vector<std::chrono::nanoseconds> heard;
  const auto subscription = source.subscribe([&](const TimeChange& change) {
    heard.push_back(change.size());
    if (heard.size() == 1) std::thread([&] { source.advance(2s); }).join();
  });
  source.advance(1s);
  EXPECT_EQ(heard, (std::vector<std::chrono::nanoseconds>{1s, 2s}));
}

TEST(TimeSubscription, MayOutliveTheSource) {
  TimeSubscription subscription;
  {
    ManualTimeSource source(kStart);
    subscription = source.subscribe([](const TimeChange&) {});
  }
  subscription.reset();
  EXPECT_FALSE(subscription.active());
}

TEST(CountingTimeSource, CountsAndPassesOn) {
  ManualTimeSource manual(kStart);
  CountingTimeSource counted(manual);
  int heard = 0;
  const auto subscription = counted.subscribe([&](const TimeChange&) { ++heard; });
  EXPECT_EQ(counted.now_utc(), kStart);
  EXPECT_EQ(counted.now_utc(), kStart);
  EXPECT_EQ(counted.now_steady(), SteadyTime{});
  manual.advance(1s);
  EXPECT_EQ(counted.utc_reads(), 2u);
  EXPECT_EQ(counted.steady_reads(), 1u);
  EXPECT_EQ(heard, 1);
}

TEST(CountingTimeSource, PassesOnTheRemainingCalls) {
  char storage = 0;
  auto* const marker = reinterpret_cast<DisciplinedTimeSource*>(&storage);
  class Source final : public TimeSource {
   public:
    explicit Source(DisciplinedTimeSource* marker) : marker_(marker) {}
    UtcTime now_utc() const noexcept override { return kStart; }
    UtcTime now_utc_coarse() const noexcept override { return kStart - 4ms; }
    SteadyTime now_steady() const noexcept override { return {}; }
    DisciplinedTimeSource* disciplined() noexcept override { return marker_; }

   private:
    DisciplinedTimeSource* marker_;
  } source(marker);
  CountingTimeSource counted(source);
  EXPECT_EQ(counted.now_utc_coarse(), kStart - 4ms);
  EXPECT_EQ(counted.utc_reads(), 1u);
  EXPECT_EQ(counted.disciplined(), marker);
  EXPECT_EQ(ManualTimeSource(kStart).disciplined(), nullptr);
}

TEST(TimeReading, ConvertsBetweenTheTimelines) {
  ManualTimeSource source(kStart, SteadyTime(100s));
  const TimeReading reading = source.read();
  EXPECT_EQ(reading.utc, kStart);
  EXPECT_EQ(reading.steady, SteadyTime(100s));
  EXPECT_EQ(reading.to_utc(SteadyTime(90s)), kStart - 10s);
  EXPECT_EQ(reading.to_steady(kStart + 1ns), SteadyTime(100s + 1ns));
}

TEST(TimeReading, StopsAtTheEndsOfTime) {
  constexpr TimeReading kEarly{UtcTime::min(), SteadyTime::max()};
  static_assert(kEarly.to_utc(SteadyTime::min()) == UtcTime::min());
  static_assert(kEarly.to_steady(UtcTime::max()) == SteadyTime::max());
  static_assert(kEarly.to_steady(UtcTime::min()) == SteadyTime::max());
  // The distance of the two steady times does not fit, and the result does.
  constexpr TimeReading kFar{UtcTime::min(), SteadyTime::min()};
  static_assert(kFar.to_utc(SteadyTime::max()) == UtcTime::max());
  EXPECT_EQ(kFar.to_steady(UtcTime::max()), SteadyTime::max());
}

// The source spends the times of the table between its readings.
TEST(TimeReading, IsTheClosestOfThreeAttempts) {
  class Preempted final : public TimeSource {
   public:
    UtcTime now_utc() const noexcept override { return kStart + steady_.time_since_epoch(); }
    SteadyTime now_steady() const noexcept override {
      constexpr std::chrono::nanoseconds kTook[] = {0ns, 10ms, 0ns, 80us, 0ns, 2ms};
      return steady_ += kTook[reads_++];
    }

   private:
    mutable SteadyTime steady_;
    mutable std::size_t reads_ = 0;
  } source;
  const TimeReading reading = source.read();
  EXPECT_EQ(reading.utc, kStart + 10ms);
  EXPECT_EQ(reading.steady, SteadyTime(10ms + 40us));
}

TEST(TimeReading, OfTheMachineLiesBetweenItsReadings) {
  SystemTimeSource& source = SystemTimeSource::shared();
  const SteadyTime before = source.now_steady();
  const TimeReading reading = source.read();
  EXPECT_GE(reading.steady, before);
  EXPECT_LE(reading.steady, source.now_steady());
}

TEST(SystemTimeSource, ReadsBothClocksOfTheMachine) {
  SystemTimeSource& source = SystemTimeSource::shared();
  const UtcTime utc = source.now_utc();
  const SteadyTime first = source.now_steady();
  const SteadyTime second = source.now_steady();
  EXPECT_GT(utc, UtcTime(1'700'000'000s)) << "the clock of this machine is wrong";
  EXPECT_GE(second, first);
}

TEST(SystemTimeSource, WatchesOnlyWhileItLives) {
  auto source = std::make_unique<SystemTimeSource>();
  TimeSubscription subscription = source->subscribe([](const TimeChange&) {});
  EXPECT_TRUE(subscription.active());
  source.reset();  // joins the waiting thread
}

}  // namespace
}  // namespace masterclock::time_source_test
