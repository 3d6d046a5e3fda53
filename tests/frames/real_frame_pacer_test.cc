// The pacer with real threads, on simulated and on real time.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "masterclock/frames/frame_pacer.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::real_frame_pacer_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using Outcome = PacedFrame::Outcome;

// advance() returns after the pacing thread has shown its frame, so no frame is late or skipped.
TEST(RealFramePacer, AdvanceReturnsAfterTheFrameIsShown) {
  constexpr std::int64_t kFrames = 2'000;
  testing::ManualTimeSource source(UtcTime(0s));
  FramePacer pacer(source, k59_94, source.now_steady());
  std::atomic<std::int64_t> shown = 0;
  std::thread encoder([&] {
    for (;;) {
      const PacedFrame paced = pacer.wait();
      if (paced.outcome == Outcome::kStopped) return;
      EXPECT_EQ(paced.frame, shown);
      EXPECT_EQ(paced.late_by, 0ns);
      EXPECT_EQ(paced.outcome, Outcome::kOnTime);
      ++shown;
      shown.notify_one();
    }
  });
  shown.wait(0);  // frame 0 is due now
  for (std::int64_t frame = 1; frame < kFrames; ++frame) {
    source.step_utc(frame % 2 == 0 ? -12h : 11h);
    source.advance(SteadyTime{} + frame_start(frame, k59_94) - source.now_steady());
    ASSERT_EQ(shown, frame + 1);
  }
  pacer.stop();
  encoder.join();
  EXPECT_EQ(pacer.next_deadline(), SteadyTime{} + frame_start(kFrames, k59_94));
}

// A long advance hands over one frame, and the thread is back before advance() returns.
TEST(RealFramePacer, AdvanceOverManyFramesHandsOverTheLast) {
  testing::ManualTimeSource source(UtcTime(0s));
  FramePacer pacer(source, k25, source.now_steady());
  std::vector<PacedFrame> shown;
  std::atomic<bool> started = false;
  std::thread encoder([&] {
    for (PacedFrame paced = pacer.wait(); paced.outcome != Outcome::kStopped;
         paced = pacer.wait()) {
      shown.push_back(paced);
      started = true;
      started.notify_one();
    }
  });
  started.wait(false);
  source.advance(10s);
  source.advance(39ms);
  source.advance(1ms);
  pacer.stop();
  encoder.join();
  ASSERT_EQ(shown.size(), 3u);
  EXPECT_EQ(shown[1].frame, 250);
  EXPECT_EQ(shown[1].skipped, 249);
  EXPECT_EQ(shown[2].frame, 251);
}

// A thread that ends its loop without stop() delays one advance by a second, and no later advance.
TEST(RealFramePacer, AdvanceDoesNotWaitForAThreadThatLeft) {
  testing::ManualTimeSource source(UtcTime(0s));
  FramePacer pacer(source, k25, source.now_steady());
  std::thread encoder([&] { EXPECT_EQ(pacer.wait().frame, 0); });
  encoder.join();
  for (int i = 0; i < 1'000; ++i) source.advance(40ms);
  EXPECT_EQ(pacer.poll()->frame, 1'000);
}

// A pacing thread that moves the source does not wait for itself.
TEST(RealFramePacer, ThePacingThreadMayAdvanceTheSource) {
  testing::ManualTimeSource source(UtcTime(0s));
  FramePacer pacer(source, k25, source.now_steady());
  for (std::int64_t frame = 0; frame < 1'000; ++frame) {
    EXPECT_EQ(pacer.wait().frame, frame);
    source.advance(40ms);
  }
}

TEST(RealFramePacer, RunsOnRealTime) {
  SystemTimeSource source;
  const SteadyTime epoch = source.now_steady() + 20ms;
  FramePacer pacer(source, k119_88, epoch);
  std::int64_t last = -1;
  for (int i = 0; i < 24; ++i) {
    const PacedFrame paced = pacer.wait();
    // On a busy machine too: no frame is early or repeated, and missed frames are counted.
    ASSERT_GE(source.now_steady(), epoch + frame_start(paced.frame, k119_88));
    ASSERT_GE(paced.late_by, 0ns);
    ASSERT_EQ(paced.frame, last + 1 + paced.skipped);
    last = paced.frame;
  }
}

TEST(RealFramePacer, StopEndsAWait) {
  testing::ManualTimeSource source(UtcTime(0s));
  FramePacer pacer(source, k25, source.now_steady() + 100h);
  std::vector<std::thread> stoppers;
  for (int i = 0; i < 2; ++i) stoppers.emplace_back([&] { pacer.stop(); });
  EXPECT_EQ(pacer.wait().outcome, Outcome::kStopped);
  for (auto& stopper : stoppers) stopper.join();
}

}  // namespace
}  // namespace masterclock::real_frame_pacer_test
