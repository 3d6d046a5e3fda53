// What a scheduler can be told, what it tells, and who it wakes.
#ifndef MASTERCLOCK_EVENTS_SCHEDULER_OPTIONS_H_
#define MASTERCLOCK_EVENTS_SCHEDULER_OPTIONS_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>

#include "masterclock/events/event.h"

namespace masterclock::inline v0_2 {

// How a scheduler is set up.
//
// The hooks are for whoever watches: a log, a metric, an as-run record. They are called with no
// lock held, on the thread that schedules or triggers, and may call the scheduler. Between threads
// they come in any order: an event that is due at once may be reported as fired by one thread
// before another has reported it as scheduled. What a hook throws is dropped: a log that is full
// keeps no event from firing.
struct SchedulerOptions {
  // An event that fires more than this after it was due counts as late.
  std::chrono::nanoseconds late_after = std::chrono::milliseconds(1);

  // With this many pending nothing more is taken: ResourceExhausted, and nothing is dropped.
  std::size_t max_pending = std::numeric_limits<std::size_t>::max();

  std::function<void(const ScheduledEvent&)> on_scheduled = {};
  std::function<void(const FiredEvent&)> on_late = {};  // before the action runs
  std::function<void(const FiredEvent&, std::exception_ptr)> on_failed = {};  // the action threw
  std::function<void(const FiredEvent&)> on_fired = {};   // after the action ran, or failed
  std::function<void(const FiredEvent&)> on_dropped = {};  // later than its max_lateness
};

// What has become of the events of a scheduler. What went in has come out, or is pending:
// scheduled + repeated == fired + dropped + cancelled + pending.
struct EventCounters {
  std::uint64_t scheduled = 0;
  std::uint64_t repeated = 0;  // further occurrences of repeating events
  std::uint64_t fired = 0;
  std::uint64_t dropped = 0;      // later than their max_lateness
  std::uint64_t cancelled = 0;    // a replaced event was cancelled
  std::uint64_t late = 0;         // of those fired
  std::uint64_t failed = 0;       // of those fired: the action threw
  std::uint64_t skipped = 0;  // occurrences of repeating events that OnMisfire skipped
  std::uint64_t pending = 0;      // a repeating event whose action runs is pending
};

// Somebody who waits for a scheduler's first event, and wants to hear that it is another one.
//
// Threads: `wake` is called on the scheduling thread, by several at once; it must return soon, and
//          must not call the scheduler.
class EventWaker {
 public:
  virtual ~EventWaker() = default;
  virtual void wake() noexcept = 0;
};

namespace internal {

template <class Hook, class... Arguments>
void call(const Hook& hook, const Arguments&... arguments) noexcept {
  try {
    hook(arguments...);
  } catch (...) {  // dropped, as SchedulerOptions says
  }
}

}  // namespace internal

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_SCHEDULER_OPTIONS_H_
