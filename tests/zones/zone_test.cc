#include "masterclock/zones/zone.h"

#include <absl/hash/hash_testing.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::zone_test {
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;

Zone zone(std::string_view name) { return ZoneDatabase::system().find(name).value(); }
UtcTime at(std::string_view text) { return parse_rfc3339(text).value(); }
LocalTime wall(std::string_view text) {
  return LocalTime(at(std::string(text) + ":00Z").time_since_epoch());
}

constexpr auto kGap = LocalResolution::kGap;
constexpr auto kFold = LocalResolution::kFold;
constexpr auto kUnique = LocalResolution::kUnique;

// Computed by CPython's zoneinfo. Empty `later` and `snap` are equal to the value before.
struct WallCase {
  const char* zone;
  const char* local;
  LocalResolution::Kind kind;
  const char* earlier;
  const char* later;
  const char* snap;
};
constexpr WallCase kWallCases[] = {
    {"America/New_York", "2026-03-08T02:30", kGap, "2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z",
     "2026-03-08T07:00:00Z"},
    {"Europe/London", "2026-03-29T01:30", kGap, "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z",
     "2026-03-29T01:00:00Z"},
    {"Australia/Lord_Howe", "2024-10-06T02:15", kGap, "2024-10-05T15:15:00Z",
     "2024-10-05T15:45:00Z", "2024-10-05T15:30:00Z"},
    {"Pacific/Apia", "2011-12-30T12:00", kGap, "2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z",
     "2011-12-30T10:00:00Z"},
    {"Antarctica/Troll", "2024-03-31T02:00", kGap, "2024-03-31T00:00:00Z", "2024-03-31T02:00:00Z",
     "2024-03-31T01:00:00Z"},
    {"Antarctica/Casey", "2020-10-04T00:00", kUnique, "2020-10-03T16:00:00Z", "", ""},
    {"Antarctica/Casey", "2023-03-09T01:00", kFold, "2023-03-08T14:00:00Z", "2023-03-08T17:00:00Z",
     "2023-03-08T14:00:00Z"},
    {"Africa/Casablanca", "2024-04-14T02:30", kGap, "2024-04-14T01:30:00Z", "2024-04-14T02:30:00Z",
     "2024-04-14T02:00:00Z"},
    {"Europe/Dublin", "2024-10-27T01:30", kFold, "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z",
     "2024-10-27T00:30:00Z"},
    {"Pacific/Chatham", "2024-09-29T03:00", kGap, "2024-09-28T13:15:00Z", "2024-09-28T14:15:00Z",
     "2024-09-28T14:00:00Z"},
    {"Africa/Juba", "2021-01-31T23:30", kFold, "2021-01-31T20:30:00Z", "2021-01-31T21:30:00Z",
     "2021-01-31T20:30:00Z"},
    {"America/Sao_Paulo", "2019-02-16T23:30", kFold, "2019-02-17T01:30:00Z", "2019-02-17T02:30:00Z",
     "2019-02-17T01:30:00Z"},
    {"Asia/Pyongyang", "2018-05-04T23:45", kGap, "2018-05-04T14:45:00Z", "2018-05-04T15:15:00Z",
     "2018-05-04T15:00:00Z"},
    {"Asia/Beirut", "2024-03-31T00:00", kGap, "2024-03-30T21:00:00Z", "2024-03-30T22:00:00Z",
     "2024-03-30T22:00:00Z"},
    {"America/Nuuk", "2024-03-30T23:30", kGap, "2024-03-31T00:30:00Z", "2024-03-31T01:30:00Z",
     "2024-03-31T01:00:00Z"},
    {"America/Asuncion", "2024-10-15T00:00", kUnique, "2024-10-15T03:00:00Z", "", ""},
    {"Africa/Monrovia", "1972-01-07T00:20", kGap, "1972-01-07T00:20:00Z", "1972-01-07T01:04:30Z",
     "1972-01-07T00:44:30Z"},
};

