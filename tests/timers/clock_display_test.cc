#include "masterclock/timers/clock_display.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>

#include "masterclock/timers/clock_presets.h"
#include "masterclock/timers/count_clock.h"

namespace masterclock::clock_display_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

static_assert(shown_seconds(1ns, CountDirection::kDown) == 1);
static_assert(shown_seconds(-999'999'999ns, CountDirection::kDown) == 0);
static_assert(shown_seconds(-1ns, CountDirection::kUp) == -1);
static_assert(shown_seconds(1'999'999'999ns, CountDirection::kUp) == 1);

// A promise of the room: the library sets no clock to a rounded value, so that no undo loses a part.
TEST(ClockDisplay, ClocksSideBySideChangeTogetherAndNeitherIsAltered) {
  std::mt19937 random(2);
  for (int round = 0; round < 4'000; ++round) {
    const auto clock = [&](bool up) {
      CountClock made =
          CountClock::make({up ? CountDirection::kUp : CountDirection::kDown,
                            nanoseconds(random() % 5'000'000'000), 100s, AtEnd::kRunOver})
              .value();
      (void)made.apply(SteadyTime(nanoseconds(random() % 1'000'000'000)), ClockCommand::start());
      return made;
    };
    const CountClock follower = clock(round % 2 == 0), leader = clock(round % 4 < 2);
    const CountClock follower_before = follower, leader_before = leader;
    const SteadyTime now(2s);
    const nanoseconds phase = display_phase(follower, leader, now);
    ASSERT_TRUE(phase > -500ms && phase <= 500ms) << phase.count();
    const SteadyTime boundary = leader.next_boundary(now).value();
    const auto text = [&](const CountClock& one, SteadyTime at, nanoseconds moved) {
      return clock_text(one.reading(at).value, one.rules().direction, {.phase = moved});
    };
    ASSERT_NE(text(leader, boundary - 1ns, 0ns), text(leader, boundary, 0ns));
    ASSERT_NE(text(follower, boundary - 1ns, phase), text(follower, boundary, phase));
    ASSERT_EQ(follower, follower_before);
    ASSERT_EQ(leader, leader_before);
  }
}

TEST(ClockDisplay, HasNoPhaseUnlessBothClocksRun) {
  const CountClock still = CountClock::make(kPlayClock40).value();
  CountClock runs = still;
  ASSERT_TRUE(runs.apply(SteadyTime(300ms), ClockCommand::start()).ok());
  EXPECT_EQ(display_phase(still, runs, SteadyTime(1s)), 0s);
  EXPECT_EQ(display_phase(runs, still, SteadyTime(1s)), 0s);
  EXPECT_EQ(display_phase(runs, runs, SteadyTime(1s)), 0s);
  EXPECT_EQ(display_phase(runs, runs, SteadyTime(100s)), 0s) << "the clock has ended";
}

TEST(ClockDisplay, ShowsTenthsMinutesAndHours) {
  struct Case {
    nanoseconds value;
    CountDirection direction;
    ClockFormat format;
    const char* text;
  };
  constexpr auto kDown = CountDirection::kDown, kUp = CountDirection::kUp;
  const Case cases[] = {
      {61'050ms, kUp, {.tenths_below = 2min}, "1:01.0"},
      {3'661'050ms, kUp, {.tenths_below = 2h}, "1:01:01.0"},
      {-50ms, kDown, {.tenths_below = 1min}, "-0.0"},
      {-1'250ms, kDown, {.tenths_below = 1min}, "-1.2"},
      {900ms, kDown, {.phase = 200ms}, "0:02"},
      {900ms, kDown, {.phase = -900ms}, "0:00"},
      {59'949ms, kUp, {.tenths_below = 59'950ms}, "59.9"},
      {59'950ms, kUp, {.tenths_below = 59'900ms}, "0:59"},
      {5s, kDown, {.tenths_below = -1s}, "0:05"},
      {nanoseconds::max(), kUp, {}, "2562047:47:16"},
      {nanoseconds::min(), kDown, {}, "-2562047:47:16"},
      {nanoseconds::max(),
       kDown,
       {.tenths_below = nanoseconds::max(), .phase = 1h},
       "2562047:47:17"},
  };
  for (const auto& [value, direction, format, text] : cases) {
    EXPECT_EQ(clock_text(value, direction, format), text);
  }
}

}  // namespace
}  // namespace masterclock::clock_display_test
