#include "masterclock/sync/sync_reading.h"

#include <gtest/gtest.h>

#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/time/leap_seconds.h"

namespace masterclock::sync_reading_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

TEST(SyncReading, ClaimsNothingUntilSomebodyDoes) {
  const SyncReading nothing;
  EXPECT_FALSE(nothing.has_bound());
  EXPECT_EQ(nothing.error_bound, nanoseconds::max());
  EXPECT_EQ(nothing.provenance, "nobody");
  EXPECT_TRUE(SyncReading{.state = SyncState::kFreeRunning}.has_bound());
  EXPECT_FALSE(SyncReading{.state = SyncState::kDisrupted}.has_bound());
  EXPECT_TRUE((SyncReading{.state = SyncState::kSynchronized, .error_bound = 0ns}.has_bound()));
  EXPECT_FALSE((SyncReading{.state = SyncState::kSynchronized, .error_bound = -1ns}.has_bound()));
}

// nmos-cpp#208: a hard-coded 37 s. GstPtpClock parses the offset and ignores it.
TEST(SyncReading, PtpTimeOfDayNeedsAnOffsetThatIsKnown) {
  EXPECT_EQ(ptp_time(kNoon, {}), std::nullopt);
  EXPECT_EQ(ptp_time(kNoon, {.tai_offset = 37}), to_tai(kNoon)) << "as the table has it";
  EXPECT_EQ(ptp_time(kNoon, {.tai_offset = 38}), to_tai(kNoon) + 1s) << "and not by the table";
}

TEST(SimulatedSyncProvider, SaysWhatItWasToldUntilToldOtherwise) {
  SimulatedSyncProvider provider;
  EXPECT_EQ(provider.read().state, SyncState::kUnknown);
  EXPECT_EQ(provider.read().provenance, "simulated");
  provider.set({.state = SyncState::kSynchronized, .error_bound = 3us, .provenance = "GPS"});
  EXPECT_EQ(provider.read().error_bound, 3us);
  EXPECT_EQ(provider.read().provenance, "GPS");
  EXPECT_EQ(provider.asked(), 4u);
}

}  // namespace
}  // namespace masterclock::sync_reading_test
