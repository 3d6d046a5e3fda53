// A plugin that uses the library: its clock, a zone, and an event on the thread of a Dispatcher.
#include <atomic>
#include <chrono>

#include "masterclock/events/dispatcher.h"
#include "masterclock/master_clock.h"

// Returns the address of the plugin's tz database, a static object of the library.
extern "C" const void* plugin_database() { return &masterclock::ZoneDatabase::system(); }

// Returns Dublin's offset in July in minutes, or a negative number if an event did not fire.
extern "C" int plugin_run() {
  using namespace std::chrono;
  masterclock::MasterClock clock;
  const auto summer =
      clock.convert_timezone(masterclock::UtcTime(sys_days(2026y / July / 1)), "Europe/Dublin");
  if (!summer.ok()) return -1;
  std::atomic<bool> fired{false};
  masterclock::Dispatcher dispatcher(clock.scheduler());
  dispatcher.start();
  const auto scheduled = clock.schedule_event(masterclock::UtcTime(clock.now_utc()),
                                              [&](const masterclock::FiredEvent&) {
                                                fired = true;
                                                fired.notify_one();
                                              });
  if (!scheduled.ok()) return -2;
  fired.wait(false);
  dispatcher.stop();
  return static_cast<int>(duration_cast<minutes>(summer->offset).count());
}
