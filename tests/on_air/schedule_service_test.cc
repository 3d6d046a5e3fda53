#include "schedule_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "../temporary_directory.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"

namespace on_air::schedule_service_test {
namespace {

using masterclock::MasterClock;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using masterclock::tests::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

UtcTime utc(const char* text) { return masterclock::parse_rfc3339(text).value(); }

class ScheduleServiceTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    const auto path = directory_.path() / name;
    std::ofstream(path) << text;
    return path.string();
  }

  TemporaryDirectory directory_;
  ManualTimeSource source_{utc("2026-03-29T00:45:00Z")};
  MasterClock clock_{source_};
  ScheduleService schedule_{clock_};

  // A film across the change of the clocks, a news flash in it, and a channel with a gap.
  const std::string night_ = file("night.xml", R"(<tv>
    <channel id="film"><display-name>Film</display-name></channel>
    <channel id="gap"/>
    <programme channel="film" start="20260329002000 +0000" stop="20260329031000 +0100"><title>Ferry</title></programme>
    <programme channel="film" start="20260329005000 +0000" stop="20260329021000 +0100"><title>Flash</title></programme>
    <programme channel="film" start="20260329031000 +0100"><title>Night</title></programme>
    <programme channel="gap" start="20260329060000 +0100" stop="20260329070000 +0100"><title>Dawn</title></programme>
  </tv>)");
};

TEST_F(ScheduleServiceTest, AnswersFromTheClocksReadingAndKeepsNone) {
  const GuideOptions dublin{clock_.zone("Europe/Dublin").value(), 6h, masterclock::k25};
  ASSERT_TRUE(schedule_.load(night_, dublin).ok());
  EXPECT_THAT(schedule_.channels(), ElementsAre("film", "gap"));

  auto plan = schedule_.get_playout_plan_now("film").value();
  ASSERT_TRUE(plan.on_air());
  EXPECT_EQ(plan.display_name, "Film");
  EXPECT_EQ(plan.at, utc("2026-03-29T00:45:00Z"));
  EXPECT_EQ(plan.now->title, "Ferry");
  EXPECT_EQ(plan.now->start, utc("2026-03-29T00:20:00Z"));
  EXPECT_EQ(plan.now->stop, utc("2026-03-29T00:50:00Z"));  // the flash takes over
  EXPECT_EQ(plan.now->join.offset, 25min);
  EXPECT_EQ(plan.now->join.frame, 25 * 60 * 25);
  EXPECT_EQ(plan.now->timecode->to_string(), "00:25:00:00");
  EXPECT_EQ(plan.now->remaining, 5min);
  EXPECT_EQ(plan.next->title, "Flash");
  EXPECT_EQ(plan.day.date, std::chrono::year(2026) / 3 / 28);

  source_.advance(5min + 1ns);
  plan = schedule_.get_playout_plan_now("film").value();
  EXPECT_EQ(plan.now->title, "Flash");
  EXPECT_EQ(plan.now->join.offset, 1ns);  // the nanosecond that MasterClock::now_utc would drop
  EXPECT_EQ(plan.next->title, "Ferry");   // it goes on afterwards
  EXPECT_EQ(plan.next->start, utc("2026-03-29T01:10:00Z"));

  source_.advance(20min);
  plan = schedule_.get_playout_plan_now("film").value();
  EXPECT_EQ(plan.now->title, "Ferry");
  EXPECT_EQ(plan.now->join.offset, 50min + 1ns);  // from its own start, through the interruption
  EXPECT_EQ(plan.now->stop, utc("2026-03-29T02:10:00Z"));

  source_.step_utc(-1h);  // the clock is set back: so is the answer
  EXPECT_FALSE(schedule_.get_playout_plan_now("film").value().on_air());
}

TEST_F(ScheduleServiceTest, AnswersOffTheAirAndOpenEnds) {
  ASSERT_TRUE(schedule_.load(night_).ok());
  const auto gap = schedule_.get_playout_plan_now("gap").value();
  EXPECT_FALSE(gap.on_air());
  EXPECT_EQ(gap.display_name, "gap");
  EXPECT_EQ(gap.next->title, "Dawn");
  const auto after = schedule_.get_playout_plan_now("gap", utc("2026-03-29T06:00:00Z")).value();
  EXPECT_FALSE(after.on_air());
  EXPECT_FALSE(after.next.has_value());
  const auto open = schedule_.get_playout_plan_now("film", utc("2026-03-30T00:00:00Z")).value();
  EXPECT_EQ(open.now->title, "Night");
  EXPECT_FALSE(open.now->stop.has_value());
  EXPECT_FALSE(open.now->remaining.has_value());
  EXPECT_FALSE(open.next.has_value());
}

TEST_F(ScheduleServiceTest, ListsBoundariesAndAirings) {
  ASSERT_TRUE(schedule_.load(night_).ok());
  EXPECT_EQ(schedule_.get_playout_plan_now("film", utc("2026-03-29T00:50:00Z"))->until,
            utc("2026-03-29T01:10:00Z"));
  EXPECT_EQ(schedule_.get_playout_plan_now("film", utc("2026-03-29T02:10:00Z"))->until,
            std::nullopt);
  const auto planned =
      schedule_.airings("film", utc("2026-03-29T00:50:00Z"), utc("2026-03-29T02:10:01Z")).value();
  ASSERT_EQ(planned.airings.size(), 3u);
  EXPECT_EQ(planned.programme(planned.airings[0]).title, "Flash");
  EXPECT_EQ(planned.programme(planned.airings[1]).title, "Ferry");
  EXPECT_EQ(planned.airings[1].begin, utc("2026-03-29T01:10:00Z"));
  EXPECT_EQ(planned.programme(planned.airings[2]).title, "Night");
  EXPECT_EQ(planned.airings[2].stop(), std::nullopt);
}

