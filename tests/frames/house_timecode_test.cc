#include "masterclock/frames/house_timecode.h"

#include <gtest/gtest.h>

#include <string>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_cache.h"

namespace masterclock::house_timecode_test {
namespace {

using namespace std::chrono;

struct Offset {
  std::int64_t seconds_east;
  LocalTime to_local(UtcTime utc) const {
    return LocalTime(saturating_add(utc.time_since_epoch(), seconds(seconds_east)));
  }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve) const {
    return UtcTime(saturating_add(local.time_since_epoch(), -seconds(seconds_east)));
  }
};

UtcTime utc(const char* text) { return parse_rfc3339(text).value(); }

std::string label(const char* now, AnyWallClock wall, FrameRate rate,
                  DropFrame drop = DropFrame::kNo, seconds jam = {}) {
  return time_of_day_timecode(utc(now), wall, rate, drop, jam).to_string();
}

Zone zone(const char* name) {
  static ZoneCache zones;
  return zones.find(name).value();
}

TEST(TimeOfDayTimecode, AfterTheDailyJam) {
  // 2026-09-27T12:00:00.123456789 UTC on a wall an hour east, jammed at midnight.
  constexpr TaiTime noon(1'790'510'437'123'456'789ns);
  const struct {
    FrameRate rate;
    DropFrame drop;
    const char* label;
  } cases[] = {
      {k24, DropFrame::kNo, "13:00:00:02"},     {k25, DropFrame::kNo, "13:00:00:03"},
      {k30, DropFrame::kNo, "13:00:00:03"},     {k50, DropFrame::kNo, "13:00:00:06"},
      {k29_97, DropFrame::kYes, "13:00:00;04"},  // a frame and a half ahead of the wall
      {k29_97, DropFrame::kNo, "12:59:13:10"},   // 46.8 s behind it
      {k23_976, DropFrame::kNo, "12:59:13:08"},
  };
  for (const auto& c : cases) {
    const auto clock = TimeOfDayTimecode::make(Offset{3'600}, c.rate, c.drop);
    ASSERT_TRUE(clock.ok()) << clock.status();
    EXPECT_EQ(clock->at(noon).to_string(), c.label) << to_string(c.rate);
    EXPECT_EQ(clock->last_jam(noon).when, utc("2026-09-26T23:00:00Z"));
    EXPECT_EQ(clock->last_jam(noon).label.to_string().substr(0, 8), "00:00:00");
    EXPECT_EQ(clock->at(utc("2026-09-27T12:00:00.123456789Z")).to_string(), c.label);
  }
}

// Above 30 frames a second the jam takes the first pair: the labels of 59.94 are those of 29.97,
// twice.
TEST(TimeOfDayTimecode, PairsAgreeWithTheHalfRate) {
  const auto whole = TimeOfDayTimecode::make(Offset{3'600}, k29_97, DropFrame::kYes).value();
  const auto pairs = TimeOfDayTimecode::make(Offset{3'600}, k59_94, DropFrame::kYes).value();
  const auto fours = TimeOfDayTimecode::make(Offset{3'600}, k119_88, DropFrame::kYes).value();
  for (TaiTime tai(1'790'463'637s); tai < TaiTime(1'790'463'637s + 30h); tai += 61'234'567'891ns) {
    ASSERT_EQ(pairs.at(tai).codeword().label, whole.at(tai)) << tai.time_since_epoch().count();
    ASSERT_EQ(fours.at(tai).codeword().label, whole.at(tai)) << tai.time_since_epoch().count();
  }
}

TEST(TimeOfDayTimecode, TheFrameThatWasOnKeepsTheOldCount) {
  // 29.97 is not on a frame's start at midnight: the frame that is on ends 28.7 ms later.
  const auto clock = TimeOfDayTimecode::make(Offset{3'600}, k29_97, DropFrame::kNo).value();
  constexpr TaiTime jam(1'790'463'637s);
  const std::int64_t first = first_frame_at_or_after(jam, k29_97);
  const TaiTime start = frame_start<TaiTime>(first, k29_97);
  ASSERT_GT(start, jam);
  EXPECT_EQ(clock.at(jam).to_string(), "23:58:33:20") << "86.4 s behind, with yesterday's count";
  EXPECT_EQ(clock.at(start - 1ns).to_string(), "23:58:33:20");
  EXPECT_EQ(clock.at(start).to_string(), "00:00:00:00");
  EXPECT_EQ(clock.at(start + 34ms).to_string(), "00:00:00:01");
}

TEST(TimeOfDayTimecode, AChangeOfOffsetWaitsForTheNextJam) {
  const Zone dublin = zone("Europe/Dublin");
  // 29 March 2026: 01:00 becomes 02:00 at 01:00 UTC. 25 October: 02:00 becomes 01:00, also at 01:00
  // UTC.
  const struct {
    const char* name;
    const char* now;
    seconds jam;
    const char* label;
  } cases[] = {
      {"before the change", "2026-03-29T00:59:59.96Z", 0h, "00:59:59:24"},
      {"after it the labels go on", "2026-03-29T01:00:00Z", 0h, "01:00:00:00"},
      {"until the midnight", "2026-03-29T22:59:59Z", 0h, "22:59:59:00"},
      {"when the jam takes it", "2026-03-29T23:00:00Z", 0h, "00:00:00:00"},
      {"a jam at 06:00 takes it sooner", "2026-03-29T05:00:00Z", 6h, "06:00:00:00"},
      {"and not before", "2026-03-29T04:59:59Z", 6h, "04:59:59:00"},
      {"a jam in the missing hour is made an hour later", "2026-03-29T01:30:00Z", 1h + 30min,
       "02:30:00:00"},
      {"until then the count goes on", "2026-03-29T01:29:59Z", 1h + 30min, "01:29:59:00"},
      {"in the first pass of 01:30 nothing is jammed", "2026-10-25T00:45:00Z", 1h + 30min,
       "01:45:00:00"},
      {"before its second pass the labels are an hour ahead", "2026-10-25T01:29:59Z", 1h + 30min,
       "02:29:59:00"},
      {"in the second pass they are set back", "2026-10-25T01:30:00Z", 1h + 30min, "01:30:00:00"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(label(c.now, dublin, k25, DropFrame::kNo, c.jam), c.label) << c.name;
  }
}

// St. John's went back from 00:01 to 23:01: midnight came twice, and the second is jammed.
TEST(TimeOfDayTimecode, ClocksThatGoBackOverMidnight) {
  const Zone st_johns = zone("America/St_Johns");
  EXPECT_EQ(label("2010-11-07T02:29:59Z", st_johns, k25), "23:59:59:00");
  EXPECT_EQ(label("2010-11-07T02:30:30Z", st_johns, k25), "00:00:30:00");
  EXPECT_EQ(label("2010-11-07T02:31:00Z", st_johns, k25), "00:01:00:00") << "the wall says 23:01";
  EXPECT_EQ(label("2010-11-07T03:29:59Z", st_johns, k25), "00:59:59:00");
  EXPECT_EQ(label("2010-11-07T03:30:00Z", st_johns, k25), "00:00:00:00");
}

// Apia had no 30 December 2011, and its noon of that day is no jam.
TEST(TimeOfDayTimecode, ADayThatIsMissing) {
  const Zone apia = zone("Pacific/Apia");
  EXPECT_EQ(label("2011-12-30T09:59:59Z", apia, k25, DropFrame::kNo, 12h), "23:59:59:00");
  EXPECT_EQ(label("2011-12-30T10:00:00Z", apia, k25, DropFrame::kNo, 12h), "00:00:00:00");
  EXPECT_EQ(label("2011-12-30T21:59:59Z", apia, k25, DropFrame::kNo, 12h), "11:59:59:00");
  EXPECT_EQ(label("2011-12-30T22:00:00Z", apia, k25, DropFrame::kNo, 12h), "12:00:00:00");
}

TEST(TimeOfDayTimecode, ALeapSecondIsASecondOfFrames) {
  const auto clock = TimeOfDayTimecode::make(Offset{0}, k25, DropFrame::kNo, 12h).value();
  const TaiTime leap = to_tai(utc("2017-01-01T00:00:00Z")) - 1s;  // 23:59:60
  EXPECT_EQ(clock.at(leap - 1ns).to_string(), "23:59:59:24");
  EXPECT_EQ(clock.at(leap).to_string(), "00:00:00:00");
  EXPECT_EQ(clock.at(leap + 1s).to_string(), "00:00:01:00") << "a second ahead until noon's jam";
  EXPECT_EQ(clock.at(utc("2017-01-01T12:00:00Z")).to_string(), "12:00:00:00");
  // A jam at midnight: the leap second belongs to the old count.
  const auto midnight = TimeOfDayTimecode::make(Offset{0}, k25, DropFrame::kNo).value();
  EXPECT_EQ(midnight.at(leap).to_string(), "00:00:00:00");
  EXPECT_EQ(midnight.at(leap + 960ms).to_string(), "00:00:00:24");
  EXPECT_EQ(midnight.at(leap + 1s).to_string(), "00:00:00:00");
}

TEST(TimeOfDayTimecode, AJamWithoutALabelTakesTheNext) {
  // 45705660 s after the epoch is a whole number of frames at 29.97, and 00:01:00 in TAI.
  const TaiTime tai(45'705'660s);
  const auto clock =
      TimeOfDayTimecode::make(Offset{10}, k29_97, DropFrame::kYes, seconds(60)).value();
  EXPECT_EQ(clock.at(tai).to_string(), "00:01:00;02");
}

TEST(TimeOfDayTimecode, RefusesWhatHasNoLabels) {
  EXPECT_FALSE(TimeOfDayTimecode::make(Offset{0}, {25, 2}, DropFrame::kNo).ok());
  EXPECT_FALSE(TimeOfDayTimecode::make(Offset{0}, k25, DropFrame::kYes).ok());
  EXPECT_FALSE(TimeOfDayTimecode::make(Offset{0}, k25, DropFrame::kNo, 24h).ok());
  EXPECT_FALSE(TimeOfDayTimecode::make(Offset{0}, k25, DropFrame::kNo, -1s).ok());
  EXPECT_THROW((void)time_of_day_timecode(UtcTime(), Offset{0}, k25, DropFrame::kYes),
               absl::BadStatusOrAccess);
}

TEST(TimeOfDayTimecode, AnswersAtTheEndsOfTime) {
  for (const AnyWallClock wall : {AnyWallClock(Offset{0}), AnyWallClock(Offset{50'000}),
                                  AnyWallClock(zone("Pacific/Kiritimati"))}) {
    const auto clock = TimeOfDayTimecode::make(wall, k119_88, DropFrame::kYes).value();
    for (const TaiTime tai :
         {TaiTime::min(), TaiTime::min() + 1s, TaiTime::max() - 1s, TaiTime::max()}) {
      EXPECT_GE(clock.at(tai).frame(), 0);
    }
  }
}

}  // namespace
}  // namespace masterclock::house_timecode_test
