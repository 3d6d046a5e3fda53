#include "masterclock/frames/frame_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>

#include "exact.h"
#include "masterclock/time/leap_seconds.h"

namespace masterclock::frame_index_test {
namespace {

using namespace std::chrono;
using exact::begins_by;

constexpr FrameRate kPresets[] = {k23_976, k24, k25,    k29_97, k30,  k47_95, k48,
                                  k50,     k60, k59_94, k100,   k120, k119_88};
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

static_assert(frame_index(0ns, k25) == 0);
static_assert(frame_index(40ms - 1ns, k25) == 0 && frame_index(40ms, k25) == 1);
static_assert(frame_index(-1ns, k25) == -1 && frame_index(-40ms, k25) == -1);
static_assert(frame_index(-40ms - 1ns, k25) == -2);
static_assert(frame_start(-1, k25) == -40ms);
static_assert(frame_start(1, k29_97) == 33'366'667ns && frame_start(-1, k29_97) == -33'366'666ns);
static_assert(frame_index(1h, FrameRate{50, 2}) == frame_index(1h, k25));
static_assert(frame_start<TaiTime>(25, k25) == TaiTime(1s) && frame_index(TaiTime(1s), k25) == 25);

// An invalid rate divides by no zero and has one frame.
static_assert(frame_index(5s, FrameRate{}) == 0 && frame_index(-5s, FrameRate{25, 0}) == 0);
static_assert(frame_start(0, FrameRate{}) == 0ns);
static_assert(frame_start(1, FrameRate{-25, 1}) == nanoseconds::max());

TEST(FrameIndex, AgreesWithExactArithmeticAtAMillionPoints) {
  std::mt19937_64 random(20'261'121);
  for (int i = 0; i < 1'000'000; ++i) {
    const FrameRate rate = kPresets[static_cast<std::size_t>(i) % std::size(kPresets)];
    // Every magnitude is as likely as any other, both signs.
    const auto ns = static_cast<std::int64_t>(random()) >> (random() % 63);
    const std::int64_t index = frame_index(nanoseconds(ns), rate);
    ASSERT_TRUE(begins_by(index, ns, rate) && !begins_by(index + 1, ns, rate))
        << ns << " ns at " << to_string(rate) << " gave " << index;
  }
}

TEST(FrameStart, AgreesWithExactArithmeticAtAMillionPoints) {
  std::mt19937_64 random(20'261'122);
  int inside = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const FrameRate rate = kPresets[static_cast<std::size_t>(i) % std::size(kPresets)];
    const auto index = static_cast<std::int64_t>(random()) >> (random() % 63);
    const std::int64_t ns = frame_start(index, rate).count();
    // Beyond the range of nanoseconds the answer is the end of the range.
    if (ns == kMax) {
      ASSERT_FALSE(begins_by(index, kMax - 1, rate)) << index << " at " << to_string(rate);
      continue;
    }
    if (ns == kMin) {
      ASSERT_TRUE(begins_by(index, kMin, rate)) << index << " at " << to_string(rate);
      continue;
    }
    ++inside;
    ASSERT_TRUE(begins_by(index, ns, rate) && !begins_by(index, ns - 1, rate))
        << "frame " << index << " at " << to_string(rate) << " gave " << ns;
    ASSERT_EQ(frame_index(nanoseconds(ns), rate), index) << to_string(rate);
  }
  EXPECT_GT(inside, 500'000);
}

// Uncommon rates, up to the ends of both integers: the 128-bit path and its neighbours.
TEST(FrameIndex, AgreesWithExactArithmeticAtAnyRate) {
  std::mt19937_64 random(20'261'123);
  const auto positive = [&] {
    return static_cast<std::int64_t>((random() >> 1) >> (random() % 62)) | 1;
  };
  for (int i = 0; i < 300'000; ++i) {
    const FrameRate rate{positive(), positive()};
    const auto ns = static_cast<std::int64_t>(random()) >> (random() % 63);
    const std::int64_t index = frame_index(nanoseconds(ns), rate);
    if (index == kMax) {
      ASSERT_TRUE(begins_by(kMax, ns, rate));
    } else if (index == kMin) {
      ASSERT_FALSE(begins_by(kMin + 1, ns, rate));
    } else {
      ASSERT_TRUE(begins_by(index, ns, rate) && !begins_by(index + 1, ns, rate))
          << ns << " at " << rate.numerator << "/" << rate.denominator << " gave " << index;
    }
    const std::int64_t start = frame_start(ns, rate).count();
    if (start == kMax) {
      ASSERT_FALSE(begins_by(ns, kMax - 1, rate));
    } else if (start == kMin) {
      ASSERT_TRUE(begins_by(ns, kMin, rate));
    } else {
      ASSERT_TRUE(begins_by(ns, start, rate) && !begins_by(ns, start - 1, rate))
          << "frame " << ns << " at " << rate.numerator << "/" << rate.denominator;
    }
  }
}

TEST(FrameIndex, HoldsAtTheEndsOfTheTypes) {
  const FrameRate rates[] = {k23_976,          k25,       k119_88,   {900'000'000, 1},
                             {900'000'001, 1}, {1, kMax}, {kMax, 1}, {kMax, kMax - 1},
                             {kMax, kMax}};
  for (const FrameRate rate : rates) {
    for (const std::int64_t ns :
         {kMin, kMin + 1, std::int64_t{-1}, std::int64_t{0}, kMax - 1, kMax}) {
      const std::int64_t index = frame_index(nanoseconds(ns), rate);
      EXPECT_TRUE(begins_by(index, ns, rate) || index == kMin) << ns << " " << to_string(rate);
      EXPECT_TRUE(index == kMax || !begins_by(index + 1, ns, rate)) << ns << " " << to_string(rate);
    }
    EXPECT_LE(frame_start(kMin, rate), frame_start(kMin + 1, rate));
    EXPECT_LE(frame_start(kMax - 1, rate), frame_start(kMax, rate));
  }
  EXPECT_EQ(frame_start(kMax, k25), nanoseconds::max());
  EXPECT_EQ(frame_start(kMin, k25), nanoseconds::min());
}

static_assert(first_frame_at_or_after(30s, k59_94) == 1'799 &&
              first_frame_at_or_after(30s, k29_97) == 900);
static_assert(first_frame_at_or_after(0s, k59_94) == 0 &&
              first_frame_at_or_after(1ns, k59_94) == 1);
static_assert(first_frame_at_or_after(-1ns, k25) == 0 && first_frame_at_or_after(-40ms, k25) == -1);
static_assert(first_frame_at_or_after(30s, k25) == 750 &&
              first_frame_at_or_after(30s + 1ns, k25) == 751);
static_assert(first_frame_at_or_after(TaiTime(30s), k59_94) == 1'799);
static_assert(first_frame_at_or_after(5s, FrameRate{}) == 0);

TEST(FirstFrameAtOrAfter, IsTheFirstFrameFromThereOn) {
  std::mt19937_64 random(7);
  const FrameRate rates[] = {k23_976, k25, k29_97, k59_94, k119_88, {1, 7}, {999'999'937, 1}};
  for (int i = 0; i < 200'000; ++i) {
    const FrameRate rate = rates[static_cast<std::size_t>(i) % std::size(rates)];
    // Half of the instants are near the start of a frame.
    const auto any = static_cast<std::int64_t>(random()) >> (random() % 62 + 1);
    const nanoseconds at = i % 2 == 0
                               ? nanoseconds(any)
                               : frame_start(any >> 32, rate) + nanoseconds(random() % 3) - 1ns;
    const std::int64_t first = first_frame_at_or_after(at, rate);
    ASSERT_TRUE(!begins_by(first, at.count() - 1, rate)) << at.count();
    ASSERT_TRUE(begins_by(first - 1, at.count() - 1, rate)) << at.count();
    ASSERT_GE(frame_start(first, rate), at);
    ASSERT_LT(frame_start(first - 1, rate), at);
  }
}

TEST(FirstFrameAtOrAfter, OnAFramesOwnStartIsThatFrame) {
  for (const FrameRate rate : {k23_976, k29_97, k59_94, k119_88, k25}) {
    for (std::int64_t frame = -2'000; frame < 2'000; ++frame) {
      ASSERT_EQ(first_frame_at_or_after(frame_start(frame, rate), rate), frame) << to_string(rate);
    }
  }
}

TEST(FirstFrameAtOrAfter, StaysInRange) {
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::min(), k120),
            frame_index(nanoseconds::min(), k120) + 1);
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::max(), k120),
            frame_index(nanoseconds::max(), k120) + 1);
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::max(), FrameRate{kMax, 1}), kMax);
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::min(), FrameRate{1'000'000'000, 1}), kMin);
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::min(), FrameRate{kMax, 1}), kMin);
}

