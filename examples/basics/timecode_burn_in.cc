// Labels frames with the time of day in New York, as drop-frame timecode at 29.97 frames a second.
//
//   frame 0  19:59:59;28
//   frame 1  19:59:59;29
//   frame 2  20:00:00;00
//   frame 3  20:00:00;01
#include <chrono>
#include <iostream>

#include "masterclock/frames/house_timecode.h"
#include "masterclock/master_clock.h"

using namespace std::chrono;

int main() {
  masterclock::MasterClock clock;
  const masterclock::Zone new_york = clock.zone("America/New_York").value();

  // The labels follow the wall: each night at 02:00 the count is set to the local time.
  const auto labels = masterclock::TimeOfDayTimecode::make(new_york, masterclock::k29_97,
                                                           masterclock::DropFrame::kYes, 2h);
  const masterclock::UtcTime start = sys_days(2026y / November / 21) + 59min + 59s + 890ms;
  for (int frame = 0; frame < 4; ++frame) {
    const masterclock::UtcTime now = start + masterclock::frame_start(frame, masterclock::k29_97);
    std::cout << "frame " << frame << "  " << labels->at(now).to_string() << '\n';
  }
}
