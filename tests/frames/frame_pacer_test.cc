#include "masterclock/frames/frame_pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "masterclock/testing/manual_time_source.h"

namespace masterclock::frame_pacer_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::ManualTimeSource;
using Outcome = PacedFrame::Outcome;

constexpr SteadyTime kEpoch(1'000s);

TEST(FramePacer, ADeadlineStopsAtTheEndOfTime) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  const FramePacer pacer(source, k25, SteadyTime::max(), {.first_frame = 1});
  EXPECT_EQ(pacer.next_deadline(), SteadyTime::max());
}

TEST(FramePacer, OneFrameADeadline) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  FramePacer pacer(source, k29_97, kEpoch);
  for (std::int64_t frame = 0; frame < 1'000; ++frame) {
    EXPECT_EQ(pacer.next_deadline(), kEpoch + frame_start(frame, k29_97));
    if (frame > 0) {
      source.advance(pacer.next_deadline() - source.now_steady() - 1ns);
      ASSERT_FALSE(pacer.poll()) << "a nanosecond early";
      source.advance(1ns);
    }
    const auto paced = pacer.poll();
    ASSERT_TRUE(paced);
    EXPECT_EQ(paced->outcome, Outcome::kOnTime);
    EXPECT_EQ(paced->frame, frame);
    EXPECT_EQ(paced->late_by, 0ns);
    EXPECT_EQ(paced->skipped, 0);
    ASSERT_FALSE(pacer.poll()) << "never the same frame twice";
  }
}

TEST(FramePacer, AnOverrunSkipsAndDoesNotBurst) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  FramePacer pacer(source, k25, kEpoch);
  ASSERT_EQ(pacer.wait().frame, 0);
  source.advance(10s + 15ms);  // the encoder hung
  const PacedFrame late = pacer.wait();
  EXPECT_EQ(late.outcome, Outcome::kLate);
  EXPECT_EQ(late.frame, 250);
  EXPECT_EQ(late.skipped, 249);
  EXPECT_EQ(late.late_by, 15ms);
  EXPECT_EQ(late.jitter, 15ms);
  EXPECT_FALSE(pacer.poll()) << "one frame, then the next deadline";
  EXPECT_EQ(pacer.next_deadline(), kEpoch + 10s + 40ms) << "on the old grid";
}

TEST(FramePacer, LateWithinTheToleranceIsOnTime) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  FramePacer pacer(source, k25, kEpoch, {.tolerance = 2ms});
  source.advance(2ms);
  EXPECT_EQ(pacer.poll()->outcome, Outcome::kOnTime);
  source.advance(40ms + 1ns);
  const auto late = pacer.poll();
  EXPECT_EQ(late->outcome, Outcome::kLate);
  EXPECT_EQ(late->late_by, 2ms + 1ns);
}

// However late or early the caller comes back, frame N stays where it is.
TEST(FramePacer, JitterDoesNotAddUp) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  FramePacer pacer(source, k59_94, kEpoch);
  std::mt19937 random(11);
  std::int64_t last = -1;
  for (int i = 0; i < 20'000; ++i) {
    source.advance(nanoseconds(random() % 40'000'000));
    const auto paced = pacer.poll();
    if (!paced) continue;
    ASSERT_EQ(paced->frame, frame_index(source.now_steady() - kEpoch, k59_94));
    ASSERT_EQ(paced->frame, last + 1 + paced->skipped) << "every frame is shown or counted";
    ASSERT_LT(paced->late_by, 16'683'334ns);
    last = paced->frame;
  }
  EXPECT_GT(last, 20'000);
}

TEST(FramePacer, StepsOfUtcMoveNothing) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  FramePacer pacer(source, k25, kEpoch);
  const nanoseconds steps[] = {-1h, 1h, -24h * 365 * 40, 24h * 365 * 80, -1ns, 37s};
  for (std::int64_t frame = 0; frame < 60; ++frame) {
    const auto paced = pacer.poll();
    ASSERT_TRUE(paced);
    ASSERT_EQ(paced->frame, frame);
    ASSERT_EQ(paced->late_by, 0ns);
    source.step_utc(steps[static_cast<std::size_t>(frame) % std::size(steps)]);
    ASSERT_FALSE(pacer.poll()) << "a step is not the passing of time";
    source.insert_leap_second();
    source.advance(40ms);
  }
}

TEST(FramePacer, JoinsInTheMiddle) {
  ManualTimeSource source(UtcTime(0s), kEpoch + 1h + 3ms);
  FramePacer pacer(source, k25, kEpoch, {.first_frame = 90'000});
  const auto paced = pacer.poll();
  EXPECT_EQ(paced->frame, 90'000);
  EXPECT_EQ(paced->skipped, 0);
  FramePacer early(source, k25, kEpoch + 2h);
  EXPECT_FALSE(early.poll()) << "the session has not begun";
}

TEST(FramePacer, StopIsAnAnswer) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  FramePacer pacer(source, k25, kEpoch);
  ASSERT_EQ(pacer.wait().frame, 0);
  pacer.stop();
  const PacedFrame stopped = pacer.wait();
  EXPECT_EQ(stopped.outcome, Outcome::kStopped);
  EXPECT_EQ(stopped.frame, 1);
  EXPECT_EQ(stopped.jitter, -40ms);
  EXPECT_EQ(pacer.poll()->outcome, Outcome::kStopped);
}

TEST(FramePacer, NoRateHasOneFrame) {
  ManualTimeSource source(UtcTime(0s), kEpoch);
  FramePacer pacer(source, FrameRate{}, kEpoch);
  EXPECT_EQ(pacer.wait().frame, 0);
  source.advance(1'000h);
  EXPECT_FALSE(pacer.poll());
}

}  // namespace
}  // namespace masterclock::frame_pacer_test
