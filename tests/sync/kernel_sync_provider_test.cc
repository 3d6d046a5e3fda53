#include "masterclock/sync/providers/kernel.h"

#include <gtest/gtest.h>

#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::kernel_sync_provider_test {
namespace {

using namespace std::chrono;

#if defined(__linux__)

constexpr SteadyTime kThen{5s};

timex kernel(long maxerror, int status, int tai = 0) {
  timex result{};
  result.maxerror = maxerror;
  result.esterror = 7;
  result.status = status;
  result.tai = tai;
  return result;
}

TEST(KernelSyncProvider, ReadsTheStateFromTheBound) {
  const struct {
    const char* name;
    timex kernel;
    SyncState state;
  } cases[] = {
      {"disciplined", kernel(1'500, STA_PLL), SyncState::kSynchronized},
      {"to the nanosecond", kernel(1, STA_PLL | STA_NANO), SyncState::kSynchronized},
      {"at the limit", kernel(1'000'000, STA_PLL), SyncState::kSynchronized},
      {"a daemon that died", kernel(1'000'001, STA_PLL), SyncState::kFreeRunning},
      {"long ago", kernel(15'999'999, STA_PLL), SyncState::kFreeRunning},
      {"never set", kernel(16'000'000, STA_UNSYNC), SyncState::kUnknown},
      {"never set, and it says otherwise", kernel(16'000'000, STA_PLL), SyncState::kUnknown},
      {"beyond what the kernel counts", kernel(20'000'000, STA_PLL), SyncState::kUnknown},
      {"nonsense", kernel(-1, STA_PLL), SyncState::kUnknown},
      {"a fault of the clock", kernel(1'500, STA_CLOCKERR), SyncState::kDisrupted},
  };
  for (const auto& c : cases) {
    const SyncReading reading = sync_reading(c.kernel, kThen);
    EXPECT_EQ(reading.state, c.state) << c.name;
    EXPECT_EQ(reading.as_of, kThen) << c.name;
    EXPECT_EQ(reading.provenance, "kernel") << c.name;
    EXPECT_EQ(reading.error_bound, c.state == SyncState::kUnknown
                                       ? nanoseconds::max()
                                       : nanoseconds(microseconds(c.kernel.maxerror)))
        << c.name;
  }
}

// systemd trusts maxerror, since STA_UNSYNC misleads under chrony.
TEST(KernelSyncProvider, StaUnsyncAloneDecidesNothing) {
  const SyncReading reading = sync_reading(kernel(80, STA_UNSYNC), kThen);
  EXPECT_EQ(reading.state, SyncState::kSynchronized);
  EXPECT_EQ(reading.error_bound, 80us);
}

// CLOCK_TAI equals CLOCK_REALTIME until a daemon sets the offset.
TEST(KernelSyncProvider, ATaiOffsetOfNoughtIsUnknown) {
  EXPECT_EQ(sync_reading(kernel(80, STA_PLL, 0), kThen).tai_offset, std::nullopt);
  EXPECT_EQ(sync_reading(kernel(80, STA_PLL, 37), kThen).tai_offset, 37);
}

TEST(KernelSyncProvider, WhatCountsAsSynchronizedIsTheCallers) {
  const KernelSyncOptions strict{.synchronized_within = 10us};
  EXPECT_EQ(sync_reading(kernel(10, STA_PLL), kThen, strict).state, SyncState::kSynchronized);
  EXPECT_EQ(sync_reading(kernel(11, STA_PLL), kThen, strict).state, SyncState::kFreeRunning);
}

#endif

TEST(KernelSyncProvider, DatesAReadingBeforeItAsks) {
  testing::ManualTimeSource source(UtcTime(1'000s), SteadyTime(7s));
  KernelSyncProvider provider(source);
  const SyncReading reading = provider.read();
  EXPECT_EQ(reading.as_of, SteadyTime(7s));
  EXPECT_EQ(reading.provenance, "kernel");
  EXPECT_EQ(reading.has_bound(), reading.error_bound < 16s);
}

}  // namespace
}  // namespace masterclock::kernel_sync_provider_test
