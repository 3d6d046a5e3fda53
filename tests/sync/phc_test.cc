#include "masterclock/sync/providers/phc.h"

#include <gtest/gtest.h>

namespace masterclock::phc_test {
namespace {

using namespace std::chrono;

ptp_clock_time at(std::int64_t seconds, unsigned nanoseconds) {
  ptp_clock_time time{};
  time.sec = seconds;
  time.nsec = nanoseconds;
  return time;
}

// The card is 37 s and 5 ns ahead; the second bracket, 101 ns wide, is the narrowest.
TEST(Phc, TakesTheNarrowestBracket) {
  ptp_sys_offset_extended samples{};
  samples.n_samples = 3;
  const unsigned widths[] = {900, 101, 400};
  for (unsigned i = 0; i < 3; ++i) {
    samples.ts[i][0] = at(100 + i, 1'000);
    samples.ts[i][1] = at(137 + i, 1'000 + widths[i] / 2 + 5);
    samples.ts[i][2] = at(100 + i, 1'000 + widths[i]);
  }
  const auto reading = internal::phc_reading(samples);
  ASSERT_TRUE(reading.has_value());
  EXPECT_EQ(reading->time, 138s + 1'055ns);
  EXPECT_EQ(reading->ahead, 37s + 5ns);
  EXPECT_EQ(reading->error, 51ns);  // half the width, rounded up
}

TEST(Phc, IsNotMisledByNonsense) {
  ptp_sys_offset_extended samples{};
  EXPECT_FALSE(internal::phc_reading(samples).has_value());
  samples.n_samples = 4'000'000'000;  // more than there is room for
  samples.ts[0][0] = at(INT64_MAX, 0);
  samples.ts[0][1] = at(INT64_MIN, 0);
  EXPECT_TRUE(internal::phc_reading(samples).has_value());
  // A system that was set back in between.
  EXPECT_EQ(internal::phc_between(10s, 5s, 9s).error, 0ns);
}

TEST(Phc, DeclinesWhereThereIsNone) {
  EXPECT_EQ(Phc::open("/dev/ptp_of_no_card").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Phc::device_of("lo").status().code(), absl::StatusCode::kNotFound);
  const absl::StatusOr<Phc> null = Phc::open("/dev/null");
  ASSERT_TRUE(null.ok()) << null.status();
  EXPECT_FALSE(null->read().ok());
}

}  // namespace
}  // namespace masterclock::phc_test
