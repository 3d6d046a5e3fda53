// Repeats public bug reports about clock changes. Each test has the name of its report.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/broadcast_day.h"
#include "masterclock/zones/recurring_local_time.h"
#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zoned_time.h"

namespace masterclock::regression_test {
namespace {

using namespace std::chrono;

class Regression : public ::testing::Test {
 protected:
  Zone zone(std::string_view name) { return zones_.find(name).value(); }
  static UtcTime at(std::string_view text) { return parse_rfc3339(text).value(); }
  ZoneCache zones_;
};

// An offset read at midnight is wrong for the programmes after the change.
TEST_F(Regression, AnOffsetReadAtMidnightIsNotValidAllDay) {
  const Zone dublin = zone("Europe/Dublin");
  const ZoneOffset midnight = dublin.offset_at(at("2026-03-29T00:00:00Z"));
  EXPECT_EQ(midnight.end, at("2026-03-29T01:00:00Z")) << "the offset has an end";
  const LocalTime breakfast = local_days(2026y / March / 29) + 9h;
  EXPECT_EQ(dublin.to_utc(breakfast, Resolve::kReject).value(), at("2026-03-29T08:00:00Z"));
}

// "Tomorrow at this time" on a fixed offset is an hour off on two days of the year.
TEST_F(Regression, TomorrowIsACalendarDayAndNot24Hours) {
  const RecurringLocalTime evening(zone("Europe/Dublin"), 20h);
  EXPECT_EQ(evening.next_after(at("2026-03-28T20:00:00Z")).value() - at("2026-03-28T20:00:00Z"),
            23h);
  EXPECT_EQ(evening.next_after(at("2026-10-24T19:00:00Z")).value() - at("2026-10-24T19:00:00Z"),
            25h);
}

// libretime#3236 and #472: a 02:00 show that a gap moved stayed at 03:00.
TEST_F(Regression, LibretimeAShowAtTwoComesBackToTwo) {
  const RecurringLocalTime show(zone("Europe/Paris"), 2h);
  UtcTime t = at("2026-03-28T12:00:00Z");
  const char* const expected[] = {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z",
                                  "2026-03-31T00:00:00Z"};
  for (const char* const next : expected) {
    t = show.next_after(t).value();
    EXPECT_EQ(to_rfc3339(floor<seconds>(t)), next);
  }
}

// xibo#3040: an event in the missing hour never recovered.
TEST_F(Regression, XiboAnEventInTheMissingHourHasItsNextDay) {
  for (const OnGap gap : {OnGap::kResolve, OnGap::kSkip}) {
    const RecurringLocalTime event(zone("Europe/London"), 1h + 15min, {.gap = gap});
    const UtcTime after_the_gap = at("2026-03-29T12:00:00Z");
    EXPECT_EQ(event.next_after(after_the_gap), at("2026-03-30T00:15:00Z"));
  }
}

// rivendell#66: every timed event failed in the second 1 AM of the night the clocks go back.
TEST_F(Regression, RivendellTheSecondOneAmIsAnInstant) {
  const Zone new_york = zone("America/New_York");
  const LocalTime one_thirty = local_days(2026y / November / 1) + 1h + 30min;
  const LocalResolution found = new_york.resolve(one_thirty);
  EXPECT_EQ(found.kind, LocalResolution::kFold);
  EXPECT_EQ(found.later - found.earlier, 1h);
  EXPECT_EQ(new_york.to_local(found.later), one_thirty);
  const RecurringLocalTime twice(new_york, 1h + 30min, {.fold = OnFold::kTwice});
  EXPECT_EQ(twice.next_after(found.earlier), found.later);
}

// xbmc#15808: today's offset was applied to programmes of the weeks to come.
TEST_F(Regression, XbmcAProgrammeHasTheOffsetOfItsOwnDay) {
  const Zone dublin = zone("Europe/Dublin");
  EXPECT_EQ(to_rfc3339(BasicZonedTime<seconds>(sys_days(2026y / March / 28) + 20h, dublin)),
            "2026-03-28T20:00:00+00:00");
  EXPECT_EQ(to_rfc3339(BasicZonedTime<seconds>(sys_days(2026y / April / 4) + 19h, dublin)),
            "2026-04-04T20:00:00+01:00");
}

// pvr.hts#480: an offset in a cache stayed until the restart. The interval [begin, end) prevents
// this.
TEST_F(Regression, PvrHtsAnOffsetHasAnEnd) {
  const Zone dublin = zone("Europe/Dublin");
  for (UtcTime t = at("2026-01-01T00:00:00Z"); t < at("2027-01-01T00:00:00Z");) {
    const ZoneOffset kept = dublin.offset_at(t);
    EXPECT_LE(kept.begin, t);
    EXPECT_EQ(dublin.utc_offset(kept.begin), kept.offset);
    EXPECT_EQ(dublin.utc_offset(kept.end - 1ns), kept.offset);
    EXPECT_NE(dublin.utc_offset(kept.end), kept.offset);
    t = kept.end;
  }
}

// AzuraCast#977: the weekday was the one in UTC.
TEST_F(Regression, AzuraCastTheWeekdayIsThatOfTheLocalDate) {
  const UtcTime t = at("2026-11-20T12:00:00Z");  // Friday in UTC, Saturday morning in Auckland
  EXPECT_EQ(weekday(floor<days>(t)), Friday);
  EXPECT_EQ(weekday(floor<days>(zone("Pacific/Auckland").to_local(t))), Saturday);
}

// pvr.iptvsimple#38 and #85, tunarr#944: an offset in the text was read and ignored.
TEST_F(Regression, PvrIptvSimpleAnOffsetInTheTextCounts) {
  EXPECT_EQ(at("2026-03-29T07:00:00+01:00") - at("2026-03-28T23:15:00+00:00"), 6h + 45min);
}

// RetroVue: a broadcast day computed with UTC hours stopped the fill at 06:00Z.
TEST_F(Regression, RetroVueABroadcastDayIsLocal) {
  const BroadcastDay day =
      broadcast_day_at(at("2026-07-01T06:30:00Z"), zone("America/New_York"), 6h);
  EXPECT_EQ(day.date, 2026y / June / 30) << "half past two in the morning there";
  EXPECT_EQ(day.end, at("2026-07-01T10:00:00Z"));
}

// ffplayout#84 and pseudo-channel#70: 00:00:00.336 opened yesterday's list; an offset of a whole
// day.
TEST_F(Regression, FfplayoutAfterMidnightIsTheNewDay) {
  const Zone berlin = zone("Europe/Berlin");
  const BroadcastDay day = broadcast_day_at(at("2026-07-01T22:00:00.336Z"), berlin, 0h);
  EXPECT_EQ(day.date, 2026y / July / 2);
  EXPECT_EQ(at("2026-07-01T22:00:00.336Z") - day.begin, 336ms);
}

// A reader that ignores the rule at the end of a file reads EST here.
TEST_F(Regression, NewYorkInJuly2038IsOnDaylightTime) {
  const ZoneOffset offset = zone("America/New_York").offset_at(at("2038-07-04T12:00:00Z"));
  EXPECT_EQ(offset.offset, -4h);
  EXPECT_EQ(offset.abbreviation, "EDT");
  EXPECT_TRUE(offset.daylight);
}

// The database marks Dublin's winter as daylight time with a negative saving.
TEST_F(Regression, DaylightTimeIsInSummerAlsoInDublin) {
  for (const char* const name : {"Europe/Dublin", "Europe/London", "America/New_York"}) {
    EXPECT_FALSE(zone(name).offset_at(at("2026-01-15T12:00:00Z")).daylight) << name;
    EXPECT_TRUE(zone(name).offset_at(at("2026-07-15T12:00:00Z")).daylight) << name;
  }
  EXPECT_TRUE(zone("Australia/Sydney").offset_at(at("2026-01-15T12:00:00Z")).daylight);
  EXPECT_FALSE(zone("Africa/Casablanca").offset_at(at("2026-03-01T12:00:00Z")).daylight)
      << "Ramadan";
}

}  // namespace
}  // namespace masterclock::regression_test