// Steps of 33 ms for 1/30 s: 36 s an hour.
TEST(Regression, MillisecondStepsDriftAndFramesDoNot) {
  const std::int64_t frames_an_hour = frame_index(1h, k30);
  EXPECT_EQ(frames_an_hour, 108'000);
  EXPECT_EQ(1h - frames_an_hour * 33ms, 36s) << "the drift of the millisecond steps";
  EXPECT_EQ(frame_start(frames_an_hour, k30), 1h);
}

// A channel that has been on for a year, in doubles of milliseconds, frames of 1000/29.97.
TEST(Regression, FloatMillisecondsLoseFrames) {
  const auto a_year = 365 * 24h;
  const double wrong = std::floor(duration<double, std::milli>(a_year).count() / (1000.0 / 29.97));
  const std::int64_t right = frame_index(a_year, k29_97);
  EXPECT_EQ(right, 945'134'865) << "365 * 86400 * 30000/1001, floored";
  EXPECT_EQ(right - static_cast<std::int64_t>(wrong), 946) << "half a minute of picture";
}

// frames * 1e9 * den in 64 bits is over after 42.7 hours at 59.94.
TEST(Regression, NoOverflowAfter42HoursAt5994) {
  const std::int64_t last_safe = kMax / (1'000'000'000LL * 1'001);
  EXPECT_NEAR(duration<double>(frame_start(last_safe, k59_94)).count() / 3'600, 42.7, 0.05);
  for (std::int64_t frame = last_safe - 2; frame < last_safe + 3; ++frame) {
    const nanoseconds start = frame_start(frame, k59_94);
    EXPECT_TRUE(begins_by(frame, start.count(), k59_94));
    EXPECT_FALSE(begins_by(frame, start.count() - 1, k59_94));
    EXPECT_EQ(frame_index(start, k59_94), frame);
    EXPECT_EQ(frame_index(start - 1ns, k59_94), frame - 1);
  }
}

// ns * 24000 in 64 bits is over after 107 hours at 23.976.
TEST(Regression, NoOverflowAfter107HoursAt23976) {
  EXPECT_GT(std::int64_t{107 * 3'600} * 24'000, kMax / 1'000'000'000LL);
  EXPECT_EQ(frame_index(107h, k23_976), 9'235'564) << "107 * 3600 * 24000/1001 = 9235564.4...";
  EXPECT_EQ(frame_index(-107h, k23_976), -9'235'565);
  EXPECT_EQ(frame_start(9'235'564, k23_976), 385'199'981'833'334ns) << "...833.33 ns, the ceiling";
}

// Today, counted from the epoch, at the fastest rate: 1.79e18 ns * 120000 needs 78 bits.
TEST(Regression, TodaysEpochAt11988) {
  const TaiTime today = to_tai(sys_days(2026y / November / 21) + 9h);
  const std::int64_t index = frame_index(today, k119_88);
  EXPECT_EQ(today.time_since_epoch(), 1'795'251'637s);
  EXPECT_EQ(index, 215'214'981'458);
  EXPECT_EQ(frame_start<TaiTime>(index, k119_88), TaiTime(1'795'251'636'995'483'334ns));
}

// Starts that are floored read back one frame low, at every 1000/1001 rate.
TEST(Regression, FlooredStampsReadOneFrameLow) {
  for (const FrameRate rate : {k23_976, k29_97, k47_95, k59_94, k119_88}) {
    int low = 0;
    for (std::int64_t frame = 1; frame <= 30'000; ++frame) {
      const nanoseconds start = frame_start(frame, rate);
      ASSERT_EQ(frame_index(start, rate), frame) << to_string(rate);
      const auto floored = nanoseconds(frame * rate.denominator * 1'000'000'000 / rate.numerator);
      low += frame_index(floored, rate) == frame - 1;
    }
    EXPECT_GT(low, 15'000) << to_string(rate) << ": most floored stamps are a frame low";
  }
}

}  // namespace
}  // namespace masterclock::frame_index_test
