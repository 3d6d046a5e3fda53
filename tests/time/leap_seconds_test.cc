#include "masterclock/time/leap_seconds.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace masterclock::leap_seconds_test {
namespace {

using namespace std::chrono;

constexpr UtcTime kLeapEnd = sys_days(2017y / January / 1);

TEST(LeapSeconds, AgreesWithDate) {
  const auto& theirs = date::get_tzdb().leap_seconds;
  const auto ours = leap_seconds();
  ASSERT_EQ(ours.size(), theirs.size() + 1) << "the table begins with the 10 s of 1972";
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    EXPECT_EQ(time_point_cast<seconds>(ours[i + 1].effective).time_since_epoch(),
              theirs[i].date().time_since_epoch())
        << i;
  }
}

// The list counts from 1900 (NTP). A data line holds an instant and TAI - UTC.
TEST(LeapSeconds, AgreesWithTheSystemsList) {
  constexpr seconds kNtpEpoch{-2'208'988'800};
  std::ifstream file("/usr/share/zoneinfo/leap-seconds.list");
  if (!file) GTEST_SKIP() << "this system has no leap-seconds.list";
  std::vector<LeapSecond> theirs;
  sys_seconds expiry{};
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line[0] == '#' ? line.substr(line.size() > 1 ? 2 : 1) : line);
    std::int64_t instant = 0, offset = 0;
    if (line.starts_with("#@") && fields >> instant)
      expiry = sys_seconds(seconds(instant) + kNtpEpoch);
    if (!line.starts_with("#") && fields >> instant >> offset) {
      theirs.push_back({UtcTime(seconds(instant) + kNtpEpoch), seconds(offset)});
    }
  }
  const auto ours = leap_seconds();
  ASSERT_GE(theirs.size(), 28u);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ASSERT_LT(i, theirs.size());
    EXPECT_EQ(ours[i].effective, theirs[i].effective) << i;
    EXPECT_EQ(ours[i].tai_minus_utc, theirs[i].tai_minus_utc) << i;
  }
  if (expiry <= leap_seconds_expiry()) {
    EXPECT_EQ(ours.size(), theirs.size()) << "an older list has no newer entry";
  }
}

TEST(LeapSeconds, ConvertsBothWaysWithTheCoverage) {
  const struct {
    UtcTime utc;
    seconds offset;
    LeapCoverage coverage;
  } cases[] = {
      {sys_days(1960y / January / 1), 10s, LeapCoverage::kBefore1972},
      {sys_days(1972y / January / 1), 10s, LeapCoverage::kCovered},
      {sys_days(1972y / July / 1) - 1ns, 10s, LeapCoverage::kCovered},
      {sys_days(1972y / July / 1), 11s, LeapCoverage::kCovered},
      {kLeapEnd - 1ns, 36s, LeapCoverage::kCovered},
      {kLeapEnd, 37s, LeapCoverage::kCovered},
      {leap_seconds_expiry() - 1ns, 37s, LeapCoverage::kCovered},
      {leap_seconds_expiry(), 37s, LeapCoverage::kAfterExpiry},
  };
  for (const auto& c : cases) {
    const TaiReading tai = to_tai(c.utc);
    EXPECT_EQ(tai.time_since_epoch() - c.utc.time_since_epoch(), c.offset);
    EXPECT_EQ(tai.coverage, c.coverage);
    const UtcReading back = to_utc(tai);
    EXPECT_EQ(back, c.utc);
    EXPECT_EQ(back.coverage, c.coverage);
    EXPECT_FALSE(back.leap_second);
  }
}

TEST(LeapSeconds, NamesTheLeapSecondItself) {
  const TaiTime begin = to_tai(kLeapEnd) - 1s;
  const struct {
    TaiTime tai;
    UtcTime utc;
    bool leap;
  } cases[] = {
      {begin - 1ns, kLeapEnd - 1ns, false},     // 23:59:59.999999999
      {begin, kLeapEnd, true},                  // 23:59:60, the label of 00:00:00
      {begin + 999ms, kLeapEnd + 999ms, true},  // 23:59:60.999
      {begin + 1s, kLeapEnd, false},            // 00:00:00
  };
  for (const auto& c : cases) {
    const UtcReading reading = to_utc(c.tai);
    EXPECT_EQ(reading, c.utc);
    EXPECT_EQ(reading.leap_second, c.leap);
  }
}

TEST(LeapSeconds, SiTimeAndLabelsDiffer) {
  EXPECT_EQ(posix_elapsed(kLeapEnd - 1s, kLeapEnd), 1s);
  EXPECT_EQ(si_elapsed(kLeapEnd - 1s, kLeapEnd), 2s);
  EXPECT_EQ(si_elapsed(kLeapEnd, kLeapEnd - 1s), -2s);
  EXPECT_EQ(si_elapsed(sys_days(1972y / January / 1), sys_days(2026y / January / 1)) -
                posix_elapsed(sys_days(1972y / January / 1), sys_days(2026y / January / 1)),
            27s);
}

TEST(LeapSeconds, StopsAtTheEndsOfTime) {
  EXPECT_EQ(to_tai(UtcTime::max()), TaiTime::max());
  EXPECT_EQ(to_utc(TaiTime::min()), UtcTime::min());
  EXPECT_EQ(to_tai(UtcTime::min()).time_since_epoch(), UtcTime::min().time_since_epoch() + 10s);
  EXPECT_EQ(to_utc(TaiTime::max()).time_since_epoch(), TaiTime::max().time_since_epoch() - 37s);
  EXPECT_EQ(si_elapsed(UtcTime::min(), UtcTime::max()), nanoseconds::max());
  EXPECT_EQ(si_elapsed(UtcTime::max(), UtcTime::min()), nanoseconds::min());
  EXPECT_EQ(si_elapsed(UtcTime::max() - 1s, UtcTime::max()), 1s) << "neither has a TAI time";
  EXPECT_EQ(posix_elapsed(UtcTime::min(), UtcTime::max()), nanoseconds::max());
  EXPECT_EQ(posix_elapsed(UtcTime::max(), UtcTime::min()), nanoseconds::min());
  EXPECT_FALSE(leap_second_ended_at(UtcTime::min()));
  EXPECT_FALSE(leap_second_ended_at(sys_seconds::max()));
}

TEST(LeapCoverage, HasAName) {
  EXPECT_EQ(to_string(to_tai(UtcTime(0s)).coverage), "before 1972");
  EXPECT_EQ(to_string(LeapCoverage::kCovered), "covered");
  EXPECT_EQ(to_string(LeapCoverage::kAfterExpiry), "after expiry");
}

static_assert(leap_second_ended_at(kLeapEnd) && !leap_second_ended_at(sys_days(2016y / July / 1)));
static_assert(!leap_second_ended_at(sys_days(1972y / January / 1)),
              "the table's origin is no leap");

}  // namespace
}  // namespace masterclock::leap_seconds_test
