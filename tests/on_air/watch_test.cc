#include "watch.h"

#include <gtest/gtest.h>

#include <vector>

#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"

namespace on_air::watch_test {
namespace {

using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using namespace std::chrono_literals;

// Each drawing is at a whole second of the clock, however long a drawing takes and whatever sets the clock.
TEST(Watch, DrawsAtEachSecondOfTheClock) {
  const UtcTime start = masterclock::parse_rfc3339("2026-03-28T12:00:00.300Z").value();
  ManualTimeSource clock(start);
  std::vector<std::chrono::nanoseconds> drawn;
  const auto draw = [&] {
    drawn.push_back(clock.now_utc() - start);
    clock.advance(drawn.size() == 3 ? 1250ms : 20ms);
    return absl::OkStatus();
  };
  int waits = 0;
  const absl::Status ended = watch(clock, draw, [&](std::chrono::nanoseconds wait) {
    EXPECT_GT(wait, 0ns);
    EXPECT_LE(wait, 1s);
    clock.advance(wait);
    if (++waits == 4) clock.step_utc(-1h);
    return waits < 6;
  });
  EXPECT_TRUE(ended.ok());
  const std::vector<std::chrono::nanoseconds> expected = {0ms,    700ms,       1700ms,
                                                          3700ms, 4700ms - 1h, 5700ms - 1h};
  EXPECT_EQ(drawn, expected);
}

TEST(Watch, DrawsAtTheFirstSecondOfTheRange) {
  ManualTimeSource clock(UtcTime::min());
  const absl::Status ended = watch(
      clock, [] { return absl::OkStatus(); },
      [&](std::chrono::nanoseconds wait) {
        clock.advance(wait);
        return false;
      });
  EXPECT_TRUE(ended.ok());
  EXPECT_EQ(clock.now_utc(), std::chrono::ceil<std::chrono::seconds>(UtcTime::min()));
}

TEST(Watch, EndsWithTheErrorOfADrawing) {
  ManualTimeSource clock{UtcTime()};
  int draws = 0;
  const absl::Status ended = watch(
      clock, [&] { return ++draws == 3 ? absl::UnavailableError("no more") : absl::OkStatus(); },
      [&](std::chrono::nanoseconds wait) {
        clock.advance(wait);
        return true;
      });
  EXPECT_EQ(ended, absl::UnavailableError("no more"));
  EXPECT_EQ(draws, 3);
}

TEST(FirstLines, FitAScreen) {
  EXPECT_EQ(first_lines("a\nb\nc\n", 4), "a\nb\nc\n");
  EXPECT_EQ(first_lines("a\nb\nc\n", 3), "a\nb\nc\n");
  EXPECT_EQ(first_lines("a\nb\nc\n", 2), "a\n... and 2 more lines\n");
  EXPECT_EQ(first_lines("a\nb\nc\n", 1), "... and 3 more lines\n");
  EXPECT_EQ(first_lines("a\nb\nc\n", 0), "... and 3 more lines\n");
  EXPECT_EQ(first_lines("", 1), "");
}

}  // namespace
}  // namespace on_air::watch_test
