#include "masterclock/sync/sync_provider.h"

#include <gtest/gtest.h>

#include "masterclock/sync/simulated_sync_provider.h"

namespace masterclock::sync_reading_test {
namespace {

using namespace std::chrono;

TEST(SyncReading, StatesABoundOnlyWithAStateAndANumberForIt) {
  const SyncReading nothing;
  EXPECT_FALSE(nothing.has_bound());
  EXPECT_EQ(nothing.error_bound, nanoseconds::max());
  EXPECT_EQ(nothing.provenance, "none");
  EXPECT_TRUE(SyncReading{.state = SyncState::kFreeRunning}.has_bound());
  EXPECT_FALSE(SyncReading{.state = SyncState::kDisrupted}.has_bound());
  EXPECT_TRUE((SyncReading{.state = SyncState::kSynchronized, .error_bound = 0ns}.has_bound()));
  EXPECT_FALSE((SyncReading{.state = SyncState::kSynchronized, .error_bound = -1ns}.has_bound()));
}

TEST(SimulatedSyncProvider, ReturnsTheReadingThatWasSet) {
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
