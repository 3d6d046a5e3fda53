#include "masterclock/sync/ptp_time.h"

#include <gtest/gtest.h>

#include "masterclock/time/leap_seconds.h"

namespace masterclock::ptp_time_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;

// nmos-cpp#208: a hard-coded 37 s. GstPtpClock parses the offset and ignores it. CLOCK_TAI equals
// CLOCK_REALTIME until a daemon sets the offset, and is then no time of day.
TEST(PtpTimeOfDay, IsRefusedUntilTheOffsetIsSet) {
  const auto refused = ptp_time_of_day({TaiTime(kNoon.time_since_epoch()), 0});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(PtpTimeOfDay, IsWhatTheKernelMadeOfTheOffsetItWasTold) {
  for (const int offset : {37, 38, 36, -1}) {
    const TaiTime clock(kNoon.time_since_epoch() + seconds(offset));
    const auto time = ptp_time_of_day({clock, offset});
    ASSERT_TRUE(time.ok()) << offset;
    EXPECT_EQ(*time, clock) << "nothing is added again, and no table is asked";
  }
  EXPECT_EQ(*ptp_time_of_day({TaiTime(kNoon.time_since_epoch() + 37s), 37}), to_tai(kNoon));
}

// On this machine it is refused, or ahead of UTC by the kernel's offset.
TEST(RealPtpTimeOfDay, OnThisMachineItIsKnownOrRefused) {
  const UtcTime before = SystemTimeSource::shared().now_utc();
  const KernelTai kernel = read_kernel_tai();
  const UtcTime after = SystemTimeSource::shared().now_utc();
  EXPECT_EQ(ptp_time_of_day(kernel).ok(), kernel.offset != 0);
  const UtcTime utc(kernel.clock_tai.time_since_epoch() - seconds(kernel.offset));
  if (after < before) GTEST_SKIP() << "the clock was set back meanwhile";
  EXPECT_GE(utc, before);
  EXPECT_LE(utc, after);
}

}  // namespace
}  // namespace masterclock::ptp_time_test
