#include "masterclock/sync/time_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace masterclock::time_bounds_test {
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

constexpr TimeBounds sure(nanoseconds from, nanoseconds to) {
  return {kNoon + from, kNoon + to, SyncState::kSynchronized};
}

TEST(TimeBounds, AreOrderedOnlyWhenTheyDoNotTouch) {
  const struct {
    const char* name;
    TimeBounds a, b;
    bool before;
  } cases[] = {
      {"apart", sure(0us, 1us), sure(2us, 3us), true},
      {"a nanosecond apart", sure(0us, 1us), sure(1us + 1ns, 3us), true},
      {"touching", sure(0us, 1us), sure(1us, 3us), false},
      {"overlapping", sure(0us, 2us), sure(1us, 3us), false},
      {"inside", sure(1us, 2us), sure(0us, 3us), false},
      {"the other way round", sure(2us, 3us), sure(0us, 1us), false},
      {"the same instant", sure(0us, 0us), sure(0us, 0us), false},
      {"nothing known of the first", {}, sure(0us, 1us), false},
      {"nothing known of the second", sure(0us, 1us), {}, false},
  };
  for (const auto& c : cases) EXPECT_EQ(definitely_before(c.a, c.b), c.before) << c.name;
}

TEST(TimeBounds, ACallersLimitHoldsToTheNanosecond) {
  const TimeBounds bounds = bounds_around(kNoon, 12us, SyncState::kSynchronized);
  EXPECT_EQ(bounds.uncertainty(), 12us);
  EXPECT_TRUE(bounds.require(12us).ok());
  EXPECT_TRUE(bounds.require(1h).ok());
  const absl::Status over = bounds.require(12us - 1ns);
  EXPECT_EQ(over.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(over.message()), "the time is known to 12000 ns, required are 11999 ns");
}

TEST(TimeBounds, AnOddWidthIsRoundedUp) {
  EXPECT_EQ(sure(0ns, 3ns).uncertainty(), 2ns);
  EXPECT_FALSE(sure(0ns, 3ns).require(1ns).ok());
}

TEST(TimeBounds, TheStateDecidesBeforeTheWidth) {
  const struct {
    SyncState state;
    bool may_go_on;
  } cases[] = {{SyncState::kUnknown, false},
               {SyncState::kSynchronized, true},
               {SyncState::kFreeRunning, true},
               {SyncState::kDisrupted, false}};
  for (const auto& c : cases) {
    const absl::Status status = bounds_around(kNoon, 1us, c.state).require(1s);
    EXPECT_EQ(status.ok(), c.may_go_on) << to_string(c.state);
    if (status.ok()) continue;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(status.message()), HasSubstr(to_string(c.state)));
  }
}

// Eyevinn/strom#33: "Synced", with no master anywhere.
TEST(TimeBounds, WithoutAClaimEverythingIsPossible) {
  const TimeBounds nothing;
  EXPECT_EQ(nothing.state, SyncState::kUnknown);
  EXPECT_TRUE(nothing.contains(UtcTime::min()));
  EXPECT_TRUE(nothing.contains(UtcTime::max()));
  EXPECT_FALSE(nothing.require(nanoseconds::max()).ok());
}

TEST(TimeBounds, EndAtTheEndOfTheRange) {
  const TimeBounds wide = bounds_around(kNoon, nanoseconds::max(), SyncState::kSynchronized);
  EXPECT_TRUE(wide.contains(kNoon));
  EXPECT_EQ(wide.latest, UtcTime::max());
  EXPECT_LT(wide.earliest, UtcTime(0s));
}

}  // namespace
}  // namespace masterclock::time_bounds_test
