#include "masterclock/time/precision.h"

#include <gtest/gtest.h>

#include <limits>

namespace masterclock::precision_test {
namespace {

using namespace std::chrono_literals;

template <class P>
std::int64_t ticks(std::int64_t ns) {
  return P::quantize(UtcTime(std::chrono::nanoseconds(ns))).time_since_epoch().count();
}

TEST(Precision, FloorsTowardThePastOnBothSidesOfTheEpoch) {
  EXPECT_EQ(ticks<SecondPrecision>(1'999'999'999), 1);
  EXPECT_EQ(ticks<SecondPrecision>(-1), -1);
  EXPECT_EQ(ticks<SecondPrecision>(-1'000'000'000), -1);
  EXPECT_EQ(ticks<SecondPrecision>(-1'000'000'001), -2);
  EXPECT_EQ(ticks<MillisecondPrecision>(1'999'999), 1);
  EXPECT_EQ(ticks<MillisecondPrecision>(-1), -1);
  EXPECT_EQ(ticks<MicrosecondPrecision>(1'999), 1);
  EXPECT_EQ(ticks<MicrosecondPrecision>(-1'001), -2);
  EXPECT_EQ(ticks<NanosecondPrecision>(-1), -1);
}

TEST(Precision, HoldsAtTheEndsOfTheRange) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(ticks<SecondPrecision>(kMin), -9'223'372'037);
  EXPECT_EQ(ticks<SecondPrecision>(kMax), 9'223'372'036);
  EXPECT_EQ(ticks<NanosecondPrecision>(kMin), kMin);
}

struct HalfHours {
  using duration = std::chrono::duration<std::int64_t, std::ratio<1800>>;
  static constexpr std::chrono::sys_time<duration> quantize(UtcTime t) noexcept {
    return std::chrono::floor<duration>(t);
  }
};
struct Throws {
  using duration = std::chrono::seconds;
  static std::chrono::sys_seconds quantize(UtcTime t) { return std::chrono::floor<duration>(t); }
};
static_assert(PrecisionPolicy<HalfHours>, "a policy of the user");
static_assert(!PrecisionPolicy<Throws>, "quantizing must not throw");
static_assert(!PrecisionPolicy<int>);

}  // namespace
}  // namespace masterclock::precision_test