TEST(Zone, ResolvesEveryWallReadingUnderEveryPolicy) {
  for (const WallCase& c : kWallCases) {
    SCOPED_TRACE(std::string(c.zone) + " " + c.local);
    const Zone z = zone(c.zone);
    const LocalTime local = wall(c.local);
    const UtcTime earlier = at(c.earlier);
    const UtcTime later = *c.later == '\0' ? earlier : at(c.later);
    const UtcTime snap = *c.snap == '\0' ? earlier : at(c.snap);
    const LocalResolution found = z.resolve(local);
    EXPECT_EQ(found.kind, c.kind);
    EXPECT_EQ(found.earlier, earlier);
    EXPECT_EQ(found.later, later);
    EXPECT_EQ(z.to_utc(local, Resolve::kEarlier).value(), earlier);
    EXPECT_EQ(z.to_utc(local, Resolve::kLater).value(), later);
    EXPECT_EQ(z.to_utc(local, Resolve::kCompatible).value(), c.kind == kGap ? later : earlier);
    EXPECT_EQ(z.to_utc(local, Resolve::kSnap).value(), snap);
    EXPECT_EQ(found.transition, c.kind == kFold ? found.transition : snap);
    const auto rejected = z.to_utc(local, Resolve::kReject);
    if (c.kind == kUnique) {
      EXPECT_EQ(rejected.value(), earlier);
    } else {
      EXPECT_EQ(rejected.status().code(), absl::StatusCode::kFailedPrecondition);
    }
  }
}

TEST(Zone, ARejectionNamesBothCandidates) {
  const auto gap = zone("Europe/London").to_utc(wall("2026-03-29T01:30"), Resolve::kReject);
  EXPECT_EQ(std::string(gap.status().message()),
            "The local time 2026-03-29T01:30:00.000000000 does not exist in Europe/London: "
            "2026-03-29T00:30:00.000000000Z or 2026-03-29T01:30:00.000000000Z");
  const auto fold = zone("Europe/Dublin").to_utc(wall("2024-10-27T01:30"), Resolve::kReject);
  EXPECT_THAT(std::string(fold.status().message()), HasSubstr("occurs twice in Europe/Dublin"));
}

TEST(Zone, StatesTheOffsetAndHowLongItHolds) {
  const struct {
    const char* zone;
    const char* at;
    seconds offset;
    bool daylight;
    const char* abbreviation;
    const char* begin;
    const char* end;
  } cases[] = {
      {"Europe/Dublin", "2026-03-29T00:59:59Z", 0s, false, "GMT", "2025-10-26T01:00:00Z",
       "2026-03-29T01:00:00Z"},
      {"Europe/Dublin", "2026-03-29T01:00:00Z", 3600s, true, "IST", "2026-03-29T01:00:00Z",
       "2026-10-25T01:00:00Z"},
      {"America/New_York", "2026-07-04T12:00:00Z", -4h, true, "EDT", "2026-03-08T07:00:00Z",
       "2026-11-01T06:00:00Z"},
      {"Asia/Kolkata", "2026-07-04T12:00:00Z", 5h + 30min, false, "IST", "1945-10-14T17:30:00Z",
       "2262-04-11T23:47:16.854775807Z"},
      {"America/New_York", "2038-07-04T12:00:00Z", -4h, true, "EDT", "2038-03-14T07:00:00Z",
       "2038-11-07T06:00:00Z"},
      {"America/New_York", "2261-07-04T12:00:00Z", -4h, true, "EDT", "2261-03-10T07:00:00Z",
       "2261-11-03T06:00:00Z"},
      {"Europe/Dublin", "1900-01-01T00:00:00Z", -1521s, false, "DMT", "1880-08-02T00:25:21Z",
       "1916-05-21T02:25:21Z"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.zone) + " " + c.at);
    const ZoneOffset offset = zone(c.zone).offset_at(at(c.at));
    EXPECT_EQ(offset.offset, c.offset);
    EXPECT_EQ(offset.daylight, c.daylight);
    EXPECT_EQ(offset.abbreviation, c.abbreviation);
    EXPECT_EQ(to_rfc3339(offset.begin), to_rfc3339(at(c.begin)));
    EXPECT_EQ(to_rfc3339(offset.end), to_rfc3339(at(c.end)));
    EXPECT_EQ(zone(c.zone).utc_offset(at(c.at)), c.offset);
    EXPECT_EQ(zone(c.zone).to_local(at(c.at)).time_since_epoch(),
              at(c.at).time_since_epoch() + c.offset);
  }
}

