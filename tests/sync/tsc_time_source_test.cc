#include "masterclock/sync/tsc_time_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/sync/sync_thread.h"
#include "masterclock/testing/manual_time_source.h"
#include "simulated_tsc.h"

namespace masterclock::tsc_time_source_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;
using SimulatedSource = BasicTscTimeSource<SimulatedCounter>;

class TscTimeSourceTest : public ::testing::Test {
 protected:
  // Calibrates as a thread would: every 50 ms.
  void live(nanoseconds duration) {
    for (nanoseconds lived{}; lived < duration; lived += 50ms) {
      machine_.advance(50ms);
      source_->refresh();
    }
  }
  // Returns the source's distance from the kernel at one moment of the machine.
  nanoseconds error() {
    const UtcTime before = machine_.utc();
    const UtcTime read = source_->now_utc();
    return read - before - (machine_.utc() - before);
  }
  nanoseconds steady_error() {
    const SteadyTime read = source_->now_steady();
    return read - machine_.steady();
  }

  SimulatedMachine machine_{kNoon, SteadyTime(100h), 900'000'000'000'000};
  int in_order_ = 0;
  std::uint64_t early_ = 0;
  std::unique_ptr<SimulatedSource> source_ =
      SimulatedSource::make(machine_, {}, {&machine_, &in_order_, &early_}).value();
};

TEST_F(TscTimeSourceTest, IsTheKernelsClockUntilItIsCalibrated) {
  EXPECT_LE(abs(error()), 20ns);
  EXPECT_FALSE(source_->stats().calibrated);
  EXPECT_EQ(source_->error_bound(), 0ns);
  source_->refresh();
  machine_.advance(90ms);
  source_->refresh();
  EXPECT_FALSE(source_->stats().calibrated) << "a baseline of 90 ms";
  machine_.advance(10ms);
  source_->refresh();
  EXPECT_TRUE(source_->stats().calibrated);
  EXPECT_LE(abs(error()), 20ns);
}

