#include "masterclock/frames/st2059.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "exact.h"

namespace masterclock::st2059_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// 2026-09-27T12:00:00.123456789 UTC. The values below by exact rationals, outside this program.
constexpr TaiTime kNoon(1'790'510'437'123'456'789ns);

static_assert(alignment_phase(TaiTime(40ms), k25) ==
              AlignmentPhase{1, TaiTime(40ms), TaiTime(80ms), 0ns, 40ms});
static_assert(alignment_phase(TaiTime(-1ns), k25) ==
              AlignmentPhase{-1, TaiTime(-40ms), TaiTime(0ns), 40ms - 1ns, 1ns});

TEST(Genlock, AlignmentPointsOfTheSmpteEpoch) {
  const struct {
    FrameRate rate;
    std::int64_t frame;
    nanoseconds begins, next;
  } cases[] = {
      {k24, 42'972'250'490, 1'790'510'437'083'333'334ns, 1'790'510'437'125'000'000ns},
      {k25, 44'762'760'928, 1'790'510'437'120'000'000ns, 1'790'510'437'160'000'000ns},
      {k29_97, 53'661'651'462, 1'790'510'437'115'400'000ns, 1'790'510'437'148'766'667ns},
      {k50, 89'525'521'856, 1'790'510'437'120'000'000ns, 1'790'510'437'140'000'000ns},
      {k59_94, 107'323'302'924, 1'790'510'437'115'400'000ns, 1'790'510'437'132'083'334ns},
      {k60, 107'430'626'227, 1'790'510'437'116'666'667ns, 1'790'510'437'133'333'334ns},
      {k119_88, 214'646'605'848, 1'790'510'437'115'400'000ns, 1'790'510'437'123'741'667ns},
  };
  for (const auto& c : cases) {
    const AlignmentPhase phase = alignment_phase(kNoon, c.rate);
    EXPECT_EQ(phase.frame, c.frame) << to_string(c.rate);
    EXPECT_EQ(phase.begins, TaiTime(c.begins)) << to_string(c.rate);
    EXPECT_EQ(phase.next, TaiTime(c.next)) << to_string(c.rate);
    EXPECT_EQ(phase.into_frame, kNoon - phase.begins);
    EXPECT_EQ(phase.until_next, phase.next - kNoon);
  }
}

TEST(Genlock, RtpClocksStartedAtTheEpoch) {
  EXPECT_EQ(rtp_timestamp(kNoon, 90'000), 3'061'362'487u);
  EXPECT_EQ(rtp_timestamp(kNoon, 48'000), 2'205'388'965u);
  EXPECT_EQ(rtp_timestamp(kNoon, 27'000'000), 3'580'712'085u);
  EXPECT_EQ(rtp_timestamp(TaiTime(-1ns), 90'000), 0xffff'ffffu)
      << "before the epoch it counts down";
  EXPECT_EQ(rtp_timestamp(kNoon, 0), 0u);
}

TEST(Genlock, RtpTimestampOfAFrame) {
  const struct {
    FrameRate rate;
    std::int64_t frame;
    std::uint32_t rtp90k, rtp48k, rtp27m;
  } cases[] = {
      {k24, 42'972'250'491, 3'061'362'626, 2'205'389'040, 3'580'753'752},
      {k25, 44'762'760'929, 3'061'365'776, 2'205'390'720, 3'581'698'752},
      {k29_97, 53'661'651'462, 3'061'361'762, 2'205'388'579, 3'580'494'552},
      {k59_94, 107'323'302'924, 3'061'361'762, 2'205'388'579, 3'580'494'552},
      {k60, 107'430'626'227, 3'061'361'876, 2'205'388'640, 3'580'528'752},
      {k59_94, 1, 1'501, 800, 450'450},
      {k59_94, 2, 3'003, 1'601, 900'900},
      {k59_94, -1, 0xffff'ffffu - 1'501, 0xffff'ffffu - 800, 0xffff'ffffu - 450'449},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(rtp_timestamp_of_frame(c.frame, c.rate, 90'000), c.rtp90k) << to_string(c.rate);
    EXPECT_EQ(rtp_timestamp_of_frame(c.frame, c.rate, 48'000), c.rtp48k) << to_string(c.rate);
    EXPECT_EQ(rtp_timestamp_of_frame(c.frame, c.rate, 27'000'000), c.rtp27m) << to_string(c.rate);
  }
  EXPECT_EQ(rtp_timestamp_of_frame(5, FrameRate{}, 90'000), 0u);
}

// A step of 1501 ticks for the 1501.5 of 59.94 loses half a tick a frame.
TEST(Regression, ARounded90kHzStepDriftsAndTheTimestampDoesNot) {
  const std::int64_t frames = frame_index(1h, k59_94);
  const std::uint32_t exact = rtp_timestamp_of_frame(frames, k59_94, 90'000);
  const std::int64_t drift = exact - frames * 1'501;
  EXPECT_EQ(drift, frames / 2);
  EXPECT_EQ(drift / 90, 1'198) << "milliseconds an hour";
}

TEST(Genlock, TimestampsAgreeWithExactArithmetic) {
  std::mt19937_64 random(13);
  for (int i = 0; i < 100'000; ++i) {
    const auto index = static_cast<std::int64_t>(random()) >> 16;
    const std::int64_t hz = i % 2 == 0 ? 90'000 : 48'000;
    const std::uint32_t rtp = rtp_timestamp_of_frame(index, k119_88, hz);
    // The ticks of the frame's exact start, floored, are the only count that fits between these
    // two.
    const std::int64_t ticks =
        frame_index(nanoseconds(0), k119_88) + (index / 120'000) * 1'001 * hz;
    const std::int64_t rest = index % 120'000;
    const std::int64_t more = static_cast<std::uint32_t>(rtp - static_cast<std::uint32_t>(ticks));
    const std::int64_t signed_more = more < 0x8000'0000LL ? more : more - 0x1'0000'0000LL;
    ASSERT_TRUE((exact::Product{signed_more, 120'000} <= exact::Product{rest, 1'001, hz}));
    ASSERT_TRUE((exact::Product{signed_more + 1, 120'000} > exact::Product{rest, 1'001, hz}));
  }
}

TEST(Genlock, StaysInRange) {
  const AlignmentPhase first = alignment_phase(TaiTime::min(), k119_88);
  EXPECT_EQ(first.begins, TaiTime::min());
  EXPECT_GE(first.into_frame, 0ns);
  const AlignmentPhase last = alignment_phase(TaiTime::max(), k119_88);
  EXPECT_EQ(last.next, TaiTime::max());
  EXPECT_GE(last.until_next, 0ns);
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(rtp_timestamp_of_frame(kMax, FrameRate{kMax, kMax}, 90'000),
            static_cast<std::uint32_t>(std::uint64_t{kMax} * 90'000));
}

}  // namespace
}  // namespace masterclock::st2059_test
