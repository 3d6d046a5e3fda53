#include "wall.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "../temporary_directory.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"

namespace wall {
namespace {

using namespace std::chrono_literals;
using masterclock::TimeOfDayTimecode;
using nlohmann::json;

class WallTest : public ::testing::Test {
 protected:
  static masterclock::UtcTime at(const char* text) {
    return masterclock::parse_rfc3339(text).value();
  }

  masterclock::testing::ManualTimeSource time_{at("2026-03-29T00:59:58Z")};
  masterclock::MasterClock clock_{time_};
  const masterclock::Zone dublin_ = clock_.zone("Europe/Dublin").value();
};

TEST_F(WallTest, TellsTheNextChangeOfEachZone) {
  Wall wall(clock_, {.zones = {dublin_, masterclock::Zone()}});
  const json zones = wall.state()["zones"];
  ASSERT_EQ(zones.size(), 2U);
  EXPECT_EQ(zones[0]["label"], "Dublin");
  EXPECT_EQ(zones[0]["abbreviation"], "GMT");
  EXPECT_EQ(zones[0]["offset_s"], 0);
  EXPECT_EQ(zones[0]["next_offset_s"], 3'600);
  EXPECT_EQ(zones[0]["next_change_utc_ns"], at("2026-03-29T01:00:00Z").time_since_epoch().count());
  EXPECT_TRUE(zones[1]["next_change_utc_ns"].is_null());
}

TEST_F(WallTest, LabelsTheFrameThatIsOn) {
  const auto house =
      TimeOfDayTimecode::make(dublin_, masterclock::k25, masterclock::DropFrame::kNo).value();
  Wall wall(clock_, {.zones = {dublin_}, .timecode = house});
  time_.advance(90ms);
  const json code = wall.state()["timecode"];
  EXPECT_EQ(code["label"], "00:59:58:02");
  EXPECT_EQ(code["frame"], (59 * 60 + 58) * 25 + 2);
  EXPECT_EQ(code["since_ns"], 10'000'000);  // the third frame began at 80 ms
  EXPECT_EQ(code["nominal"], 25);
}

TEST_F(WallTest, AnAlarmKeepsTheInstantAtWhichItBegan) {
  Wall wall(clock_, {.zones = {dublin_}});
  const json first = wall.state()["alarms"];
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0]["text"], "Do not trust the time: it is unknown.");
  time_.advance(1min);
  EXPECT_EQ(wall.state()["alarms"], first);
}

TEST_F(WallTest, AnErrorAboveTheLimitIsAnAlarm) {
  struct Provider final : masterclock::SyncProvider {
    masterclock::SyncReading read() override {
      return {.state = masterclock::SyncState::kSynchronized,
              .error_bound = bound,
              .as_of = source->now_steady(),
              .provenance = "test"};
    }
    masterclock::TimeSource* source = nullptr;
    std::chrono::nanoseconds bound = 1ms;
  } provider;
  provider.source = &time_;
  masterclock::MasterClock clock(time_, {.sync = &provider});
  Wall wall(clock, {.zones = {dublin_}, .largest_error = 10ms});
  clock.refresh_sync();
  EXPECT_EQ(wall.state()["alarms"], json::array());
  EXPECT_EQ(wall.state()["sync"]["state"], "synchronized");
  provider.bound = 20ms;
  clock.refresh_sync();
  const json alarms = wall.state()["alarms"];
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0]["text"], "The time may be wrong by more than the limit.");
  EXPECT_EQ(wall.state()["sync"]["meaning"],
            "A reference keeps this time, but not within the limit.");
}

TEST_F(WallTest, DisruptedTimeHasNoBound) {
  struct Provider final : masterclock::SyncProvider {
    masterclock::SyncReading read() override {
      return {.state = masterclock::SyncState::kSynchronized,
              .error_bound = 1ms,
              .as_of = source->now_steady(),
              .provenance = "test"};
    }
    masterclock::TimeSource* source = nullptr;
  } provider;
  provider.source = &time_;
  masterclock::MasterClock clock(time_, {.sync = &provider});
  clock.refresh_sync();
  Wall wall(clock, {.zones = {dublin_}});
  EXPECT_EQ(wall.state()["sync"]["bound_ns"], 1'000'000);
  time_.step_utc(1h);
  const json state = wall.state();
  EXPECT_EQ(state["sync"]["state"], "disrupted");
  EXPECT_TRUE(state["sync"]["bound_ns"].is_null()) << state["sync"];
  EXPECT_EQ(state["alarms"].size(), 1U) << state["alarms"];
}

