#include "masterclock/zones/recurring_local_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::recurring_local_time_test {
namespace {

using namespace std::chrono;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

Zone zone(std::string_view name) { return ZoneDatabase::system().find(name).value(); }
UtcTime at(std::string_view text) { return parse_rfc3339(text).value(); }

std::vector<std::string> next(const RecurringLocalTime& show, UtcTime after, int count) {
  std::vector<std::string> found;
  for (int i = 0; i < count; ++i) {
    const auto when = show.next_after(after);
    if (!when) break;
    after = *when;
    found.push_back(to_rfc3339(floor<seconds>(after)));
  }
  return found;
}

TEST(RecurringLocalTime, FollowsTheWallAndNotTheOffset) {
  EXPECT_THAT(next(RecurringLocalTime(zone("Europe/Dublin"), 6h), at("2026-03-27T06:00:00Z"), 3),
              ElementsAre("2026-03-28T06:00:00Z", "2026-03-29T05:00:00Z", "2026-03-30T05:00:00Z"));
  EXPECT_THAT(next(RecurringLocalTime(zone("Europe/Dublin"), 6h), at("2026-10-24T05:00:00Z"), 2),
              ElementsAre("2026-10-25T06:00:00Z", "2026-10-26T06:00:00Z"));
}

// libretime#3236: a show at 02:00 stayed at 03:00 after the night of the change.
TEST(RecurringLocalTime, AGapNeverShiftsTheFollowingDays) {
  const struct {
    const char* what;
    RecurrenceRules rules;
    std::vector<std::string> expected;
  } cases[] = {
      {"an hour late, once",
       {},
       {"2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"}},
      {"an hour early, once",
       {.resolve = Resolve::kEarlier},
       {"2026-03-28T01:30:00Z", "2026-03-29T00:30:00Z", "2026-03-30T00:30:00Z"}},
      {"at the change",
       {.resolve = Resolve::kSnap},
       {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
      {"skipped, as in RFC 5545",
       {.gap = OnGap::kSkip},
       {"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"}},
      {"rejected is skipped",
       {.resolve = Resolve::kReject},
       {"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const RecurringLocalTime show(zone("Europe/Dublin"), 1h + 30min, c.rules);
    EXPECT_THAT(next(show, at("2026-03-27T12:00:00Z"), 3), ElementsAreArray(c.expected));
  }
}

// dizquetv#32: operators ask for a choice in the hour that occurs twice.
TEST(RecurringLocalTime, AFoldComesOnceOrTwiceAsAsked) {
  const struct {
    const char* what;
    RecurrenceRules rules;
    std::vector<std::string> expected;
  } cases[] = {
      {"once, the first pass", {}, {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
      {"once, the second pass",
       {.resolve = Resolve::kLater},
       {"2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}},
      {"first only, under every policy",
       {.resolve = Resolve::kLater, .fold = OnFold::kFirstOnly},
       {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
      {"twice", {.fold = OnFold::kTwice}, {"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}},
      {"rejected is skipped",
       {.resolve = Resolve::kReject},
       {"2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const RecurringLocalTime show(zone("Europe/Dublin"), 1h + 30min, c.rules);
    EXPECT_THAT(next(show, at("2026-10-24T12:00:00Z"), 2), ElementsAreArray(c.expected));
  }
}

// AzuraCast#977: the weekday was taken in UTC.
TEST(RecurringLocalTime, TheWeekdayIsThatOfTheLocalDate) {
  const RecurringLocalTime friday(zone("Pacific/Auckland"), 6h, {.days = {Friday}});
  EXPECT_THAT(next(friday, at("2026-11-16T00:00:00Z"), 2),
              ElementsAre("2026-11-19T17:00:00Z", "2026-11-26T17:00:00Z"));
  EXPECT_THAT(next(RecurringLocalTime(Zone(), 6h, {.days = kMondayToFriday}),
                   at("2026-11-20T06:00:00Z"), 2),
              ElementsAre("2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z"));
}

TEST(RecurringLocalTime, ADateThatTheZoneOmittedIsSkipped) {
  const Zone apia = zone("Pacific/Apia");  // no 30 December 2011
  EXPECT_THAT(
      next(RecurringLocalTime(apia, 12h, {.gap = OnGap::kSkip}), at("2011-12-29T00:00:00Z"), 2),
      ElementsAre("2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"));
}

TEST(RecurringLocalTime, IsStrictlyAfterAndEnds) {
  const RecurringLocalTime noon(Zone(), 12h);
  EXPECT_EQ(noon.next_after(at("2026-11-20T12:00:00Z")), at("2026-11-21T12:00:00Z"));
  EXPECT_EQ(noon.next_after(at("2026-11-20T11:59:59.999999999Z")), at("2026-11-20T12:00:00Z"));
  EXPECT_EQ(noon.next_after(UtcTime::max()), std::nullopt);
  EXPECT_EQ(noon.next_after(at("2262-04-10T12:00:00Z")), at("2262-04-11T12:00:00Z"));
  EXPECT_EQ(noon.next_after(at("2262-04-11T12:00:00Z")), std::nullopt);
  EXPECT_EQ(noon.next_after(UtcTime::min()), at("1677-09-21T12:00:00Z"));
}

// Brute force: the occurrences are the instants at which the local time equals the time of day.
TEST(RecurringLocalTime, AgreesWithWatchingTheWallForTwoYears) {
  for (const char* name : {"Europe/Dublin", "America/New_York", "Australia/Lord_Howe",
                           "Africa/Casablanca", "America/Nuuk", "Antarctica/Troll"}) {
    const Zone z = zone(name);
    const RecurringLocalTime show(z, 1h + 45min,
                                  {.days = kEveryDay, .gap = OnGap::kSkip, .fold = OnFold::kTwice});
    UtcTime expected = at("2024-01-01T00:00:00Z");
    UtcTime t = expected;
    for (; t < at("2026-01-01T00:00:00Z"); t += 15min) {
      const LocalTime wall = z.to_local(t);
      if (wall - floor<days>(wall) != 1h + 45min) continue;
      expected = show.next_after(expected).value();
      ASSERT_EQ(expected, t) << name;
    }
  }
}

TEST(RecurringLocalTime, HasNoOverflowAtTheEndsOfTime) {
  for (const char* const name : {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"}) {
    for (const nanoseconds time_of_day : {nanoseconds::min(), nanoseconds(0), nanoseconds::max()}) {
      const RecurringLocalTime show(zone(name), time_of_day);
      EXPECT_TRUE(show.next_after(UtcTime::min()));
      EXPECT_FALSE(show.next_after(UtcTime::max()));
    }
  }
  const Weekdays never(std::initializer_list<weekday>{});
  EXPECT_FALSE(RecurringLocalTime(Zone(), 6h, {.days = never}).next_after(UtcTime()));
}

}  // namespace
}  // namespace masterclock::recurring_local_time_test
