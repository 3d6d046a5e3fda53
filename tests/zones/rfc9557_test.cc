#include "masterclock/zones/rfc9557.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace masterclock::rfc9557_test {
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;

TEST(Rfc9557, TheZoneSurvivesARoundTrip) {
  ZoneCache zones;
  const UtcTime t = sys_days(2026y / November / 20) + 23h + 15min + 30s + 123ms;
  const BasicZonedTime<milliseconds> time(floor<milliseconds>(t),
                                          zones.find("America/New_York").value());
  const std::string text = to_rfc9557(time);
  EXPECT_EQ(text, "2026-11-20T18:15:30.123-05:00[America/New_York]");
  const ZonedTime read = parse_rfc9557(text, zones).value();
  EXPECT_EQ(read.utc, t);
  EXPECT_EQ(read.zone.name(), "America/New_York");
  EXPECT_EQ(read.offset, -5h);
}

TEST(Rfc9557, EveryZoneRoundTripsAtRandomInstants) {
  ZoneCache zones;
  std::mt19937_64 random(9557);
  for (const std::string& name : zones.database().names()) {
    const Zone zone = zones.find(name).value();
    for (int i = 0; i < 20; ++i) {
      // A day inside the range at either end, since a reading there may not fit.
      const auto ns = static_cast<std::int64_t>(random()) / 1'000'000 * 999'999;
      const ZonedTime time(UtcTime(nanoseconds(ns)), zone);
      const auto read = parse_rfc9557(to_rfc9557(time), zones);
      ASSERT_TRUE(read.ok()) << read.status();
      ASSERT_EQ(*read, time) << to_rfc9557(time);
    }
  }
}

TEST(Rfc9557, TheOffsetSelectsThePassOfAFold) {
  ZoneCache zones;
  const UtcTime first =
      parse_rfc9557("2026-10-25T01:30:00+01:00[Europe/Dublin]", zones).value().utc;
  const UtcTime second =
      parse_rfc9557("2026-10-25T01:30:00+00:00[Europe/Dublin]", zones).value().utc;
  EXPECT_EQ(second - first, 1h);
}

TEST(Rfc9557, ReadsWhatTheGrammarAllows) {
  ZoneCache zones;
  const UtcTime t = sys_days(2026y / July / 1) + 19h;
  for (const char* text : {
           "2026-07-01T20:00:00+01:00[Europe/Dublin]",
           "2026-07-01T20:00:00+01:00[!Europe/Dublin]",
           "2026-07-01T19:00:00Z[Europe/Dublin]",
           "2026-07-01T19:00:00-00:00[Europe/Dublin]",
           "2026-07-01T20:00:00+01:00[Europe/Dublin][u-ca=iso8601]",
           "2026-07-01T20:00:00+01:00[Europe/Dublin][_x=a-1-Zz][k2=v]",
       }) {
    const auto read = parse_rfc9557(text, zones);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->utc, t) << text;
    EXPECT_EQ(read->zone.name(), "Europe/Dublin") << text;
  }
}

TEST(Rfc9557, RefusesTheRestWithItsPosition) {
  ZoneCache zones;
  const struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"2026-07-01T20:00:00+01:00", "expected '[' at offset 25"},
      {"2026-07-01T20:00:00[Europe/Dublin]", "expected 'Z' or an offset at offset 19"},
      {"2026-07-01T20:00:00+01:00[]", "expected a timezone at offset 26"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin", "expected ']' at offset 39"},
      {"2026-07-01T20:00:00+01:00[Europe/ Dublin]", "expected ']' at offset 33"},
      {"2026-07-01T20:00:00+01:00[u-ca=iso8601]",
       "expected a timezone before any tag at offset 30"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin]x", "expected '[' or the end at offset 40"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin][U-ca=x]", "expected a tag at offset 41"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin][Europe/Rome]", "expected a tag at offset 41"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin][ca]", "expected '=' at offset 43"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin][ca=]", "expected a value at offset 44"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin][ca=a-]", "expected a value at offset 46"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin][ca=a", "expected ']' at offset 45"},
      {"2026-07-01T20:00:00+01:00[Europe/Dublin][!u-ca=iso8601]",
       "unknown critical tag at offset 41"},
      {"2026-07-01T20:00:00+00:00[Europe/Dublin]",
       "the offset of Europe/Dublin is +01:00 then at offset 26"},
      {"2026-07-01T20:00:00+05:00[America/New_York]",
       "the offset of America/New_York is -04:00 then at offset 26"},
      // In the gap of 29 March 2026 no offset of Dublin's gives this reading.
      {"2026-03-29T01:30:00+00:00[Europe/Dublin]",
       "the offset of Europe/Dublin is +01:00 then at offset 26"},
  };
  for (const auto& c : cases) {
    const auto read = parse_rfc9557(c.text, zones);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(c.why));
  }
  EXPECT_THAT(std::string(parse_rfc9557("2026-02-30", zones).status().message()),
              HasSubstr("Invalid RFC 9557 time '2026-02-30': no such day in this month"));
  EXPECT_EQ(parse_rfc9557("2026-07-01T20:00:00+01:00[Mars/Base]", zones).status().message(),
            "Invalid timezone 'Mars/Base'");
  EXPECT_EQ(parse_rfc9557("2026-07-01T20:00:00+01:00[../../etc/passwd]", zones).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(parse_rfc9557("9999-07-01T20:00:00Z[UTC]", zones).status().code(),
            absl::StatusCode::kOutOfRange);
}

// Shared case 18: RFC 9557 section 4.1 allows an offset as the zone, parse_rfc9557 does not.
TEST(Rfc9557, AnOffsetAsTheZoneIsNamedInTheError) {
  ZoneCache zones;
  for (const char* const text :
       {"2022-07-08T00:14:07+01:00[+01:00]", "2022-07-08T00:14:07+01:00[!+01:00]",
        "2022-07-08T00:14:07-01:00[-01:00]", "2022-07-08T00:14:07Z[+00:00][u-ca=iso8601]"}) {
    const absl::Status status = parse_rfc9557(text, zones).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("parse_rfc9557 does not accept an offset as the timezone at offset "));
  }
}

}  // namespace
}  // namespace masterclock::rfc9557_test
