#include "masterclock/internal/saturating.h"

#include <gtest/gtest.h>

#include "masterclock/internal/hex.h"
#include "masterclock/internal/int128.h"
#include "masterclock/time/time_points.h"

namespace masterclock::saturating_test {
namespace {

using namespace internal;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// 128-bit integers hold every exact result.
TEST(Saturating, EqualsTheNearestValueOfTheExactResult) {
  const std::int64_t numbers[] = {kMin, kMin + 1, -3, -1, 0, 1, 2, kMax / 2, kMax - 1, kMax};
  for (const std::int64_t a : numbers) {
    for (const std::int64_t b : numbers) {
      EXPECT_EQ(saturating_sum(a, b), saturate(Int128{a} + b)) << a << ' ' << b;
      EXPECT_EQ(saturating_minus(a, b), saturate(Int128{a} - b)) << a << ' ' << b;
      EXPECT_EQ(saturating_product(a, b), saturate(Int128{a} * b)) << a << ' ' << b;
    }
  }
}

TEST(Saturating, OfTimePointsAndDurations) {
  using namespace std::chrono_literals;
  EXPECT_EQ(saturating_add(UtcTime::max(), 1ns), UtcTime::max());
  EXPECT_EQ(saturating_add(UtcTime::min(), -1ns), UtcTime::min());
  EXPECT_EQ(saturating_add(SteadyTime(1s), -3s), SteadyTime(-2s));
  EXPECT_EQ(saturating_add(std::chrono::nanoseconds::max(), 1ns), std::chrono::nanoseconds::max());
  EXPECT_EQ(saturating_difference(UtcTime::max(), UtcTime::min()), std::chrono::nanoseconds::max());
  EXPECT_EQ(saturating_difference(UtcTime::min(), UtcTime::max()), std::chrono::nanoseconds::min());
}

TEST(FloorDivide, RoundsDown) {
  const struct {
    std::int64_t a, b, quotient, rest;
  } cases[] = {
      {7, 3, 2, 1}, {-7, 3, -3, 2}, {-6, 3, -2, 0}, {kMin, kMax, -2, kMax - 1}, {kMin, 1, kMin, 0}};
  for (const auto& c : cases) {
    const auto [quotient, rest] = floor_divide(c.a, c.b);
    EXPECT_EQ(quotient, c.quotient);
    EXPECT_EQ(rest, c.rest);
  }
}

TEST(Hex, WritesLeadingZeros) {
  EXPECT_EQ(hex(0xa, 2), "0a");
  EXPECT_EQ(hex(0x16895ffffe9cfcf6, 16), "16895ffffe9cfcf6");
  EXPECT_EQ(hex(0x123, 2), "23");
}

}  // namespace
}  // namespace masterclock::saturating_test