TEST(Zone, WalksFromChangeToChange) {
  const Zone dublin = zone("Europe/Dublin");
  EXPECT_EQ(dublin.next_transition(at("2026-03-29T00:59:59Z")), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(dublin.next_transition(at("2026-03-29T01:00:00Z")), at("2026-10-25T01:00:00Z"));
  EXPECT_EQ(dublin.offset_at(at("2026-03-29T01:00:00Z")).abbreviation, "IST");
  EXPECT_EQ(Zone().next_transition(UtcTime::min()), std::nullopt);
}

TEST(Zone, TheDefaultIsUtc) {
  const Zone utc;
  EXPECT_EQ(utc.name(), "UTC");
  EXPECT_EQ(utc.offset_at(UtcTime(5s)).offset, 0s);
  EXPECT_EQ(utc.offset_at(UtcTime(5s)).abbreviation, "UTC");
  EXPECT_EQ(utc.next_transition(UtcTime(5s)), std::nullopt);
  EXPECT_EQ(utc, zone("UTC"));
}

TEST(Zone, StaysInRangeAtTheEndsOfTime) {
  const Zone tokyo = zone("Asia/Tokyo");
  const Zone honolulu = zone("Pacific/Honolulu");
  EXPECT_EQ(tokyo.to_local(UtcTime::max()), LocalTime::max());
  EXPECT_EQ(honolulu.to_local(UtcTime::min()), LocalTime::min());
  EXPECT_EQ(tokyo.to_utc(LocalTime::min(), Resolve::kSnap).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(honolulu.to_utc(LocalTime::max(), Resolve::kSnap).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(tokyo.to_utc(LocalTime::max(), Resolve::kSnap).value(), UtcTime::max() - 9h);
}

// Compares the buckets with the binary search in every zone, near every change and at random.
TEST(Zone, TheBucketsAgreeWithTheBinarySearch) {
  std::uint64_t state = 20260329;
  const auto random = [&] { return state = state * 6364136223846793005 + 1442695040888963407; };
  for (const std::string& name : ZoneDatabase::system().names()) {
    const internal::ZoneTable& table = internal::ZoneAccess::table_of(zone(name));
    const auto check = [&](std::int64_t t) {
      const std::size_t span = table.plain_span_at(t);
      ASSERT_EQ(table.place_of(t).span, span) << name << " " << t;
      ASSERT_EQ(table.place_of(t).offset, table.span(span).offset) << name << " " << t;
      ASSERT_EQ(table.resolve(t), table.plain_resolve(t)) << name << " " << t;
    };
    for (std::size_t i = 1; i < table.span_count(); ++i) {
      const std::int64_t turn = table.span(i).begin;
      const std::int64_t before = table.span(i - 1).offset * std::int64_t{1'000'000'000};
      const std::int64_t after = table.span(i).offset * std::int64_t{1'000'000'000};
      for (const std::int64_t near :
           {turn, turn + before, turn + after, turn + (before + after) / 2}) {
        for (const std::int64_t by : {-1, 0, 1}) check(near + by);
      }
    }
    for (int i = 0; i < 300; ++i) check(static_cast<std::int64_t>(random()));
    for (int i = 0; i < 300; ++i) check(static_cast<std::int64_t>(random() >> 1));
    if (HasFatalFailure()) return;
  }
}

// The remembered span is that of another reading, in both directions and over each change.
TEST(Zone, ThePresentOffsetFollowsEveryChange) {
  for (const char* const name : {"UTC", "Europe/Dublin", "Africa/Casablanca", "Pacific/Apia"}) {
    const Zone z = zone(name);
    std::vector<UtcTime> readings = {UtcTime::min(), UtcTime()};
    for (auto t = z.next_transition(UtcTime::min()); t; t = z.next_transition(*t)) {
      for (const nanoseconds off : {-1h, 0h, 1h}) readings.push_back(*t + off);
      readings.push_back(*t - 1ns);
    }
    for (const UtcTime utc : readings) EXPECT_EQ(z.utc_offset_now(utc), z.utc_offset(utc)) << to_rfc3339(utc);
    std::shuffle(readings.begin(), readings.end(), std::mt19937(1));
    for (const UtcTime utc : readings) EXPECT_EQ(z.utc_offset_now(utc), z.utc_offset(utc)) << to_rfc3339(utc);
  }
}

// Every function returns at the ends of every type. UBSan finds an overflow.
TEST(Zone, HasNoOverflowAtTheEndsOfTime) {
  for (const char* const name :
       {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Dublin"}) {
    const Zone z = zone(name);
    for (const nanoseconds ns : {nanoseconds::min(), nanoseconds::min() + 1ns, nanoseconds(-1),
                                 nanoseconds(0), nanoseconds::max() - 1ns, nanoseconds::max()}) {
      const UtcTime utc(ns);
      const ZoneOffset offset = z.offset_at(utc);
      EXPECT_LE(offset.begin, utc);
      EXPECT_EQ(z.utc_offset(utc), offset.offset);
      EXPECT_EQ(z.utc_offset(floor<seconds>(utc)), offset.offset);
      EXPECT_EQ(z.utc_offset(floor<milliseconds>(utc)), offset.offset);
      EXPECT_EQ(z.utc_offset_now(utc), offset.offset);
      EXPECT_EQ(z.utc_offset_now(floor<milliseconds>(utc)), offset.offset);
      EXPECT_EQ(timezone_info(z, utc).offset, offset.offset);
      EXPECT_LE(z.resolve(LocalTime(ns)).earlier, z.resolve(LocalTime(ns)).later);
      for (const Resolve policy : {Resolve::kReject, Resolve::kCompatible, Resolve::kEarlier,
                                   Resolve::kLater, Resolve::kSnap}) {
        (void)z.to_utc(LocalTime(ns), policy);
      }
      EXPECT_FALSE(to_string(offset).empty());
    }
    EXPECT_EQ(z.utc_offset(sys_seconds::max()), z.utc_offset(UtcTime::max()));
    EXPECT_EQ(z.utc_offset(sys_seconds::min()), z.utc_offset(UtcTime::min()));
  }
}

TEST(Zone, PrintsItsValues) {
  const Zone dublin = zone("Europe/Dublin");
  std::ostringstream text;
  text << dublin << '\n'
       << dublin.offset_at(at("2026-07-01T00:00:00Z")) << '\n'
       << dublin.resolve(wall("2026-03-29T01:30")) << '\n'
       << dublin.resolve(wall("2026-07-01T01:30")) << '\n'
       << zone("Europe/Dublin").offset_at(at("1900-01-01T00:00:00Z"));
  EXPECT_EQ(text.str(),
            "Europe/Dublin\n"
            "+01:00 IST daylight from 2026-03-29T01:00:00Z to 2026-10-25T01:00:00Z\n"
            "gap: 2026-03-29T00:30:00.000000000Z or 2026-03-29T01:30:00.000000000Z\n"
            "unique: 2026-07-01T00:30:00.000000000Z\n"
            "-00:25:21 DMT from 1880-08-02T00:25:21Z to 1916-05-21T02:25:21Z");
}

TEST(Zone, IsAKey) {
  const Zone dublin = zone("Europe/Dublin"), paris = zone("Europe/Paris");
  EXPECT_LT(dublin, paris);
  const std::set<Zone> ordered = {paris, dublin, paris};
  EXPECT_EQ(*ordered.begin(), dublin);
  const std::unordered_map<Zone, int> stations = {{dublin, 1}, {paris, 2}};
  EXPECT_EQ(stations.at(zone("Europe/Paris")), 2);
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({dublin, paris, Zone()}));
}

}  // namespace
}  // namespace masterclock::zone_test
