// Checks frames/ against vectors that independent programs computed.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/house_timecode.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/frames/st2059.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/time/rfc3339.h"

namespace masterclock::field_vectors_test {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;

class FieldVectors : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(MASTERCLOCK_SOURCE_DIR "/tests/data/field-vectors.json");
    ASSERT_TRUE(file) << "tests/data/field-vectors.json is missing";
    vectors_ = json::parse(file);
  }
  const json& vectors(const char* name) {
    EXPECT_FALSE(vectors_.at(name).empty()) << name;
    return vectors_.at(name);
  }

 private:
  json vectors_;
};

// "29.97DF", "29.97NDF" and "24" are how the vectors name a rate and a mode.
struct Named {
  FrameRate rate;
  DropFrame drop;
};
Named named(std::string name) {
  const bool non_drop = name.ends_with("NDF");
  const bool drop = !non_drop && name.ends_with("DF");
  if (drop || non_drop) name.resize(name.size() - (non_drop ? 3 : 2));
  return {parse_frame_rate(name).value(), drop ? DropFrame::kYes : DropFrame::kNo};
}

TEST_F(FieldVectors, Timecode) {
  for (const json& v : vectors("timecode")) {
    const Named mode = named(v.at("rate"));
    EXPECT_EQ(mode.rate, (FrameRate{v.at("num"), v.at("den")})) << v;
    const std::int64_t frame = v.at("frame");
    const auto code = Timecode::parse(v.at("label").get<std::string>(), mode.rate);
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(code->frame(), frame) << v;
    EXPECT_EQ(code->drop_frame(), mode.drop) << v;
    EXPECT_EQ(Timecode::from_frame(frame, mode.rate, mode.drop)->to_string(),
              v.at("label").get<std::string>())
        << v;
    const nanoseconds start = frame_start(frame, mode.rate);
    EXPECT_EQ(start.count(), v.at("ns_ceil").get<std::int64_t>()) << v;
    EXPECT_EQ(frame_index(start, mode.rate), frame) << v;
    if (v.at("ns_floor") != v.at("ns_ceil")) {
      EXPECT_EQ(frame_index(nanoseconds(v.at("ns_floor").get<std::int64_t>()), mode.rate),
                frame - 1);
    }
  }
}

TEST_F(FieldVectors, InvalidTimecode) {
  for (const json& v : vectors("timecode_invalid")) {
    if (v.at(0) == "23.976 with DF") {
      EXPECT_FALSE(Timecode::parse("01:00:00;00", k23_976).ok());
      EXPECT_FALSE(Timecode::from_frame(0, k23_976, DropFrame::kYes).ok());
      continue;
    }
    EXPECT_FALSE(Timecode::parse(v.at(1).get<std::string>(), named(v.at(0)).rate).ok()) << v;
  }
}

TEST_F(FieldVectors, FramesPerLabelDay) {
  for (const auto& [name, frames] : vectors("frames_per_label_day").items()) {
    const Named mode = named(name);
    const auto format = TimecodeFormat::of(mode.rate, mode.drop);
    ASSERT_TRUE(format) << name;
    EXPECT_EQ(format->frames_per_day(), frames.get<int>()) << name;
  }
}

TEST_F(FieldVectors, St2059Alignment) {
  for (const json& v : vectors("st2059_next_alignment")) {
    const TaiTime tai(nanoseconds(v.at("tai_ns").get<std::int64_t>()));
    const FrameRate rate{v.at("num"), v.at("den")};
    EXPECT_EQ(frame_index(tai, rate) + 1, v.at("next_index").get<std::int64_t>()) << v;
    EXPECT_EQ(frame_start<TaiTime>(v.at("next_index"), rate).time_since_epoch().count(),
              v.at("start_ceil_ns").get<std::int64_t>());
    EXPECT_EQ(alignment_phase(tai, rate).next, frame_start<TaiTime>(v.at("next_index"), rate));
    EXPECT_EQ(rtp_timestamp_of_frame(v.at("next_index"), rate, 90'000),
              v.at("rtp90k").get<std::uint32_t>());
  }
}

TEST_F(FieldVectors, St2059Rtp) {
  const std::int64_t tai_ns = vectors("st2059_next_alignment").at(0).at("tai_ns");
  for (const auto& [hz, ticks] : vectors("st2059_rtp").items()) {
    EXPECT_EQ(rtp_timestamp(TaiTime(nanoseconds(tai_ns)), std::stoll(hz)),
              ticks.get<std::uint32_t>())
        << hz;
  }
}

// A wall clock at a fixed offset from TAI, as the vectors define it. UTC was 37 s behind TAI.
struct FromTai {
  std::int64_t offset;
  LocalTime to_local(UtcTime utc) const {
    return LocalTime(utc.time_since_epoch() + std::chrono::seconds(offset + 37));
  }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve) const {
    return UtcTime(local.time_since_epoch() - std::chrono::seconds(offset + 37));
  }
};

TEST_F(FieldVectors, DailyJam) {
  for (const json& v : vectors("daily_jam")) {
    const FromTai wall{v.at("local_offset")};
    const auto clock =
        TimeOfDayTimecode::make(wall, named(v.at("rate")).rate, DropFrame::kNo).value();
    const TaiTime tai(nanoseconds(v.at("tai_ns").get<std::int64_t>()));
    EXPECT_EQ(clock.at(tai).to_string(), v.at("label").get<std::string>()) << v;
    EXPECT_EQ(to_tai(clock.last_jam(tai).when),
              TaiTime(std::chrono::seconds(v.at("jam_tai_s").get<std::int64_t>())));
  }
}

TEST_F(FieldVectors, JoinOffset) {
  for (const json& v : vectors("join_offset")) {
    const UtcTime start = parse_rfc3339(v.at("start").get<std::string>()).value();
    const UtcTime now = parse_rfc3339(v.at("now").get<std::string>()).value();
    const JoinPoint join = join_at(start, now, k29_97);
    EXPECT_EQ(join.offset, std::chrono::seconds(v.at("elapsed_s").get<int>())) << v;
    EXPECT_EQ(join.frame, v.at("frames_2997").get<std::int64_t>()) << v;
  }
}

}  // namespace
}  // namespace masterclock::field_vectors_test
