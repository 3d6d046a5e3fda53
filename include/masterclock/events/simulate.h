// Lives through a schedule as fast as it can be worked through: simulated time jumps from one event to
// the next, and no instant in between is waited for.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(0s));
//   masterclock::EventScheduler scheduler(source);
//   (void)scheduler.schedule({.due = masterclock::UtcTime(24h)});
//   (void)scheduler.schedule({.due_in = 1h});
//   std::size_t fired = 0;
//   while (masterclock::crank(source, scheduler)) fired += scheduler.run_due();
//   assert(fired == 2 && source.now_utc() == masterclock::UtcTime(24h));
#ifndef MASTERCLOCK_EVENTS_SIMULATE_H_
#define MASTERCLOCK_EVENTS_SIMULATE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <optional>

#include "masterclock/events/event_scheduler.h"

namespace masterclock::inline v0_2 {

// Satisfied by: testing::ManualTimeSource.
template <class Source>
concept AdvanceableSource = requires(Source& source, std::chrono::nanoseconds elapsed) {
  { source.advance(elapsed) } -> std::convertible_to<bool>;
};

// Advances `source`, which is the scheduler's, until the first pending event is due, and says by how
// much; by nothing when one is due already. Nothing when none is pending. Firing is up to whoever
// triggers; a dispatcher has done so when this returns.
//
// Threads: any.
template <AdvanceableSource Source>
std::optional<std::chrono::nanoseconds> crank(Source& source, const EventScheduler& scheduler) {
  const std::optional<std::chrono::nanoseconds> left = scheduler.until_next();
  if (!left) return std::nullopt;
  const std::chrono::nanoseconds by = std::max(*left, std::chrono::nanoseconds(0));
  source.advance(by);
  return by;
}

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_SIMULATE_H_
