// Fires an event at six in the morning on weekdays, as the clocks in Dublin show it.
//
//   Fri  2026-03-27T06:00:00+00:00
//   Mon  2026-03-30T06:00:00+01:00
//   Tue  2026-03-31T06:00:00+01:00
//
// The clocks went forward on Sunday. The event follows the wall.
#include <chrono>
#include <iostream>

#include "masterclock/events/simulate.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/zones/zoned_time.h"

using namespace std::chrono;

int main() {
  // In production: MasterClock clock; and a Dispatcher that fires the events.
  masterclock::testing::ManualTimeSource time(sys_days(2026y / March / 27));
  masterclock::MasterClock clock(time);
  const masterclock::Zone dublin = clock.zone("Europe/Dublin").value();

  const masterclock::LocalTime first = local_days(2026y / March / 27) + 6h;
  clock
      .schedule_event({.id = "breakfast show",
                       .due = masterclock::LocalDue{first, dublin},
                       .repeat = masterclock::Daily{masterclock::kMondayToFriday},
                       .action =
                           [&](const masterclock::FiredEvent& event) {
                             const masterclock::ZonedTime wall(event.due, dublin);
                             const weekday day(floor<days>(wall.local()));
                             std::cout << to_string(masterclock::Weekdays{day}) << "  "
                                       << masterclock::to_rfc3339(wall, 0) << '\n';
                           }})
      .value();
  masterclock::simulate_until(time, clock.scheduler(), sys_days(2026y / April / 1));
}
