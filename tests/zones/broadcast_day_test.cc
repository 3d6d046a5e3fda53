#include "masterclock/zones/broadcast_day.h"

#include <absl/hash/hash_testing.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <unordered_set>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::broadcast_day_test {
namespace {

using namespace std::chrono;

Zone zone(std::string_view name) { return ZoneDatabase::system().find(name).value(); }
UtcTime at(std::string_view text) { return parse_rfc3339(text).value(); }

TEST(BroadcastDay, RunsFromDayStartToDayStartOnTheWall) {
  const struct {
    const char* what;
    const char* zone;
    const char* now;
    seconds day_start;
    year_month_day date;
    const char* begin;
    minutes length;
  } cases[] = {
      {"an ordinary evening", "Europe/Dublin", "2026-07-01T20:00:00Z", 6h, 2026y / July / 1,
       "2026-07-01T05:00:00Z", 24h},
      {"after midnight the day before continues", "Europe/Dublin", "2026-07-02T01:30:00Z", 6h,
       2026y / July / 1, "2026-07-01T05:00:00Z", 24h},
      {"the last nanosecond", "Europe/Dublin", "2026-07-02T04:59:59.999999999Z", 6h,
       2026y / July / 1, "2026-07-01T05:00:00Z", 24h},
      {"the first nanosecond", "Europe/Dublin", "2026-07-02T05:00:00Z", 6h, 2026y / July / 2,
       "2026-07-02T05:00:00Z", 24h},
      {"the night the clocks go forward", "Europe/Dublin", "2026-03-29T03:00:00Z", 6h,
       2026y / March / 28, "2026-03-28T06:00:00Z", 23h},
      {"the night the clocks go back", "Europe/Dublin", "2026-10-25T03:00:00Z", 6h,
       2026y / October / 24, "2026-10-24T05:00:00Z", 25h},
      {"half an hour forward", "Australia/Lord_Howe", "2026-10-03T18:00:00Z", 6h,
       2026y / October / 3, "2026-10-02T19:30:00Z", 23h + 30min},
      {"midnight to midnight", "America/New_York", "2026-03-08T12:00:00Z", 0h, 2026y / March / 8,
       "2026-03-08T05:00:00Z", 23h},
      {"a day start in a gap: the day begins at the change", "Europe/London",
       "2026-03-29T01:00:00Z", 1h + 30min, 2026y / March / 29, "2026-03-29T01:00:00Z", 23h + 30min},
      {"and the day before ends there", "Europe/London", "2026-03-29T00:59:59Z", 1h + 30min,
       2026y / March / 28, "2026-03-28T01:30:00Z", 23h + 30min},
      {"midnight in a gap", "Asia/Beirut", "2024-03-30T22:00:00Z", 0h, 2024y / March / 31,
       "2024-03-30T22:00:00Z", 23h},
      {"a day start in a fold: its first pass", "Europe/London", "2026-10-25T00:30:00Z", 1h + 30min,
       2026y / October / 25, "2026-10-25T00:30:00Z", 25h},
      {"between the two passes it is the new day", "Europe/London", "2026-10-25T01:10:00Z",
       1h + 30min, 2026y / October / 25, "2026-10-25T00:30:00Z", 25h},
      {"before a date that the zone omitted", "Pacific/Apia", "2011-12-30T09:59:59Z", 0h,
       2011y / December / 29, "2011-12-29T10:00:00Z", 24h},
      {"and after it", "Pacific/Apia", "2011-12-30T10:00:00Z", 0h, 2011y / December / 31,
       "2011-12-30T10:00:00Z", 24h},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const BroadcastDay day = broadcast_day_at(at(c.now), zone(c.zone), c.day_start);
    EXPECT_EQ(day.date, c.date);
    EXPECT_EQ(to_rfc3339(day.begin), to_rfc3339(at(c.begin)));
    EXPECT_EQ(duration_cast<minutes>(day.end - day.begin), c.length);
  }
}

// Days tile time: each instant is in exactly one, and each begins where the last one ended.
TEST(BroadcastDay, TilesTheYearInEveryZone) {
  for (const std::string& name : ZoneDatabase::system().names()) {
    const Zone z = zone(name);
    for (const seconds day_start : {seconds(0h), seconds(2h + 30min), seconds(6h)}) {
      BroadcastDay day = broadcast_day_at(at("2024-01-01T12:00:00Z"), z, day_start);
      for (int i = 0; i < 366; ++i) {
        ASSERT_LT(day.begin, day.end) << name;
        ASSERT_EQ(broadcast_day_at(day.end - 1ns, z, day_start).date, day.date) << name;
        const BroadcastDay next = broadcast_day_at(day.end, z, day_start);
        ASSERT_EQ(next.begin, day.end) << name;
        ASSERT_GT(sys_days(next.date), sys_days(day.date)) << name;
        day = next;
      }
    }
  }
}

TEST(BroadcastDay, AnswersAtTheEndsOfTime) {
  for (const char* name : {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"}) {
    for (const seconds day_start : {seconds::min(), seconds(-24h), seconds(48h), seconds::max()}) {
      for (const UtcTime t : {UtcTime::min(), UtcTime(), UtcTime::max()}) {
        const BroadcastDay day = broadcast_day_at(t, zone(name), day_start);
        EXPECT_LE(day.begin, day.end);
      }
    }
    EXPECT_LE(broadcast_day_at(UtcTime::min(), zone(name), 6h).begin, UtcTime::min() + 24h);
    EXPECT_GE(broadcast_day_at(UtcTime::max(), zone(name), 6h).end, UtcTime::max() - 48h);
  }
}

TEST(BroadcastDay, IsAKeyAndPrints) {
  const BroadcastDay day = broadcast_day_at(at("2026-03-29T03:00:00Z"), zone("Europe/Dublin"), 6h);
  const BroadcastDay next = broadcast_day_at(day.end, zone("Europe/Dublin"), 6h);
  EXPECT_LT(day, next);
  EXPECT_EQ((std::unordered_set<BroadcastDay>{day, next, day}.size()), 2u);
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({day, next}));
  std::ostringstream text;
  text << day;
  EXPECT_EQ(text.str(), "2026-03-28 from 2026-03-28T06:00:00Z to 2026-03-29T05:00:00Z");
}

}  // namespace
}  // namespace masterclock::broadcast_day_test
