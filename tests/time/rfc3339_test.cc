#include "masterclock/time/rfc3339.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

namespace masterclock::rfc3339_test {
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;

TEST(ToRfc3339, ShowsThePrecisionOfTheTimePoint) {
  const UtcTime t = sys_days(2026y / November / 20) + 18h + 15min + 30s + 123'456'789ns;
  EXPECT_EQ(to_rfc3339(floor<seconds>(t)), "2026-11-20T18:15:30Z");
  EXPECT_EQ(to_rfc3339(floor<milliseconds>(t)), "2026-11-20T18:15:30.123Z");
  EXPECT_EQ(to_rfc3339(floor<microseconds>(t)), "2026-11-20T18:15:30.123456Z");
  EXPECT_EQ(to_rfc3339(t), "2026-11-20T18:15:30.123456789Z");
  EXPECT_EQ(to_rfc3339(sys_days(2026y / November / 20)), "2026-11-20T00:00:00Z");
  EXPECT_EQ(to_rfc3339(UtcTime(-1ns)), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(to_rfc3339(UtcTime::min()), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(to_rfc3339(UtcTime::max()), "2262-04-11T23:47:16.854775807Z");
}

TEST(ToRfc3339, FloorsToTheDigitsOfTheCaller) {
  const UtcTime t = sys_days(2026y / November / 20) + 18h + 15min + 30s + 987'654'321ns;
  const struct {
    int digits;
    const char* text;
  } cases[] = {
      {-1, "2026-11-20T18:15:30Z"},          {0, "2026-11-20T18:15:30Z"},
      {1, "2026-11-20T18:15:30.9Z"},         {2, "2026-11-20T18:15:30.98Z"},
      {3, "2026-11-20T18:15:30.987Z"},       {4, "2026-11-20T18:15:30.9876Z"},
      {5, "2026-11-20T18:15:30.98765Z"},     {6, "2026-11-20T18:15:30.987654Z"},
      {7, "2026-11-20T18:15:30.9876543Z"},   {8, "2026-11-20T18:15:30.98765432Z"},
      {9, "2026-11-20T18:15:30.987654321Z"}, {10, "2026-11-20T18:15:30.987654321Z"},
  };
  for (const auto& c : cases) EXPECT_EQ(to_rfc3339(t, c.digits), c.text) << c.digits;
  EXPECT_EQ(to_rfc3339(UtcTime(-1ns), 0), "1969-12-31T23:59:59Z");
  EXPECT_EQ(to_rfc3339(UtcTime::min(), 0), "1677-09-21T00:12:43Z");
  EXPECT_EQ(to_rfc3339(sys_seconds(5s), 3), "1970-01-01T00:00:05.000Z");
}

TEST(ToRfc3339, SecondsReachFurtherThanNanoseconds) {
  EXPECT_EQ(to_rfc3339(sys_seconds(sys_days(3000y / January / 1))), "3000-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(sys_seconds(sys_days(0y / January / 1))), "0000-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(sys_seconds::min()), "0000-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(sys_seconds::max()), "9999-12-31T23:59:59Z");
  EXPECT_EQ(to_rfc3339(sys_days::max()), "9999-12-31T23:59:59Z");
  EXPECT_EQ(to_rfc3339(sys_time<milliseconds>::max()), "9999-12-31T23:59:59.999Z");
}

TEST(ToRfc3339, ALocalTimeHasNoOffset) {
  const LocalTime t = local_days(2026y / March / 29) + 6h + 1ns;
  EXPECT_EQ(to_rfc3339(t), "2026-03-29T06:00:00.000000001");
  EXPECT_EQ(to_rfc3339(t, 0), "2026-03-29T06:00:00");
  EXPECT_EQ(to_rfc3339(floor<seconds>(t)), "2026-03-29T06:00:00");
  EXPECT_EQ(to_rfc3339(LocalTime::min()), "1677-09-21T00:12:43.145224192");
  EXPECT_EQ(to_rfc3339(LocalTime::max()), "2262-04-11T23:47:16.854775807");
}

template <class Buffer>
constexpr bool kWrites = requires(Buffer& buffer, UtcTime utc, LocalTime local) {
  write_rfc3339(buffer, utc);
  write_rfc3339(buffer, local, 3);
};
static_assert(kWrites<char[kRfc3339Size]> && kWrites<std::array<char, 64>>);
static_assert(!kWrites<char[kRfc3339Size - 1]>, "no room for the terminating zero");
static_assert(!kWrites<std::array<char, 20>>);
static_assert(!kWrites<char*> && !kWrites<std::string> && !kWrites<const char[64]>);

TEST(WriteRfc3339, EndsWithAZeroInsideTheBuffer) {
  std::array<char, kRfc3339Size + 1> buffer;
  buffer.fill('#');
  const std::string_view text = write_rfc3339(buffer, UtcTime::max());
  EXPECT_EQ(text, "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(text.data(), buffer.data());
  EXPECT_EQ(buffer[text.size()], '\0');
  EXPECT_EQ(buffer[text.size() + 1], '#');
}

TEST(ParseRfc3339, ReadsWhatTheGrammarAllows) {
  const struct {
    const char* text;
    UtcTime expected;
  } cases[] = {
      {"1970-01-01T00:00:00Z", UtcTime(0s)},
      {"1970-01-01t00:00:00z", UtcTime(0s)},
      {"1970-01-01T00:00:00.5Z", UtcTime(500ms)},
      {"1970-01-01T00:00:00.123456789-00:00", UtcTime(123'456'789ns)},
      {"1970-01-01T01:00:00+01:00", UtcTime(0s)},
      {"1969-12-31T18:30:00-05:30", UtcTime(0s)},
      {"1970-01-01T23:59:00+23:59", UtcTime(0s)},
      {"1677-09-21T00:12:43.145224192Z", UtcTime::min()},
      {"2262-04-11T23:47:16.854775807Z", UtcTime::max()},
      {"2024-02-29T00:00:00Z", sys_days(2024y / February / 29)},
      // A leap second has the number of the second that follows, in any offset.
      {"2016-12-31T23:59:60Z", sys_days(2017y / January / 1)},
      {"2017-01-01T00:59:60.25+01:00", sys_days(2017y / January / 1) + 250ms},
      {"1990-12-31T15:59:60-08:00", sys_days(1991y / January / 1)},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_rfc3339(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(*parsed, c.expected) << c.text;
  }
}

TEST(ParseRfc3339, RefusesTheRestWithItsPosition) {
  const struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"", "expected a digit at offset 0"},
      {"2026", "expected '-' at offset 4"},
      {"26-11-20T18:15:30Z", "expected a digit at offset 2"},
      {"2026/11/20T18:15:30Z", "expected '-' at offset 4"},
      {"2026-13-20T18:15:30Z", "no such month at offset 5"},
      {"2026-00-20T18:15:30Z", "no such month at offset 5"},
      {"2026-02-29T18:15:30Z", "no such day in this month at offset 8"},
      {"2026-11-31T18:15:30Z", "no such day in this month at offset 8"},
      {"2026-11-20 18:15:30Z", "expected 'T' at offset 10"},
      {"2026-11-20T24:00:00Z", "no such hour at offset 11"},
      {"2026-11-20T18:60:00Z", "no such minute at offset 14"},
      {"2026-11-20T18:15:61Z", "no such second at offset 17"},
      {"2026-11-20T18:15:60Z", "there was no leap second at offset 17"},
      {"2016-12-31T22:59:60Z", "there was no leap second at offset 17"},
      {"2026-06-30T23:59:60Z", "there was no leap second at offset 17"},
      {"2026-11-20T18:15Z", "expected ':' at offset 16"},
      {"2026-11-20T18:15:30", "expected 'Z' or an offset at offset 19"},
      {"2026-11-20T18:15:30.Z", "expected a digit at offset 20"},
      {"2026-11-20T18:15:30,5Z", "expected 'Z' or an offset at offset 19"},
      {"2026-11-20T18:15:30.1234567891Z", "finer than a nanosecond at offset 29"},
      {"2026-11-20T18:15:30+0100", "expected ':' at offset 22"},
      {"2026-11-20T18:15:30+24:00", "no such offset at offset 20"},
      {"2026-11-20T18:15:30+01:60", "no such offset at offset 23"},
      {"2026-11-20T18:15:30ZZ", "expected the end at offset 20"},
      {" 2026-11-20T18:15:30Z", "expected a digit at offset 0"},
      {"+2026-11-20T18:15:30Z", "expected a digit at offset 0"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_rfc3339(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(c.why)) << c.text;
  }
}

TEST(ParseRfc3339, RefusesWhatNanosecondsCannotHold) {
  for (const char* text : {"1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.854775808Z",
                           "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    EXPECT_EQ(parse_rfc3339(text).status().code(), absl::StatusCode::kOutOfRange) << text;
  }
}

TEST(ParseRfc3339, AnErrorIsOneSafeLine) {
  const std::string garbage = std::string("\x1b[31m\n\0", 7) + std::string(10'000, 'x');
  const auto parsed = parse_rfc3339(garbage);
  ASSERT_FALSE(parsed.ok());
  const std::string message(parsed.status().message());
  EXPECT_LT(message.size(), 250u);
  for (const char c : message) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
}

TEST(ParseLocalTime, ReadsWallReadings) {
  const local_days day(2026y / March / 29);
  const struct {
    const char* text;
    LocalTime expected;
  } cases[] = {
      {"2026-03-29T06:00", day + 6h},
      {"2026-03-29 06:00", day + 6h},
      {"2026-03-29t06:00:30", day + 6h + 30s},
      {"2026-03-29T02:30:59.5", day + 2h + 30min + 59s + 500ms},
      {"2026-03-29 23:59:59.999999999", day + 24h - 1ns},
      {"1677-09-21T00:12:43.145224192", LocalTime::min()},
      {"2262-04-11T23:47:16.854775807", LocalTime::max()},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_local_time(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(*parsed, c.expected) << c.text;
    EXPECT_EQ(parse_local_time(to_rfc3339(*parsed)).value(), *parsed) << c.text;
  }
}

TEST(ParseLocalTime, RefusesTheRest) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "Invalid local time '': expected a digit at offset 0"},
      {"2026-03-29", "expected 'T' or a blank at offset 10"},
      {"2026-03-29T06", "expected ':' at offset 13"},
      {"2026-03-29T06:00Z", "expected the end at offset 16"},
      {"2026-03-29T06:00+01:00", "expected the end at offset 16"},
      {"2026-03-29T06:00.5", "expected the end at offset 16"},
      {"2026-03-29T06:00:", "expected a digit at offset 17"},
      {"2026-03-29T06:00:60", "no such second at offset 17"},
      {"2026-03-29T24:00", "no such hour at offset 11"},
      {"2026-03-29  06:00", "expected a digit at offset 11"},
      {"2026-02-29T06:00", "no such day in this month at offset 8"},
      {"2026-03-29T06:00:00.1234567890", "finer than a nanosecond at offset 29"},
      {"2026-3-29T06:00", "expected a digit at offset 6"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_local_time(c.text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(c.message)) << c.text;
  }
  for (const char* text : {"1677-09-21T00:12:43.145224191", "2262-04-11T23:47:16.854775808",
                           "0000-01-01T00:00", "9999-12-31 23:59:59"}) {
    EXPECT_EQ(parse_local_time(text).status().code(), absl::StatusCode::kOutOfRange) << text;
  }
}

TEST(Rfc3339, RoundTripsAtEveryPrecision) {
  std::mt19937_64 random(20261120);
  for (int i = 0; i < 20'000; ++i) {
    const UtcTime t(nanoseconds(static_cast<std::int64_t>(random())));
    ASSERT_EQ(parse_rfc3339(to_rfc3339(t)).value(), t);
    if (t < UtcTime::min() + 1s) continue;  // its whole second is out of range
    ASSERT_EQ(parse_rfc3339(to_rfc3339(floor<milliseconds>(t))).value(), floor<milliseconds>(t));
    ASSERT_EQ(parse_rfc3339(to_rfc3339(floor<seconds>(t))).value(), floor<seconds>(t));
  }
}

}  // namespace
}  // namespace masterclock::rfc3339_test
