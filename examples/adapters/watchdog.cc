// Feeds the watchdog of systemd from the dispatcher: when events stop firing, systemd restarts the service.
//
// Run it as a unit with Type=notify and WatchdogSec=; units/ has units for the services. Without systemd it
// says that nothing watches, and runs on.
#include <systemd/sd-daemon.h>

#include <chrono>
#include <iostream>
#include <string>

#include "common/stop_signal.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/master_clock.h"

using namespace std::chrono;

int main() {
  const common::StopSignal stop;
  masterclock::MasterClock clock;
  masterclock::Dispatcher dispatcher(clock.scheduler());
  dispatcher.start();

  std::uint64_t limit = 0;  // in microseconds
  if (sd_watchdog_enabled(0, &limit) > 0) {
    // Twice as often as the limit asks. On the steady timeline: a step of UTC must not stop the service.
    const nanoseconds interval = microseconds(limit) / 2;
    const auto fed =
        clock.schedule_event({.id = "watchdog",
                              .due = masterclock::After{0ns},
                              .repeat = masterclock::Every{interval},
                              .action = [](const auto&) { sd_notify(0, "WATCHDOG=1"); }});
    if (!fed.ok()) return std::cerr << "watchdog: " << fed.status().message() << '\n', 1;
  } else {
    std::cerr << "watchdog: no service manager watches this program\n";
  }
  // The status line of `systemctl status`.
  const auto report = clock.schedule_event(
      {.due = masterclock::After{0ns},
       .repeat = masterclock::Every{10s},
       .action = [&](const auto&) {
         const auto counted = clock.metrics();
         sd_notify(0, ("STATUS=" + std::to_string(counted.events_fired) + " events fired, " +
                       std::to_string(counted.events_late) + " of them late")
                          .c_str());
       }});
  if (!report.ok()) return std::cerr << "watchdog: " << report.status().message() << '\n', 1;

  sd_notify(0, "READY=1");
  while (!stop.wait_for(1h)) continue;
  sd_notify(0, "STOPPING=1");
}
