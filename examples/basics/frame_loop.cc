// Shows one frame at each deadline from the loop of an engine. A turn that is too long skips frames.
//
//   frame 0 on-time
//   frame 1 on-time
//   frame 2 on-time
//   frame 5 late by 10 ms, 2 skipped
//   frame 6 on-time
#include <chrono>
#include <iostream>

#include "masterclock/frames/frame_pacer.h"
#include "masterclock/testing/manual_time_source.h"

using namespace std::chrono;

void show(const masterclock::PacedFrame& frame) {
  std::cout << "frame " << frame.frame << ' ' << frame.outcome;
  if (frame.outcome == masterclock::PacedFrame::Outcome::kLate) {
    std::cout << " by " << floor<milliseconds>(frame.late_by).count() << " ms, " << frame.skipped
              << " skipped";
  }
  std::cout << '\n';
}

int main() {
  // In production: masterclock::SystemTimeSource::shared()
  masterclock::testing::ManualTimeSource time(masterclock::UtcTime{});
  masterclock::FramePacer pacer(time, masterclock::k25, time.now_steady());

  // A thread that only shows frames calls pacer.wait() in place of poll().
  for (const auto work : {20ms, 20ms, 20ms, 20ms, 130ms, 30ms, 10ms}) {
    if (const auto frame = pacer.poll()) show(*frame);
    time.advance(work);  // in production the work of this turn takes this time
  }
}
