// Schedules a day, changes the plan, and runs the day on simulated time.
//
//   06:00  opening
//   09:00  headlines
//   13:00  headlines
//   17:00  headlines
//   20:05  film
//   21:00  headlines
//   6 events
#include <chrono>
#include <iostream>

#include "masterclock/events/simulate.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"

using namespace std::chrono;

void show(const masterclock::FiredEvent& event) {
  std::cout << masterclock::to_rfc3339(event.due, 0).substr(11, 5) << "  " << event.id << '\n';
}

int main() {
  // In production: MasterClock clock; and a Dispatcher that fires the events.
  const masterclock::UtcTime day = sys_days(2026y / March / 28);
  masterclock::testing::ManualTimeSource time(day);
  masterclock::MasterClock clock(time);

  // Scheduling fails for an id that is pending. Here value() would then throw.
  clock.schedule_event({.id = "opening", .due = day + 6h, .action = show}).value();
  clock.schedule_event({.id = "film", .due = day + 20h, .action = show}).value();
  clock.schedule_event({.id = "late news", .due = day + 22h, .action = show}).value();
  clock
      .schedule_event(
          {.id = "headlines", .due = day + 9h, .repeat = masterclock::Every{4h}, .action = show})
      .value();

  if (!clock.reschedule_event("film", day + 20h + 5min).ok()) return 1;
  clock.cancel_event("late news");

  const auto fired = masterclock::simulate_until(time, clock.scheduler(), day + 24h);
  std::cout << fired << " events\n";
}
