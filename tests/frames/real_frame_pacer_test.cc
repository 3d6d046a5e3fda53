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

// A day of frames at 59.94 in as long as it takes to hand them over, a step of UTC in each second.
TEST(RealFramePacer, RunsOnSimulatedTime) {
  constexpr std::int64_t kFrames = 5'000;
  testing::ManualTimeSource source(UtcTime(0s));
  FramePacer pacer(source, k59_94, source.now_steady());
  std::atomic<std::int64_t> shown = 0;
  std::thread encoder([&] {
    for (std::int64_t frame = 0; frame < kFrames; ++frame) {
      const PacedFrame paced = pacer.wait();
      EXPECT_EQ(paced.frame, frame);
      EXPECT_EQ(paced.late_by, 0ns);
      EXPECT_EQ(paced.outcome, Outcome::kOnTime);
      shown.store(frame + 1);
      shown.notify_one();
    }
  });
  for (std::int64_t frame = 0; frame < kFrames; ++frame) {
    const nanoseconds until = pacer.next_deadline() - source.now_steady();
    source.step_utc(frame % 2 == 0 ? -12h : 11h);
    source.advance(until);
    shown.wait(frame);
  }
  encoder.join();
  EXPECT_EQ(pacer.next_frame(), kFrames);
}

TEST(RealFramePacer, RunsOnRealTime) {
  SystemTimeSource source;
  const SteadyTime epoch = source.now_steady() + 20ms;
  FramePacer pacer(source, k119_88, epoch);
  std::int64_t last = -1;
  for (int i = 0; i < 24; ++i) {
    const PacedFrame paced = pacer.wait();
    // However busy the machine: no frame early, none twice, those that were missed counted.
    ASSERT_GE(source.now_steady(), frame_deadline(epoch, paced.frame, k119_88));
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