TEST_F(TscTimeSourceTest, FollowsACounterThatDrifts) {
  for (const std::int64_t ppb : {0, 1'000, -40'000, 250'000}) {
    machine_.set_rate(ppb);
    live(2s);
    for (int i = 0; i < 100; ++i) {
      live(50ms);
      machine_.advance(49ms);
      ASSERT_LE(abs(error()), 5ns) << ppb;
      ASSERT_LE(abs(steady_error()), 5ns) << ppb;
    }
  }
}

TEST_F(TscTimeSourceTest, AMillionReadingsNeverDecreaseAndKeepTheirBound) {
  std::mt19937_64 random(2059);
  live(1s);
  UtcTime last_utc = source_->now_utc();
  SteadyTime last_steady = source_->now_steady();
  std::int64_t ppb = 0;
  for (int interval = 0; interval < 20'000; ++interval) {
    ppb += static_cast<std::int64_t>(random() % 401) - 200;  // a wander of 0.2 ppm an interval
    machine_.set_rate(ppb);
    if (random() % 500 == 0) machine_.advance(seconds(random() % 20'000));  // without a refresh
    for (int i = 0; i < 25; ++i) {
      machine_.advance(nanoseconds(random() % (i % 5 == 0 ? 10'000'000 : 100)));
      const UtcTime utc = source_->now_utc();
      ASSERT_LE(abs(utc - machine_.utc()), source_->error_bound() + 40ns) << interval;
      const SteadyTime steady = source_->now_steady();
      ASSERT_LE(abs(steady - machine_.steady()), source_->error_bound() + 40ns) << interval;
      ASSERT_GE(utc, last_utc) << interval;
      ASSERT_GE(steady, last_steady) << interval;
      last_utc = utc;
      last_steady = steady;
    }
    machine_.before_read = nanoseconds(random() % 30);  // where in its bracket the kernel looks
    machine_.after_read = nanoseconds(random() % 30);
    source_->refresh();
  }
  EXPECT_GT(source_->stats().gaps, 10u);
  EXPECT_EQ(source_->stats().steps, 0u);
}

TEST_F(TscTimeSourceTest, AfterHoursOfIdlenessItIsRightAtOnce) {
  live(2s);
  machine_.set_rate(10'000);  // the estimate of before is 10 ppm off by now
  machine_.advance(5h);
  EXPECT_LE(abs(error()), 20ns) << "the kernel's own, since the line has expired";
  source_->refresh();
  EXPECT_EQ(source_->stats().gaps, 1u);
  EXPECT_FALSE(source_->stats().calibrated);
  EXPECT_LE(abs(error()), 20ns);
  for (int i = 0; i < 20; ++i) {
    live(50ms);
    ASSERT_LE(abs(error()), 20ns) << i;
  }
  EXPECT_TRUE(source_->stats().calibrated);
}

TEST_F(TscTimeSourceTest, AWideBracketSaysNothing) {
  live(2s);
  machine_.before_read = 3us;  // preempted there, every time
  EXPECT_FALSE(source_->refresh());
  EXPECT_EQ(source_->stats().rejected, 1u);
  machine_.before_read = 9ns;
  EXPECT_LE(abs(error()), 5ns) << "the line is as it was";
  EXPECT_TRUE(source_->refresh());
}

TEST_F(TscTimeSourceTest, BeforeTheRateIsKnownAWideBracketWidensTheBound) {
  SimulatedMachine machine(kNoon, SteadyTime(1h), 1);
  machine.before_read = machine.after_read = 3us;
  const auto source = SimulatedSource::make(machine, {}, {&machine}).value();
  EXPECT_TRUE(source->refresh());
  machine.advance(200ms);
  EXPECT_TRUE(source->refresh());
  EXPECT_TRUE(source->stats().calibrated);
  EXPECT_GT(source->error_bound(), 10us);
  EXPECT_FALSE(source->refresh()) << "the rate is known";
}

// UTC is set each time, so that only the steady clock carries what the line had wrong: up to 10 us.
TEST_F(TscTimeSourceTest, TheSteadyClockNeverDecreasesAndHasItsBoundWhileUtcIsSet) {
  live(2s);
  for (int i = 0; i < 20; ++i) {
    machine_.set_rate(i % 2 == 0 ? -100'000 : 100'000);
    machine_.advance(50ms);
    machine_.step_utc(1ms);
    const SteadyTime before = source_->now_steady();
    source_->refresh();
    ASSERT_LE(abs(steady_error()), source_->error_bound() + 40ns) << i;
    ASSERT_GE(source_->now_steady(), before) << i;
  }
  EXPECT_EQ(source_->stats().steps, 20u);
  EXPECT_EQ(source_->stats().gaps, 0u);
}

TEST_F(TscTimeSourceTest, AStepOfTheKernelIsFollowedAndAnnounced) {
  std::vector<TimeChange> heard;
  const TimeSubscription listening =
      source_->subscribe([&](const TimeChange& change) { heard.push_back(change); });
  for (const nanoseconds size :
       {nanoseconds(1h), nanoseconds(-1h), nanoseconds(-11us), nanoseconds(2s)}) {
    live(1s);
    heard.clear();
    const SteadyTime steady = source_->now_steady();
    machine_.step_utc(size);
    EXPECT_GE(abs(error()), abs(size) - 5ns) << "not noticed yet";
    source_->refresh();
    ASSERT_EQ(heard.size(), 1u) << size.count();
    EXPECT_EQ(heard[0].kind, TimeChange::Kind::kStep);
    EXPECT_LE(abs(heard[0].size() - size), 5ns);
    EXPECT_LE(abs(heard[0].to - machine_.utc()), 2us);
    EXPECT_LE(abs(error()), 5ns) << size.count();
    EXPECT_LE(abs(steady_error()), 5ns) << "the steady clock did not notice";
    EXPECT_GE(source_->now_steady(), steady);
  }
}

TEST_F(TscTimeSourceTest, AStepDuringAGapIsAnnouncedToo) {
  int heard = 0;
  const TimeSubscription listening = source_->subscribe([&](const TimeChange&) { ++heard; });
  live(1s);
  machine_.advance(2h);
  machine_.step_utc(-30min);
  source_->refresh();
  EXPECT_EQ(heard, 1);
  EXPECT_LE(abs(error()), 20ns);
}

TEST_F(TscTimeSourceTest, WhatIsTooSmallForAStepIsSlewedAway) {
  live(1s);
  machine_.step_utc(-9us);
  UtcTime last = source_->now_utc();
  source_->refresh();
  EXPECT_EQ(source_->stats().steps, 0u);
  const SteadyTime begin = machine_.steady();
  while (machine_.steady() - begin < 20ms) {  // 9 us at 1/2048 take 18.4 ms
    machine_.advance(1us);
    const UtcTime now = source_->now_utc();
    ASSERT_GE(now, last);
    ASSERT_LE(now - last, 2us) << "slewed, not jumped";
    ASSERT_GE(now - last, 900ns) << "slewed, not stopped";
    last = now;
  }
  EXPECT_LE(abs(error()), 5ns);
  machine_.advance(500ms);
  EXPECT_LE(abs(error()), 5ns) << "and it stays there, without a refresh";
}

TEST_F(TscTimeSourceTest, AMachineThatSleptIsNoticed) {
  const struct {
    const char* name;
    nanoseconds slept;
    bool counted_on;
  } cases[] = {{"the counter began anew", 8h, false},
               {"it counted on", 8h, true},
               {"for a moment only", 300ms, true}};
  for (const auto& c : cases) {
    live(1s);
    const UtcTime utc = source_->now_utc();
    const SteadyTime steady = source_->now_steady();
    machine_.step_utc(c.slept);  // UTC went on, CLOCK_MONOTONIC stood still
    machine_.set_ticks(c.counted_on
                           ? machine_.ticks() + 5 * static_cast<std::uint64_t>(c.slept.count()) / 2
                           : 12'345);
    EXPECT_GE(source_->now_utc(), utc) << c.name;
    EXPECT_GE(source_->now_steady(), steady) << c.name;
    source_->refresh();
    EXPECT_LE(abs(error()), 20ns) << c.name;
    EXPECT_GE(source_->now_steady(), steady) << c.name;
    live(2s);
    EXPECT_LE(abs(error()), 5ns) << c.name;
  }
}

TEST_F(TscTimeSourceTest, ACountThatComesTooEarlyDoesNotRunBack) {
  live(1s);
  machine_.advance(1us);
  const UtcTime now = source_->now_utc();
  early_ = 2'000;  // before the line that is in force, and before the last reading
  EXPECT_EQ(source_->now_utc(), now);
  live(50ms);
  EXPECT_GE(source_->now_utc(), now);
}

TEST_F(TscTimeSourceTest, SaysWhatKindOfJumpItWas) {
  using Kind = TimeChange::Kind;
  const struct {
    const char* name;
    nanoseconds jump;
    std::uint64_t counted_on;  // meanwhile
    std::optional<Kind> because, kind;
  } cases[] = {
      {"set", 3s, 0, {}, Kind::kStep},
      {"set by a second at noon", -1s, 0, {}, Kind::kStep},
      {"slept, and the counter went on", 8h, 72'000'000'000'000, {}, Kind::kSuspend},
      {"slept, and was set by an hour", 9h, 72'000'000'000'000, {}, Kind::kStep},
      {"slept, as announced", 8h, 0, Kind::kSuspend, Kind::kSuspend},
      {"announced without a jump", 0s, 0, Kind::kSuspend, {}},
  };
  std::optional<Kind> heard;
  const TimeSubscription listening =
      source_->subscribe([&](const TimeChange& change) { heard = change.kind; });
  for (const auto& c : cases) {
    live(1s);
    heard.reset();
    machine_.step_utc(c.jump);
    machine_.set_ticks(machine_.ticks() + c.counted_on);
    if (c.because) {
      machine_.announces(*c.because);  // which refreshes
    } else {
      source_->refresh();
    }
    EXPECT_EQ(heard, c.kind) << c.name;
  }
}

TEST(TscTimeSource, KnowsALeapSecond) {
  SimulatedMachine machine(sys_days(2017y / January / 1) - 1s, SteadyTime(1h), 1);
  const auto source = SimulatedSource::make(machine, {}, {&machine}).value();
  std::vector<TimeChange> heard;
  const TimeSubscription listening =
      source->subscribe([&](const TimeChange& change) { heard.push_back(change); });
  for (int i = 0; i < 40; ++i) {
    machine.advance(50ms);
    if (i == 20) machine.step_utc(-1s);
    source->refresh();
  }
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].kind, TimeChange::Kind::kLeap);
}

TEST(TscTimeSource, WorksAfterYearsAndToTheEndOfTheRange) {
  const struct {
    const char* name;
    UtcTime utc;
    SteadyTime steady;
    std::uint64_t ticks;
  } cases[] = {
      {"booted just now", kNoon, SteadyTime(0ns), 0},
      {"thirty years up", kNoon, SteadyTime(days(10'957)), 2'366'712'000'000'000'000},
      {"half way around", kNoon, SteadyTime(1h), (std::uint64_t{1} << 63) - 1'000'000},
      {"at the wrap", kNoon, SteadyTime(1h), UINT64_MAX - 4'000'000'000},
      {"in 1700", sys_days(1700y / January / 1), SteadyTime(1h), 1},
      {"in 2262", UtcTime::max() - 60s, SteadyTime(1h), 1},
  };
  for (const auto& c : cases) {
    SimulatedMachine machine(c.utc, c.steady, c.ticks);
    const auto source = SimulatedSource::make(machine, {}, {&machine}).value();
    UtcTime last = source->now_utc();
    for (int i = 0; i < 100; ++i) {
      machine.advance(50ms);
      source->refresh();
      const UtcTime now = source->now_utc();
      ASSERT_LE(abs(now - machine.utc()), 20ns) << c.name;
      ASSERT_GE(now, last) << c.name;
      last = now;
    }
  }
}

TEST(TscTimeSource, DeclinesWhereTheCounterDoes) {
  struct NoCounter : SimulatedCounter {
    static absl::Status available() { return absl::UnimplementedError("no counter here"); }
  };
  testing::ManualTimeSource kernel(kNoon);
  const auto source = BasicTscTimeSource<NoCounter>::make(kernel);
  EXPECT_EQ(source.status(), absl::UnimplementedError("no counter here"));
}

TEST_F(TscTimeSourceTest, ItsErrorCountsThreeTimesInAnInterval) {
  live(1s);
  SimulatedSyncProvider provider;
  BoundedClock clock(*source_, &provider);
  provider.set({.state = SyncState::kSynchronized,
                .error_bound = 10us,
                .as_of = source_->now_steady() + 1h});
  clock.refresh();
  const nanoseconds own = source_->error_bound();
  EXPECT_GT(own, 0ns);
  EXPECT_GE(clock.now_bounded().uncertainty(), 10us + 3 * own);
  EXPECT_LE(clock.now_bounded().uncertainty(), 11us + 3 * own) << "and the time of the reading";
}

TEST_F(TscTimeSourceTest, RefreshesAtOnceWhenTheKernelAnnouncesAStep) {
  live(1s);
  std::vector<TimeChange> heard;
  const TimeSubscription listening =
      source_->subscribe([&](const TimeChange& change) { heard.push_back(change); });
  machine_.step_utc(1h);
  machine_.announces(TimeChange::Kind::kStep);
  ASSERT_EQ(heard.size(), 1u) << "the call returns after all listeners";
  EXPECT_EQ(heard[0].kind, TimeChange::Kind::kStep);
  EXPECT_LE(abs(heard[0].size() - 1h), 5ns);
  machine_.announces(TimeChange::Kind::kAdvance);
  EXPECT_EQ(heard.size(), 1u);
}

TEST_F(TscTimeSourceTest, OnlyOrderedReadingsWaitForTheirLoads) {
  const TscOptions ordered{.ordering = TscOrdering::kOrdered};
  for (const bool is_ordered : {false, true}) {
    const auto source = SimulatedSource::make(machine_, is_ordered ? ordered : TscOptions{},
                                              {&machine_, &in_order_})
                            .value();
    for (int i = 0; i < 5; ++i) {
      machine_.advance(50ms);
      source->refresh();
    }
    in_order_ = 0;
    for (int i = 0; i < 10; ++i) (void)source->now_utc();
    std::thread([&] { (void)source->now_steady(); }).join();
    EXPECT_EQ(in_order_, is_ordered ? 11 : 0) << "for any number of readers";
  }
}

// At one count, one thread may read the old line and another thread the new one. If cores disagree, the
// count may lie before the new line. Up to the switch no reading decreases, and after it only by rounding.
// A twin of the machine runs ahead and finds the tick of the switch.
TEST(RealTscTimeSource, ALineIsNotBelowTheOneBeforeIt) {
  struct Twin {
    SimulatedMachine machine{kNoon, SteadyTime(1h), 1};
    std::uint64_t stands = 0;
    int in_order = 0;
    std::unique_ptr<SimulatedSource> source =
        SimulatedSource::make(machine, {.ordering = TscOrdering::kOrdered},
                              {&machine, &in_order, nullptr, &stands})
            .value();
    void live(nanoseconds duration, std::int64_t ppb) {
      machine.set_rate(ppb);
      machine.advance(duration);
    }
    std::pair<UtcTime, SteadyTime> at(std::uint64_t ticks) {
      stands = ticks;
      const std::pair read(source->now_utc(), source->now_steady());
      stands = 0;
      return read;
    }
  };
  constexpr int kApart = 40;
  std::mt19937_64 random(2059);
  Twin ahead;
  Twin twin;
  int switches = 0;
  for (int i = 0; i < 5'000; ++i) {
    const nanoseconds lived(40'000'000 + static_cast<std::int64_t>(random() % 20'000'000));
    const std::int64_t ppb = static_cast<std::int64_t>(random() % 4'001) - 2'000;
    ahead.live(lived, ppb);
    twin.live(lived, ppb);
    ahead.source->refresh();
    const std::uint64_t anchor = ahead.machine.ticks();
    std::vector<std::pair<UtcTime, SteadyTime>> old;
    const bool calibrated = twin.source->stats().calibrated;
    for (int d = -kApart; calibrated && d <= kApart; ++d) {
      old.push_back(twin.at(anchor + static_cast<std::uint64_t>(d)));
    }
    twin.source->refresh();
    ASSERT_EQ(twin.machine.ticks(), anchor);
    for (int d = -kApart; calibrated && d <= kApart; ++d) {
      const auto& [old_utc, old_steady] = old[static_cast<std::size_t>(d + kApart)];
      const auto [utc, steady] = twin.at(anchor + static_cast<std::uint64_t>(d));
      const nanoseconds rounded(d > 0 ? 1 : 0);
      ASSERT_GE(utc, old_utc - rounded) << d << " ticks after switch " << i;
      ASSERT_GE(steady, old_steady - rounded) << d << " ticks after switch " << i;
    }
    switches += calibrated ? 1 : 0;
  }
  EXPECT_GT(switches, 4'900);
}

TEST(RealTscTimeSource, TwoThreadsThatPassTheirReadingsAroundSeeNoStepBack) {
  auto made = TscTimeSource::make(SystemTimeSource::shared(), {.ordering = TscOrdering::kOrdered});
  if (!made.ok()) GTEST_SKIP() << made.status().message();
  TscTimeSource& source = **made;
  // Cores whose counters disagree, by nanoseconds and for moments (tsc_error counts them), are the
  // machine's affair: they do not spoil each of three rounds.
  int backward = 1;
  for (int round = 0; round < 3 && backward != 0; ++round) {
    std::atomic<std::int64_t> passed{0};
    std::atomic<int> steps_back{0};
    SyncThread refreshing(source, {.interval = milliseconds(1)});
    refreshing.start();
    const auto pass = [&] {
      SteadyTime last{};
      for (int i = 0; i < 500'000; ++i) {
        const std::int64_t seen = passed.load(std::memory_order_acquire);
        const std::int64_t now = source.now_utc().time_since_epoch().count();
        const SteadyTime steady = source.now_steady();
        steps_back += now < seen ? 1 : 0;
        steps_back += steady < last ? 1 : 0;
        last = steady;
        passed.store(now, std::memory_order_release);
      }
    };
    std::thread other(pass);
    pass();
    other.join();
    backward = steps_back;
  }
  if (source.stats().steps != 0) GTEST_SKIP() << "this machine's clock was set";
  EXPECT_EQ(backward, 0);
}

}  // namespace
}  // namespace masterclock::tsc_time_source_test
