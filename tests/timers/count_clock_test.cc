#include "masterclock/timers/count_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/testing/manual_time_source.h"
#include "masterclock/timers/clock_presets.h"

namespace masterclock::count_clock_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;
using Code = absl::StatusCode;

constexpr ClockRules kPeriod = {CountDirection::kDown, 12min, 12min};

CountClock make(const ClockRules& rules) { return CountClock::make(rules).value(); }
CountClock running(const ClockRules& rules, SteadyTime since = SteadyTime{}) {
  CountClock clock = make(rules);
  EXPECT_TRUE(clock.apply(since, ClockCommand::start()).ok());
  return clock;
}

// The promises of the room about a single clock.

TEST(CountClock, TenRunsOfNineTenthsTakeTwelveMinutesToElevenFiftyOne) {
  CountClock clock = make(kPeriod);
  SteadyTime now(3s);
  for (int run = 0; run < 10; ++run) {
    ASSERT_TRUE(clock.apply(now, ClockCommand::start()).ok());
    ASSERT_TRUE(clock.apply(now += 900ms, ClockCommand::pause()).ok());
    now += 17s;
  }
  EXPECT_EQ(clock.reading(now).value, 11min + 51s);
}

TEST(CountClock, AStartWhileRunningAndAPauseWhilePausedDoNothing) {
  CountClock clock = running(kPeriod);
  EXPECT_EQ(clock.apply(SteadyTime(7s), ClockCommand::start()).value(), ClockChange{});
  EXPECT_EQ(clock.reading(SteadyTime(10s)).value, 11min + 50s);
  EXPECT_TRUE(clock.apply(SteadyTime(10s), ClockCommand::pause())->changed);
  EXPECT_EQ(clock.apply(SteadyTime(13s), ClockCommand::pause()).value(), ClockChange{});
  EXPECT_EQ(clock.reading(SteadyTime(20s)).value, 11min + 50s);
}

TEST(CountClock, ASetWhileRunningRunsOnFromTheNewValue) {
  CountClock clock = running({.initial = 20min});
  ASSERT_TRUE(clock.apply(SteadyTime(30s), ClockCommand::set(10min)).ok());
  EXPECT_EQ(clock.reading(SteadyTime(40s)).value, 9min + 50s);
  EXPECT_EQ(clock.reading(SteadyTime(40s)).state, ClockState::kRunning);
}

TEST(CountClock, AStepOfUtcDoesNotAffectAClock) {
  testing::ManualTimeSource source(UtcTime(1'000'000s));
  CountClock clock = running(kPeriod, source.now_steady());
  for (const auto step : {3600s, -7200s, -10s}) {
    source.advance(1s);
    source.step_utc(step);
  }
  EXPECT_EQ(clock.reading(source.now_steady()).value, 12min - 3s);
}

TEST(CountClock, TheEndIsAnInstantAfterAnyStall) {
  CountClock clock = running(kPlayClock40, SteadyTime(5s));
  EXPECT_EQ(clock.reading(SteadyTime(5s)).expires_at, SteadyTime(45s));
  EXPECT_EQ(clock.reading(SteadyTime(45s - 1ns)).state, ClockState::kRunning);
  EXPECT_EQ(clock.reading(SteadyTime(45s)).state, ClockState::kStopped);
  EXPECT_EQ(clock.reading(SteadyTime(1000h)).value, 0s);
  EXPECT_EQ(clock.apply(SteadyTime(1000h), ClockCommand::pause()).value(),
            (ClockChange{false, SteadyTime(45s)}));
  EXPECT_EQ(clock.apply(SteadyTime(1001h), ClockCommand::pause()).value(), ClockChange{})
      << "the end is reported once";
}

