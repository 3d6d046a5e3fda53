#include "masterclock/zones/zoned_time.h"

#include <absl/hash/hash_testing.h>
#include <gtest/gtest.h>

#include <sstream>
#include <unordered_set>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::zoned_time_test {
namespace {

using namespace std::chrono;

Zone zone(std::string_view name) { return ZoneDatabase::system().find(name).value(); }

TEST(ZonedTime, ReadsTheWallWithItsOffset) {
  const UtcTime t = sys_days(2026y / November / 20) + 23h + 15min + 30s + 123ms;
  const BasicZonedTime<milliseconds> wall(floor<milliseconds>(t), zone("America/New_York"));
  EXPECT_EQ(wall.offset, -5h);
  EXPECT_EQ(wall.local(), local_days(2026y / November / 20) + 18h + 15min + 30s + 123ms);
  EXPECT_EQ(wall.abbreviation(), "EST");
  EXPECT_EQ(to_rfc3339(wall), "2026-11-20T18:15:30.123-05:00");
  EXPECT_EQ(to_rfc3339(wall, 0), "2026-11-20T18:15:30-05:00");
  EXPECT_EQ(to_rfc3339(wall, 2), "2026-11-20T18:15:30.12-05:00");
  EXPECT_EQ(to_rfc3339(BasicZonedTime<seconds>(floor<seconds>(t), Zone())),
            "2026-11-20T23:15:30+00:00");
}

TEST(ZonedTime, AnOffsetWithSecondsStillNamesTheInstant) {
  const UtcTime t = sys_days(1900y / January / 1);
  const ZonedTime dublin(t, zone("Europe/Dublin"));  // -00:25:21
  EXPECT_EQ(to_rfc3339(dublin), "1899-12-31T23:35:00.000000000-00:25");
  EXPECT_EQ(parse_rfc3339(to_rfc3339(dublin)).value(), t);
}

TEST(ZonedTime, ComparesInstantAndZone) {
  const UtcTime t = sys_days(2026y / November / 20);
  EXPECT_EQ(ZonedTime(t, zone("Europe/Rome")), ZonedTime(t, zone("Europe/Rome")));
  EXPECT_NE(ZonedTime(t, zone("Europe/Rome")), ZonedTime(t, zone("Europe/Paris")));
  EXPECT_NE(ZonedTime(t, zone("Europe/Rome")), ZonedTime(t + 1ns, zone("Europe/Rome")));
}

TEST(ZonedTime, IsAKeyAndPrints) {
  const UtcTime t = sys_days(2026y / November / 20) + 23h;
  const ZonedTime rome(t, zone("Europe/Rome")), paris(t, zone("Europe/Paris"));
  EXPECT_LT(paris, rome);
  EXPECT_LT(rome, ZonedTime(t + 1ns, zone("Europe/Paris")));
  const std::unordered_set<ZonedTime> set = {rome, paris, rome};
  EXPECT_EQ(set.size(), 2u);
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({rome, paris}));
  std::ostringstream text;
  text << BasicZonedTime<seconds>(floor<seconds>(t), zone("Europe/Rome"));
  EXPECT_EQ(text.str(), "2026-11-21T00:00:00+01:00[Europe/Rome]");
}

TEST(ZonedTime, HasNoOverflowAtTheEndsOfTime) {
  for (const char* const name : {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"}) {
    const Zone z = zone(name);
    for (const UtcTime t : {UtcTime::min(), UtcTime::max()}) {
      const ZonedTime time(t, z);
      EXPECT_EQ(time.local(), z.to_local(t));
      EXPECT_FALSE(time.abbreviation().empty());
      EXPECT_FALSE(to_rfc3339(time, 9).empty());
    }
    const BasicZonedTime<seconds> late(sys_seconds(seconds(std::int64_t{1} << 40)), z);
    EXPECT_EQ(late.abbreviation(), z.offset_at(UtcTime::max()).abbreviation);
    EXPECT_EQ(late.offset, z.utc_offset(UtcTime::max()));
  }
}

}  // namespace
}  // namespace masterclock::zoned_time_test
