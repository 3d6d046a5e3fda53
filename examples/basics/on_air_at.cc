// Finds the programme that is on the air at a given time, and the frame that it shows.
//
//   2026-03-28T19:59:59Z  The Long Ferry, 7199 s in, frame 179975
//   2026-03-28T20:00:00Z  News at Eight, 0 s in, frame 0
//   2026-03-28T20:12:30Z  News at Eight, 750 s in, frame 18750
//   2026-03-28T20:30:00Z  off the air
#include <chrono>
#include <iostream>
#include <vector>

#include "masterclock/frames/join_point.h"
#include "masterclock/time/rfc3339.h"

using namespace std::chrono;

struct Programme {
  masterclock::UtcTime start, end;
  const char* title;
};

// Times are half-open: at `end` the programme is over, and the next one may begin.
const Programme* on_air_at(masterclock::UtcTime now, const std::vector<Programme>& guide) {
  for (const Programme& programme : guide) {
    if (programme.start <= now && now < programme.end) return &programme;
  }
  return nullptr;
}

int main() {
  const masterclock::UtcTime day = sys_days(2026y / March / 28);
  const std::vector<Programme> guide = {
      {day + 18h, day + 20h, "The Long Ferry"},
      {day + 20h, day + 20h + 30min, "News at Eight"},
  };
  for (const seconds at : {19h + 59min + 59s, 20h + 0s, 20h + 12min + 30s, 20h + 30min + 0s}) {
    const masterclock::UtcTime now = day + at;
    std::cout << masterclock::to_rfc3339(now, 0) << "  ";
    if (const Programme* const programme = on_air_at(now, guide)) {
      const auto join = masterclock::join_at(programme->start, now, masterclock::k25);
      std::cout << programme->title << ", " << floor<seconds>(join.offset).count()
                << " s in, frame " << join.frame << '\n';
    } else {
      std::cout << "off the air\n";
    }
  }
}
