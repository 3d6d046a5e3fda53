// Reports to a program what its MasterClock does, for a log or a metric. The library writes to no stream.
//
// Derive from MasterClockObserver, override the functions of interest, and pass the observer to the clock in
// its options. A function runs on the thread that does the work, with no lock held: it may call the clock.
// It returns soon. The clock ignores what it throws.
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

// Threads: the clock calls an observer on any thread, on several at once.
class MasterClockObserver {
 public:
  virtual ~MasterClockObserver() = default;

  virtual void zone_hit(std::string_view /*name*/) {}
  virtual void zone_miss(std::string_view /*name*/) {}
  virtual void zone_fallback(std::string_view /*name*/) {}  // UTC took the place of the zone

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
