// Reports the work of a MasterClock to the program, for a log or a metric.
//
// Derive from MasterClockObserver, override the functions of interest, and pass the observer in the clock's
// options. The clock calls a function on the thread that does the work, with no lock held. The function may
// call the clock and must return soon. The clock ignores exceptions of the function.
//
// ## Example
//
//   struct StepLog final : masterclock::MasterClockObserver {
//     std::atomic<int> steps{0};
//     void clock_step(const masterclock::TimeChange&) override { ++steps; }
//   };
#ifndef MASTERCLOCK_CLOCK_OBSERVER_H_
#define MASTERCLOCK_CLOCK_OBSERVER_H_

#include <exception>
#include <string_view>

#include "masterclock/events/event.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Threads: any; several threads may call the observer at the same time.
class MasterClockObserver {
 public:
  virtual ~MasterClockObserver() = default;

  virtual void zone_hit(std::string_view /*name*/) {}
  virtual void zone_miss(std::string_view /*name*/) {}
  virtual void zone_fallback(std::string_view /*name*/) {}  // find_or_utc returned UTC

  virtual void event_scheduled(const ScheduledEvent&) {}
  virtual void event_fired(const FiredEvent&) {}
  virtual void event_late(const FiredEvent&) {}
  virtual void event_failed(const FiredEvent&, std::exception_ptr) {}
  virtual void event_dropped(const FiredEvent&) {}  // later than its max_lateness

  // UTC jumped: a step, the end of a suspend, a leap second. Simulated time that passes is no jump.
  virtual void clock_step(const TimeChange&) {}
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_CLOCK_OBSERVER_H_
