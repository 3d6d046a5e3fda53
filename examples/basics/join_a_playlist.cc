// Joins a looping playlist: which item a new viewer sees, and from which frame.
//
//   12:00:00  opening.mp4 from frame 0
//   12:00:29  ident.mp4 from frame 100
//   12:00:40  weather.mp4 from frame 250
//   12:00:50  opening.mp4 from frame 0
//   13:00:01  opening.mp4 from frame 25
#include <array>
#include <chrono>
#include <iostream>

#include "masterclock/frames/playlist.h"
#include "masterclock/time/rfc3339.h"

using namespace std::chrono;

int main() {
  const std::array files = {"opening.mp4", "ident.mp4", "weather.mp4"};
  const std::array<nanoseconds, 3> lengths = {25s, 5s, 20s};
  const auto playlist = masterclock::ItemList::make(lengths).value();
  const masterclock::UtcTime start = sys_days(2026y / March / 28) + 12h;

  for (const seconds after : {0s, 29s, 40s, 50s, 3601s}) {
    const masterclock::UtcTime now = start + after;
    // Holds no value only for a playlist without length.
    const auto item = masterclock::join_looping_at(playlist, start, now, masterclock::k25);
    if (!item) return 1;
    std::cout << masterclock::to_rfc3339(now, 0).substr(11, 8) << "  " << files[item->item]
              << " from frame " << item->join.frame << '\n';
  }
}