TEST_F(ScheduleServiceTest, APlaylistBeginsWithTheDayAndKnowsItsMedia) {
  const std::string list = file("list.json", R"({"channel": "C", "date": "2026-03-29", "program": [
      {"in": 5, "out": 65, "source": "a.mp4"}, {"in": 0, "out": 10, "source": "b.mp4"}]})");
  const GuideOptions dublin{clock_.zone("Europe/Dublin").value(), 6h, masterclock::k29_97};
  ASSERT_TRUE(schedule_.load(list, dublin).ok());
  const auto plan = schedule_.get_playout_plan_now("C", utc("2026-03-29T05:01:00Z") - 1ms).value();
  EXPECT_EQ(plan.now->source, "a.mp4");
  EXPECT_EQ(plan.now->join.offset, 60s - 1ms);
  EXPECT_EQ(plan.now->media_position, 65s - 1ms);
  EXPECT_EQ(plan.now->timecode->to_string(), "00:00:59;28");
  EXPECT_EQ(plan.next->title, "b.mp4");
}

TEST_F(ScheduleServiceTest, CountsALeapSecond) {
  const std::string leap = file("leap.xml", R"(<tv><programme channel="c"
      start="20161231235900" stop="20170101000100"><title>New Year</title></programme></tv>)");
  ASSERT_TRUE(schedule_.load(leap).ok());
  const auto plan = schedule_.get_playout_plan_now("c", utc("2017-01-01T00:00:00Z")).value();
  EXPECT_EQ(plan.now->join.offset, 61s);
  EXPECT_EQ(plan.now->remaining, 60s);
}

TEST_F(ScheduleServiceTest, NamesAnUnknownChannelAndWhatThereIs) {
  const auto message = [&](const char* id) {
    const auto plan = schedule_.get_playout_plan_now(id);
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(schedule_.airings(id, UtcTime(), UtcTime(1s)).status(), plan.status());
    return std::string(plan.status().message());
  };
  EXPECT_EQ(message("film"), "Unknown channel 'film'; the guide has none");
  ASSERT_TRUE(schedule_.load(night_).ok());
  EXPECT_EQ(message("filn"), "Unknown channel 'filn'; did you mean 'film'?");
  EXPECT_EQ(message("BBC1"), "Unknown channel 'BBC1'; the guide has 'film', 'gap'");
  std::string many = "<tv>";
  for (int i = 0; i < 30; ++i) many += "<channel id='channel" + std::to_string(i) + "'/>";
  ASSERT_TRUE(schedule_.load(file("many.xml", many + "</tv>")).ok());
  EXPECT_THAT(message("BBC1"), HasSubstr("'channel11' and 18 more"));
}

TEST_F(ScheduleServiceTest, ALoadThatFailsChangesNothingAndAGuideInHandStays) {
  ASSERT_TRUE(schedule_.load(night_).ok());
  EXPECT_FALSE(schedule_.load(file("bad.xml", "<tv><programme/></tv>")).ok());
  EXPECT_THAT(schedule_.channels(), ElementsAre("film", "gap"));
  const auto guide = schedule_.guide();
  ASSERT_TRUE(schedule_.load(file("other.xml", "<tv><channel id='other'/></tv>")).ok());
  EXPECT_EQ(guide->channels().size(), 2u);
  EXPECT_THAT(schedule_.channels(), ElementsAre("other"));
}

TEST_F(ScheduleServiceTest, AnAnswerKeepsItsTextsAfterAnotherLoad) {
  ASSERT_TRUE(schedule_.load(night_).ok());
  const auto plan = schedule_.get_playout_plan_now("film").value();
  const NowPlaying now = schedule_.get_playout_plan_now("film")->now.value();
  const auto planned = schedule_.airings("film", UtcTime::min(), UtcTime::max()).value();
  const std::weak_ptr<const Guide> before = schedule_.guide();
  ASSERT_TRUE(schedule_.load(file("other.xml", "<tv><channel id='other'/></tv>")).ok());
  EXPECT_EQ(plan.display_name, "Film");
  EXPECT_EQ(plan.now->title, "Ferry");
  EXPECT_EQ(plan.next->title, "Flash");
  EXPECT_EQ(now.title, "Ferry");
  EXPECT_EQ(planned.programme(planned.airings.back()).title, "Night");
  EXPECT_FALSE(before.expired());
}

TEST_F(ScheduleServiceTest, APartWithItsOwnTextsKeepsNoGuide) {
  ASSERT_TRUE(schedule_.load(night_).ok());
  const NowPlaying now = with_own_texts(*schedule_.get_playout_plan_now("film")->now);
  const std::weak_ptr<const Guide> before = schedule_.guide();
  ASSERT_TRUE(schedule_.load(file("other.xml", "<tv><channel id='other'/></tv>")).ok());
  EXPECT_TRUE(before.expired());
  EXPECT_EQ(now.title, "Ferry");
}

}  // namespace
}  // namespace on_air::schedule_service_test