TEST(CountClock, CountsWithTheExactValueNotWithTheDisplayedOne) {
  // Two clocks that display 13 and 18 have 29.8 s together.
  const CountClock one = make({.initial = 12'400ms}), other = make({.initial = 17'400ms});
  EXPECT_EQ(one.reading({}).value + other.reading({}).value, 29'800ms);
  CountClock moved = make(kPlayClock40);
  ASSERT_TRUE(moved.apply({}, ClockCommand::set(one.reading({}).value)).ok());
  EXPECT_EQ(moved.reading({}).value, 12'400ms);
}

// The other properties.

TEST(CountClock, RefusesRulesThatAreNoClock) {
  const ClockRules refused[] = {
      {.initial = 0s, .maximum = 0s},     {.initial = 0s, .maximum = -1s},
      {.initial = 2s, .maximum = 1s},     {.initial = -1ns},
      {.direction = CountDirection::kUp},
  };
  for (const ClockRules& rules : refused) {
    EXPECT_EQ(CountClock::make(rules).status().code(), Code::kInvalidArgument);
    CountClock clock = make(kPeriod);
    EXPECT_EQ(clock.apply({}, ClockCommand::configure(rules)).status().code(),
              Code::kInvalidArgument);
    EXPECT_EQ(clock, make(kPeriod));
  }
  EXPECT_TRUE(CountClock::make({.initial = 0s}).ok());
}

TEST(CountClock, RefusesACommandAndChangesNothing) {
  struct Case {
    ClockCommand command;
    Code code;
  };
  const Case cases[] = {
      {{ClockVerb::kSet}, Code::kInvalidArgument},
      {{ClockVerb::kAdjust}, Code::kInvalidArgument},
      {{ClockVerb::kConfigure}, Code::kInvalidArgument},
      {{static_cast<ClockVerb>(99)}, Code::kInvalidArgument},
      {ClockCommand::set(41s), Code::kOutOfRange},
      {ClockCommand::set(-1ns), Code::kOutOfRange},
      {ClockCommand::reset_to(41s), Code::kOutOfRange},
      {ClockCommand::restart_at(-1ns), Code::kOutOfRange},
      {ClockCommand::restart_at(0s), Code::kFailedPrecondition},
  };
  for (const auto& [command, code] : cases) {
    CountClock clock = running(kPlayClock40);
    EXPECT_EQ(clock.apply(SteadyTime(1s), command).status().code(), code) << command;
    EXPECT_EQ(clock, running(kPlayClock40)) << command;
  }
  CountClock ended = running(kPlayClock40);
  EXPECT_EQ(ended.apply(SteadyTime(40s), ClockCommand::start()).status().code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(ended.apply(SteadyTime(50s), ClockCommand::pause())->expired, SteadyTime(40s));
}

TEST(CountClock, OnlyACorrectionEndsARunningClockByACommand) {
  struct Case {
    ClockCommand command;
    bool ends;
  };
  const Case cases[] = {{ClockCommand::set(0s), true},
                        {ClockCommand::adjust(-39s), true},
                        {ClockCommand::reset_to(0s), false},
                        {ClockCommand::configure({.initial = 0s}), false}};
  for (const auto& [command, ends] : cases) {
    CountClock clock = running(kPlayClock40);
    const auto change = clock.apply(SteadyTime(1s), command);
    EXPECT_EQ(change->expired, ends ? std::optional(SteadyTime(1s)) : std::nullopt) << command;
    EXPECT_EQ(clock.reading(SteadyTime(1s)).state, ClockState::kStopped);
  }
}

TEST(CountClock, NamesItsVerbs) {
  static_assert(to_string(ClockVerb::kRestart) == "restart");
  for (int verb = 0; verb < 8; ++verb) {
    const auto one = static_cast<ClockVerb>(verb);
    EXPECT_EQ(parse_clock_verb(to_string(one)), one);
  }
  for (const char* text : {"", "Start", "start ", "unknown"}) {
    EXPECT_EQ(parse_clock_verb(text), std::nullopt) << text;
  }
  EXPECT_EQ(to_string(static_cast<ClockVerb>(-1)), "unknown");
}

TEST(CountClock, BoundariesAreThoseOfTheValue) {
  CountClock clock = make({.initial = 3s, .maximum = 3s});
  EXPECT_EQ(clock.next_boundary(SteadyTime{}), std::nullopt);
  ASSERT_TRUE(clock.apply(SteadyTime{}, ClockCommand::start()).ok());
  ASSERT_TRUE(clock.apply(SteadyTime(900ms), ClockCommand::pause()).ok());
  ASSERT_TRUE(clock.apply(SteadyTime(5s), ClockCommand::start()).ok());
  EXPECT_EQ(clock.next_boundary(SteadyTime(5s)), SteadyTime(5100ms));
  EXPECT_EQ(clock.next_boundary(SteadyTime(5100ms)), SteadyTime(6100ms));
  EXPECT_EQ(clock.next_boundary(SteadyTime(6100ms), 100h), SteadyTime(7100ms));
  EXPECT_EQ(clock.next_boundary(SteadyTime(7100ms)), std::nullopt);
  EXPECT_EQ(clock.next_boundary(SteadyTime(5s), 0s), SteadyTime(7100ms));
}

TEST(CountClock, MovesToAnotherSteadyTimeLine) {
  const CountClock clock = running(kShotClock24, SteadyTime(100s));
  const CountClock moved = clock.rebased(SteadyTime(110s), SteadyTime(3s));
  EXPECT_EQ(moved.reading(SteadyTime(4s)).value, clock.reading(SteadyTime(111s)).value);
  EXPECT_EQ(moved.reading(SteadyTime(4s)).expires_at, SteadyTime(17s));
}

TEST(CountClock, RestoresAStoredClock) {
  CountClock clock = running(stage_timer(1min), SteadyTime(5s));
  ASSERT_TRUE(clock.apply(SteadyTime(3min), ClockCommand::adjust(1s)).ok());
  const CountClock restored = CountClock::restore(clock.rules(), clock.anchor()).value();
  EXPECT_EQ(restored, clock);
  EXPECT_EQ(restored.anchor(), (ClockAnchor{SteadyTime(3min), -114s, ClockState::kRunning}));
  EXPECT_EQ(CountClock::restore(kPlayClock40, {{}, -1ns}).status().code(), Code::kOutOfRange);
  EXPECT_EQ(CountClock::restore(kPlayClock40, {{}, 41s}).status().code(), Code::kOutOfRange);
  EXPECT_EQ(CountClock::restore({.initial = -1s}, {}).status().code(), Code::kInvalidArgument);
}

TEST(CountClock, StopsAtTheEndsOfTime) {
  CountClock over = running(stage_timer(1s), SteadyTime::min());
  EXPECT_LT(over.reading(SteadyTime::max()).value, -2'500'000h);
  EXPECT_EQ(over.next_boundary(SteadyTime::max()), std::nullopt);
  ASSERT_TRUE(over.apply(SteadyTime::max(), ClockCommand::adjust(nanoseconds::min())).ok());
  EXPECT_EQ(over.reading(SteadyTime::max()).value, nanoseconds::min());
  // A clock whose end lies past the end of steady time never expires.
  const CountClock late = running({.initial = 2s}, SteadyTime::max() - 1s);
  EXPECT_EQ(late.reading(SteadyTime::max()).value, 1s);
  EXPECT_EQ(late.reading(SteadyTime::max()).expires_at, std::nullopt);
  EXPECT_EQ(late.next_boundary(SteadyTime::max() - 1s), SteadyTime::max());
}

// A clock that ticks once per nanosecond. It shares only the plain data with CountClock.
struct TickingClock {
  ClockRules rules;
  nanoseconds now{}, value = rules.initial;
  ClockState state = ClockState::kStopped;
  std::optional<SteadyTime> expired{};

  nanoseconds end() const {
    return rules.direction == CountDirection::kDown ? 0ns : *rules.maximum;
  }
  bool at_end() const {
    return rules.direction == CountDirection::kDown ? value <= end() : value >= end();
  }
  bool valid(nanoseconds to) const { return to >= 0ns && (!rules.maximum || to <= *rules.maximum); }
  void reach_end(bool before) {
    if (state != ClockState::kRunning || before || !at_end()) return;
    expired = SteadyTime(now);
    if (rules.at_end == AtEnd::kStop) state = ClockState::kStopped;
  }
  void tick() {
    now += 1ns;
    if (state != ClockState::kRunning) return;
    const bool before = at_end();
    value += rules.direction == CountDirection::kDown ? -1ns : 1ns;
    reach_end(before);
  }
  bool start_at(nanoseconds from) {
    const TickingClock would{rules, now, from};
    if (rules.at_end == AtEnd::kStop && would.at_end()) return false;
    value = from;
    state = ClockState::kRunning;
    return true;
  }
  // Returns false for a command that the clock refuses.
  bool apply(const ClockCommand& command) {
    const bool before = at_end(), over = rules.at_end == AtEnd::kRunOver;
    const nanoseconds to = command.value.value_or(rules.initial);
    switch (command.verb) {
      case ClockVerb::kStart: return state == ClockState::kRunning || start_at(value);
      case ClockVerb::kPause:
        if (state == ClockState::kRunning) state = ClockState::kPaused;
        return true;
      case ClockVerb::kStop: state = ClockState::kStopped; return true;
      case ClockVerb::kSet:
        if (!valid(to)) return false;
        value = to;
        reach_end(before);
        return true;
      case ClockVerb::kAdjust:
        value += *command.value;
        if (value < 0ns && !(over && rules.direction == CountDirection::kDown)) value = 0ns;
        if (rules.maximum && value > *rules.maximum &&
            !(over && rules.direction == CountDirection::kUp)) {
          value = *rules.maximum;
        }
        reach_end(before);
        return true;
      case ClockVerb::kReset:
        if (!valid(to)) return false;
        value = to;
        state = ClockState::kStopped;
        return true;
      case ClockVerb::kRestart: return valid(to) && start_at(to);
      case ClockVerb::kConfigure:
        rules = *command.rules;
        value = rules.initial;
        state = ClockState::kStopped;
        return true;
    }
    return false;
  }
};

ClockRules random_rules(std::mt19937& random) {
  const auto below = [&](int n) { return nanoseconds(random() % static_cast<unsigned>(n)); };
  ClockRules rules;
  rules.direction = random() % 2 == 0 ? CountDirection::kDown : CountDirection::kUp;
  rules.maximum = 1ns + below(30);
  rules.initial = below(static_cast<int>(rules.maximum->count()) + 1);
  if (rules.direction == CountDirection::kDown && random() % 4 == 0) rules.maximum.reset();
  rules.at_end = random() % 2 == 0 ? AtEnd::kStop : AtEnd::kRunOver;
  return rules;
}

TEST(CountClock, AgreesWithAClockThatTicksUnderAMillionOperations) {
  for (const unsigned seed : {1u, 2u}) {
    std::mt19937 random(seed);
    TickingClock ticking{random_rules(random)};
    CountClock clock = make(ticking.rules);
    std::vector<SteadyTime> boundaries;
    for (int operation = 0; operation < 1'000'000; ++operation) {
      ClockCommand command{static_cast<ClockVerb>(random() % 8)};
      if (command.verb == ClockVerb::kAdjust) {
        command.value = nanoseconds(static_cast<int>(random() % 21) - 10);
      } else if (command.verb == ClockVerb::kSet || random() % 2 == 0) {
        command.value = nanoseconds(static_cast<int>(random() % 36) - 3);
      }
      if (command.verb == ClockVerb::kConfigure) command.rules = random_rules(random);
      const TickingClock before = ticking;
      const bool accepted = ticking.apply(command);
      const auto change = clock.apply(SteadyTime(ticking.now), command);
      ASSERT_EQ(change.ok(), accepted) << command;
      if (accepted) {
        ASSERT_EQ(change->changed, ticking.value != before.value || ticking.state != before.state ||
                                       ticking.rules != before.rules)
            << command;
        ASSERT_EQ(change->expired, std::exchange(ticking.expired, std::nullopt)) << command;
      }
      const nanoseconds step(1 + random() % 7);
      std::optional<SteadyTime> boundary = clock.next_boundary(SteadyTime(ticking.now), step);
      for (auto ticks = random() % 6; ticks > 0; --ticks) {
        const bool ran = ticking.state == ClockState::kRunning, ended = ticking.at_end();
        ticking.tick();
        const bool is_boundary =
            ran && (ticking.value % step == 0ns || (!ended && ticking.at_end()));
        ASSERT_EQ(boundary == SteadyTime(ticking.now), is_boundary);
        if (is_boundary) boundary = clock.next_boundary(SteadyTime(ticking.now), step);
        const ClockReading reading = clock.reading(SteadyTime(ticking.now));
        ASSERT_EQ(reading.value, ticking.value);
        ASSERT_EQ(reading.state, ticking.state);
        ASSERT_EQ(reading.at_end, ticking.at_end());
      }
    }
  }
}

}  // namespace
}  // namespace masterclock::count_clock_test
