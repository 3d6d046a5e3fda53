#include "masterclock/frames/join_point.h"

#include <gtest/gtest.h>

#include <random>

#include "exact.h"
#include "masterclock/time/rfc3339.h"

namespace masterclock::join_point_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kEight = sys_days(2026y / November / 20) + 20h;

static_assert(join_at(kEight, kEight, k25) == JoinPoint{0ns, 0, 0ns, 40ms});
static_assert(join_at(kEight, kEight + 39'999'999ns, k25) ==
              JoinPoint{39'999'999ns, 0, 39'999'999ns, 1ns});
static_assert(join_at(kEight, kEight + 40ms, k25) == JoinPoint{40ms, 1, 0ns, 40ms});
static_assert(join_at(kEight, kEight - 1ns, k25) == JoinPoint{0ns, 0, 0ns, 40ms});

TEST(JoinAt, NamedCases) {
  const struct {
    const char* name;
    const char* start;
    const char* now;
    FrameRate rate;
    nanoseconds offset;
    std::int64_t frame;
  } cases[] = {
      {"an hour and a quarter over the change to winter time in New York", "2026-11-01T05:30:00Z",
       "2026-11-01T06:45:00Z", k29_97, 4'500s, 134'865},
      {"the same instants as the wall showed them", "2026-11-01T01:30:00-04:00",
       "2026-11-01T01:45:00-05:00", k29_97, 4'500s, 134'865},
      {"across a leap second a second more", "2016-12-31T23:59:00Z", "2017-01-01T00:00:00Z", k25,
       61s, 1'525},
      {"across a leap second, one frame in", "2016-12-31T23:59:59Z", "2017-01-01T00:00:00.04Z", k25,
       2s + 40ms, 51},
      {"a day before the start", "2026-11-20T20:00:00Z", "2026-11-19T20:00:00Z", k59_94, 0s, 0},
      {"on since 1972", "1972-01-01T00:00:00Z", "2026-11-20T00:00:00Z", k24, 1'732'060'800s + 27s,
       41'569'459'848},
  };
  for (const auto& c : cases) {
    const JoinPoint join =
        join_at(parse_rfc3339(c.start).value(), parse_rfc3339(c.now).value(), c.rate);
    EXPECT_EQ(join.offset, c.offset) << c.name;
    EXPECT_EQ(join.frame, c.frame) << c.name;
    EXPECT_EQ(join.into_frame, c.offset - frame_start(c.frame, c.rate)) << c.name;
  }
}

// At random instants the two distances meet at the frame's exact ends.
TEST(JoinAt, AgreesWithExactArithmetic) {
  std::mt19937_64 random(41);
  for (int i = 0; i < 100'000; ++i) {
    const FrameRate rate = i % 3 == 0 ? k25 : i % 3 == 1 ? k29_97 : k59_94;
    const nanoseconds ns(static_cast<std::int64_t>(random() >> (2 + random() % 60)));
    const JoinPoint join = join_at_offset(ns, rate);
    ASSERT_EQ(join.offset, ns);
    const std::int64_t begin = (ns - join.into_frame).count();
    const std::int64_t end = (ns + join.until_next_frame).count();
    ASSERT_GE(join.into_frame, 0ns);
    ASSERT_GT(join.until_next_frame, 0ns);
    ASSERT_TRUE(exact::begins_by(join.frame, begin, rate));
    ASSERT_FALSE(exact::begins_by(join.frame, begin - 1, rate));
    ASSERT_TRUE(exact::begins_by(join.frame + 1, end, rate));
    ASSERT_FALSE(exact::begins_by(join.frame + 1, end - 1, rate));
  }
}

TEST(JoinAt, Prints) {
  EXPECT_EQ(to_string(join_at_offset(1h + 5ms, k25)),
            "frame 90000 + 5000000 ns, at 3600005000000 ns");
}

TEST(JoinAt, StaysInRange) {
  const JoinPoint all_of_time = join_at(UtcTime::min(), UtcTime::max(), k120);
  EXPECT_EQ(all_of_time.offset, nanoseconds::max());
  EXPECT_EQ(all_of_time.frame, frame_index(nanoseconds::max(), k120));
  EXPECT_GE(all_of_time.until_next_frame, 0ns);
  EXPECT_EQ(join_at(UtcTime::max(), UtcTime::min(), k120).offset, 0ns);
  EXPECT_EQ(join_at(kEight, kEight + 1s, FrameRate{}).frame, 0) << "no rate: the first frame stays";
}

}  // namespace
}  // namespace masterclock::join_point_test
