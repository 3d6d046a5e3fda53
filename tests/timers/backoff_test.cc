#include "masterclock/timers/backoff.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <optional>

namespace masterclock::backoff_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

static_assert(Backoff{2s, 1h, 10} == Backoff{2s, 1h, 10});
static_assert(Backoff{2s, 1h, 10} != Backoff{2s, 1h, 9});
static_assert(Backoff{}.delay_after(3) == 8s);

TEST(Backoff, DoublesUpToTheLimitAndThenGivesUp) {
  constexpr Backoff backoff{3s, 20s, 6};
  EXPECT_EQ(backoff.delay_after(1), 3s);
  EXPECT_EQ(backoff.delay_after(2), 6s);
  EXPECT_EQ(backoff.delay_after(3), 12s);
  EXPECT_EQ(backoff.delay_after(4), 20s);
  EXPECT_EQ(backoff.delay_after(5), 20s);
  EXPECT_EQ(backoff.delay_after(6), std::nullopt);
  EXPECT_EQ(backoff.delay_after(7), std::nullopt);
}

TEST(Backoff, NeverGivesUpByDefault) {
  constexpr int kMost = std::numeric_limits<int>::max();
  EXPECT_EQ(Backoff{}.delay_after(kMost - 1), 1h);
  EXPECT_EQ((Backoff{2s, 1h, 1}).delay_after(1), std::nullopt);
  EXPECT_EQ((Backoff{2s, 1h, 0}).delay_after(0), std::nullopt);
}

TEST(Backoff, CountsFewerThanOneFailureAsOne) {
  EXPECT_EQ(Backoff{}.delay_after(0), 2s);
  EXPECT_EQ(Backoff{}.delay_after(std::numeric_limits<int>::min()), 2s);
  EXPECT_EQ((Backoff{2s, 1h, 1}).delay_after(0), std::nullopt);
}

TEST(Backoff, ALongerWishReplacesTheDelayUpToTheLimit) {
  constexpr Backoff backoff{2s, 1min, 10};
  EXPECT_EQ(backoff.delay_after(2, 30s), 30s);
  EXPECT_EQ(backoff.delay_after(2, 3s), 4s);
  EXPECT_EQ(backoff.delay_after(2, 99'999s), 1min);
  EXPECT_EQ(backoff.delay_after(2, -1s), 4s);
  EXPECT_EQ(backoff.delay_after(10, 30s), std::nullopt);
}

TEST(Backoff, NeverOverflows) {
  constexpr nanoseconds kMost = nanoseconds::max(), kLeast = nanoseconds::min();
  EXPECT_EQ((Backoff{1ns, kMost}).delay_after(62), nanoseconds(std::int64_t{1} << 61));
  EXPECT_EQ((Backoff{1ns, kMost}).delay_after(64), kMost);
  EXPECT_EQ((Backoff{kMost, kMost}).delay_after(1'000'000'000), kMost);
  EXPECT_EQ((Backoff{5s, 3s}).delay_after(1), 3s);
  EXPECT_EQ((Backoff{0s, 1h}).delay_after(1'000'000'000), 0s);
  for (const Backoff odd : {Backoff{kLeast, kMost}, Backoff{1s, kLeast}, Backoff{-1s, -2s}}) {
    EXPECT_EQ(odd.delay_after(5, kMost).value(), std::max(odd.most, 0ns));
    EXPECT_EQ(odd.delay_after(5, kLeast).value(), 0s);
  }
}

}  // namespace
}  // namespace masterclock::backoff_test
