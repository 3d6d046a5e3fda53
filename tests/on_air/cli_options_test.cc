#include "cli_options.h"

#include <gtest/gtest.h>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace on_air::cli_options_test {
namespace {

using namespace std::chrono_literals;

TEST(ParseDayStart, ReadsHoursAndMinutes) {
  EXPECT_EQ(parse_day_start("06:00").value(), 6h);
  EXPECT_EQ(parse_day_start("6:00").value(), 6h);
  EXPECT_EQ(parse_day_start("5:30:15").value(), 5h + 30min + 15s);
  EXPECT_EQ(parse_day_start("00:00").value(), 0h);
  EXPECT_EQ(parse_day_start("23:59:59").value(), 24h - 1s);
  for (const char* text : {"", ":00", "6:0", "24:00", "06:60", "06", "06:00:60", "06:00:00.5",
                           "06:00Z", "-6:00", "noon", "06:00:00:00"}) {
    EXPECT_FALSE(parse_day_start(text).ok()) << text;
  }
}

TEST(ParseStationTime, ReadsAnInstantOrATimeOnTheWall) {
  const masterclock::Zone dublin =
      masterclock::ZoneDatabase::system().find("Europe/Dublin").value();
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"},
      {"2026-07-01T12:00:00+02:00", "2026-07-01T10:00:00Z"},
      {"2026-07-01T12:00:00", "2026-07-01T11:00:00Z"},
      {"2026-07-01 12:00", "2026-07-01T11:00:00Z"},
      {"2026-10-25T01:30", "2026-10-25T00:30:00Z"},  // repeated: the first
      {"2026-03-29T01:30", "2026-03-29T01:30:00Z"},  // skipped: 02:30 on the wall
  };
  for (const auto& c : cases) {
    const auto time = parse_station_time(c.text);
    ASSERT_TRUE(time.ok()) << c.text << time.status();
    EXPECT_EQ(to_utc(*time, dublin).value(), masterclock::parse_rfc3339(c.expected).value())
        << c.text;
  }
  for (const char* text : {"", "noon", "2026-02-29T00:00:00Z", "2026-02-29T00:00", "2026-07-01"}) {
    EXPECT_FALSE(parse_station_time(text).ok()) << text;
  }
}

}  // namespace
}  // namespace on_air::cli_options_test
