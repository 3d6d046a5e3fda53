// What a MasterClock tells whoever watches it: the one way out for a log. The library itself writes
// to no stream.
//
// Derive from it, override what interests you, and hand it to the clock in its options. The calls
// come on the thread that does the work, with no lock held, so they may call the clock; they should
// be quick, and what they throw is dropped.
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

// Threads: implementations are called from any, several at once.
class MasterClockObserver {
 public:
  virtual ~MasterClockObserver() = default;

  virtual void zone_hit(std::string_view /*name*/) {}
  virtual void zone_miss(std::string_view /*name*/) {}

  virtual void event_scheduled(const ScheduledEvent&) {}
  virtual void event_fired(const FiredEvent&) {}
  virtual void event_late(const FiredEvent&) {}
  virtual void event_failed(const FiredEvent&, std::exception_ptr) {}
  virtual void event_missed(const FiredEvent&) {}  // dropped: later than its max_lateness

  // UTC jumped: a step, a resumed machine, a leap second. The passing of simulated time is not told.
  virtual void clock_step(const TimeChange&) {}
};

}  // namespace masterclock

#endif  // MASTERCLOCK_CLOCK_OBSERVER_H_
