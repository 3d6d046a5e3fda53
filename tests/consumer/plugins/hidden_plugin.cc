// A plugin that hides its symbols, with a static scheduler.
#include <chrono>
#include <cstdint>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/time/system_time_source.h"

#define EXPORTED extern "C" [[gnu::visibility("default")]]

static masterclock::EventScheduler& scheduler() {
  static masterclock::EventScheduler only(masterclock::SystemTimeSource::shared());
  return only;
}

// Returns the number of the handle of a new event.
EXPORTED std::uint64_t plugin_schedule() {
  const auto handle = scheduler().schedule(masterclock::UtcTime::max(), nullptr);
  return handle.ok() ? handle->to_uint64() : 0;
}
// Returns 1 when the scheduler had such an event.
EXPORTED int plugin_cancel(std::uint64_t handle) {
  return scheduler().cancel(masterclock::EventHandle::from_uint64(handle)) ? 1 : 0;
}
