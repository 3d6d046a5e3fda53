#include "masterclock/time/precision.h"

#include <gtest/gtest.h>

#include <limits>

namespace masterclock {
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

// A split reading gives what the whole one gives, also before 1970.
TEST(Precision, CutsASplitReadingAlike) {
  for (const std::int64_t second : std::initializer_list<std::int64_t>{
           -9'223'372'036, -2, -1, 0, 1, 1'774'746'900, 9'223'372'035}) {
    for (const std::uint32_t fraction : {0u, 1u, 999u, 1'000u, 999'999u, 1'000'000u, 999'999'999u}) {
      const SplitReading split{std::chrono::sys_seconds(std::chrono::seconds(second)), fraction};
      const UtcTime whole = UtcTime(split.whole) + std::chrono::nanoseconds(fraction);
      EXPECT_EQ(SecondPrecision::quantize(split), SecondPrecision::quantize(whole));
      EXPECT_EQ(MillisecondPrecision::quantize(split), MillisecondPrecision::quantize(whole));
      EXPECT_EQ(MicrosecondPrecision::quantize(split), MicrosecondPrecision::quantize(whole));
      EXPECT_EQ(NanosecondPrecision::quantize(split), NanosecondPrecision::quantize(whole));
    }
  }
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
static_assert(PrecisionPolicy<HalfHours>, "a policy of one's own");
static_assert(!PrecisionPolicy<Throws>, "quantizing must not throw");
static_assert(!PrecisionPolicy<int>);

}  // namespace
}  // namespace masterclock