TEST_F(WallTest, AGuideThatCannotBeReadIsAnAlarmUntilAnotherIsThere) {
  on_air::ScheduleService schedule(clock_);
  Wall wall(clock_, {.zones = {dublin_}, .schedule = &schedule});
  const auto guide_alarm = [&] {
    const json state = wall.state();
    for (const json& alarm : state["alarms"]) {
      if (alarm["text"].get<std::string>().starts_with("The guide")) return alarm;
    }
    return json();
  };
  wall.guide_read(absl::DataLossError("guide.xml:7: no title"));
  const json first = guide_alarm();
  EXPECT_EQ(first["text"], "The guide cannot be read: guide.xml:7: no title");
  time_.advance(1s);
  wall.guide_read(false);  // no change of the files: a failure is reported once
  EXPECT_EQ(guide_alarm(), first);
  wall.guide_read(absl::DataLossError("guide.xml:9: no title"));
  EXPECT_EQ(guide_alarm()["text"], "The guide cannot be read: guide.xml:9: no title");
  EXPECT_EQ(guide_alarm()["since_utc_ns"], first["since_utc_ns"]) << "the same trouble";
  wall.guide_read(true);
  EXPECT_TRUE(guide_alarm().is_null());
}

TEST_F(WallTest, MergesTheNextChangesOfAllChannels) {
  const masterclock::tests::TemporaryDirectory folder;
  const std::string guide = folder.write("guide.xml", R"(<tv>
    <channel id="a"><display-name>A</display-name></channel>
    <channel id="b"><display-name>B</display-name></channel>
    <channel id="c"/>
    <programme start="20260329000000 +0000" stop="20260329010000 +0000" channel="a"><title>A1</title></programme>
    <programme start="20260329010000 +0000" stop="20260329011000 +0000" channel="a"><title>A2</title></programme>
    <programme start="20260329011000 +0000" stop="20260329012000 +0000" channel="a"><title>A3</title></programme>
    <programme start="20260329011500 +0000" stop="20260329030000 +0000" channel="b"><title>B1</title></programme>
  </tv>)");
  on_air::ScheduleService schedule(clock_);
  ASSERT_TRUE(schedule.load(guide).ok());
  Wall wall(clock_, {.zones = {dublin_}, .schedule = &schedule});
  const auto change = [](const char* when, const json& title, const char* channel) {
    return json{
        {"utc_ns", at(when).time_since_epoch().count()}, {"title", title}, {"channel", channel}};
  };
  const json state = wall.state();
  EXPECT_EQ(state["events"], (json::array({change("2026-03-29T01:00:00Z", "A2", "A"),
                                           change("2026-03-29T01:10:00Z", "A3", "A"),
                                           change("2026-03-29T01:15:00Z", "B1", "B"),
                                           change("2026-03-29T01:20:00Z", nullptr, "A"),
                                           change("2026-03-29T03:00:00Z", nullptr, "B")})));
  ASSERT_EQ(state["channels"].size(), 3U);
  EXPECT_EQ(state["channels"][0]["title"], "A1");
  EXPECT_FALSE(state["channels"][0].contains("next_title")) << "the events have it";
}

TEST(ReadNeighbours, PassOnOnlyWhatThePageShows) {
  const json clock = {{"kind", "period"}, {"id", 1},    {"direction", "down"},
                      {"value_ns", 5},    {"rate", -1}, {"expires_in_ns", nullptr}};
  json more = clock;
  more["html"] = "<b>";
  EXPECT_EQ(read_scoreboard({{"clocks", {more}}, {"stage", 1}}).value(),
            (json{{"clocks", {clock}}, {"more", 0}}));
  const json bad[] = {nullptr, 7, json::object(), {{"kind", "a"}}, {{"kind", 1}}};
  EXPECT_EQ(read_scoreboard({{"clocks", bad}}).value()["clocks"], json::array());
  const json many(9'000, clock);
  EXPECT_EQ(read_scoreboard({{"clocks", many}}).value()["clocks"].size(), 20U);
  EXPECT_EQ(read_scoreboard({{"clocks", many}}).value()["more"], 8'980);
  for (const json& state : {json(), json(json::value_t::discarded), json::array(), json::object(),
                            json{{"clocks", {{"a", 1}}}}}) {
    EXPECT_FALSE(read_scoreboard(state).ok());
    EXPECT_FALSE(read_director(state).ok());
  }

  const json director = {{"state", "running"},
                         {"on_air", "A"},
                         {"held", true},
                         {"next", {{"scene", "B"}, {"in_ns", 2}}}};
  EXPECT_EQ(read_director(director).value(), director);
  for (const json& next : {json("soon"), json{{"scene", 1}, {"in_ns", 2}}, json{{"scene", "B"}},
                           json{{"scene", "B"}, {"in_ns", "2"}}}) {
    EXPECT_TRUE(read_director({{"state", "running"}, {"next", next}}).value()["next"].is_null());
  }
  const std::string text = "A\n" + std::string(5'000, 'x');
  const json shown = read_director({{"state", "idle"}, {"on_air", text}}).value()["on_air"];
  EXPECT_EQ(shown.get<std::string>().substr(0, 3), "A x");
  EXPECT_EQ(shown.get<std::string>().size(), 200U);
}

}  // namespace
}  // namespace wall
