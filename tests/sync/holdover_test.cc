#include "masterclock/sync/holdover.h"

#include <gtest/gtest.h>

#include <random>

#include "masterclock/internal/int128.h"

namespace masterclock::holdover_test {
namespace {

using namespace std::chrono;
using internal::Int128;

static_assert(drift_ppm(1) == DriftRate{1'000});
static_assert(held_over(10us, 2s, drift_ppm(1)) == 12us);

TEST(DriftRate, BoundsGrowWithTheirAge) {
  const struct {
    const char* name;
    nanoseconds bound, age;
    DriftRate rate;
    nanoseconds expected;
  } cases[] = {
      {"2 s at 1 ppm", 10us, 2s, drift_ppm(1), 12us},
      {"4 s at 1 ppm", 10us, 4s, drift_ppm(1), 14us},
      {"8 s at 1 ppm", 10us, 8s, drift_ppm(1), 18us},
      {"10 s at 1 ppm", 10us, 10s, drift_ppm(1), 20us},
      {"no age", 10us, 0s, drift_ppm(1), 10us},
      {"of the future", 10us, -5s, drift_ppm(1), 10us},
      {"a perfect oscillator", 10us, 24h, {0}, 10us},
      {"a negative rate", 10us, 24h, {-1}, 10us},
      {"less than a nanosecond is one", 0ns, 1ns, {1}, 1ns},
      {"just a nanosecond", 0ns, 1s, {1}, 1ns},
      {"just over", 0ns, 1s + 1ns, {1}, 2ns},
      {"a day at 50 ppm", 0ns, 24h, drift_ppm(50), 4'320ms},
      {"a bound without end", nanoseconds::max(), 1s, drift_ppm(1), nanoseconds::max()},
      {"an age without end", 1s, nanoseconds::max(), {2'000'000'000}, nanoseconds::max()},
      {"a rate without end", 1s, 2s, {INT64_MAX}, nanoseconds::max()},
  };
  for (const auto& c : cases) EXPECT_EQ(held_over(c.bound, c.age, c.rate), c.expected) << c.name;
}

TEST(DriftRate, IsTheCeilingOfTheExactProduct) {
  std::mt19937_64 random(1588);
  for (int i = 0; i < 100'000; ++i) {
    const auto age = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    const auto rate = static_cast<std::int64_t>(random() % 1'000'000'000);
    const Int128 exact = (Int128(age) * rate + 999'999'999) / 1'000'000'000;
    const Int128 found = drifted(nanoseconds(age), {rate}).count();
    ASSERT_EQ(found, exact) << age << " ns at " << rate << " ppb";
  }
}

}  // namespace
}  // namespace masterclock::holdover_test
