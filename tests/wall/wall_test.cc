#include "wall.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

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
  EXPECT_EQ(first[0]["text"], "Nothing says how wrong this time may be.");
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
}

TEST_F(WallTest, AGuideThatCannotBeReadIsAnAlarmUntilItCan) {
  on_air::ScheduleService schedule(clock_);
  Wall wall(clock_, {.zones = {dublin_}, .schedule = &schedule});
  wall.set_guide_alarm("guide.xml:7: no title");
  EXPECT_EQ(wall.state()["alarms"].size(), 2U);
  wall.set_guide_alarm("");
  EXPECT_EQ(wall.state()["alarms"].size(), 1U);
}

}  // namespace
}  // namespace wall
