#include "masterclock/time/local_clock.h"

#include <gtest/gtest.h>

namespace masterclock::local_clock_test {
namespace {

using namespace std::chrono_literals;

// Has the same offset at all times.
struct Fixed {
  std::chrono::seconds offset;
  LocalTime to_local(UtcTime utc) const { return LocalTime(utc.time_since_epoch() + offset); }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve policy) const {
    if (policy == Resolve::kReject) return absl::FailedPreconditionError("rejected");
    return UtcTime(local.time_since_epoch() - offset);
  }
};
static_assert(WallClock<Fixed> && WallClock<AnyWallClock>);
static_assert(std::is_trivially_copyable_v<AnyWallClock>);
static_assert(sizeof(AnyWallClock) == 2 * sizeof(void*));

TEST(AnyWallClock, CallsTheClockThatItHolds) {
  AnyWallClock wall = Fixed{1h};
  EXPECT_EQ(wall.to_local(UtcTime(5s)), LocalTime(3'605s));
  wall = Fixed{-30min};
  EXPECT_EQ(wall.to_utc(LocalTime(0s), Resolve::kSnap).value(), UtcTime(1'800s));
  EXPECT_EQ(wall.to_utc(LocalTime(0s), Resolve::kReject).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(AnyWallClock, ReturnsTheClockThatItHolds) {
  struct Other : Fixed {};
  const AnyWallClock wall = Fixed{1h};
  ASSERT_TRUE(wall.target<Fixed>());
  EXPECT_EQ(wall.target<Fixed>()->offset, 1h);
  EXPECT_FALSE(wall.target<Other>());
}

TEST(Resolve, HasAName) {
  EXPECT_EQ(to_string(Resolve::kReject), "reject");
  EXPECT_EQ(to_string(Resolve::kSnap), "snap");
  EXPECT_EQ(to_string(static_cast<Resolve>(99)), "unknown");
  EXPECT_EQ(::testing::PrintToString(Resolve::kLater), "later");
}

}  // namespace
}  // namespace masterclock::local_clock_test
