// Runs a schedule on simulated time, jumping from event to event.
//
// `advance(12h)` on a manual source is one jump, so its events fire up to 12 h late. simulate_until()
// advances to each due event in turn and fires the event at its due time.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(0s));
//   masterclock::EventScheduler scheduler(source);
//   (void)scheduler.schedule({.due = masterclock::UtcTime(1h), .repeat = masterclock::Every{1h}});
//   assert(masterclock::simulate_until(source, scheduler, masterclock::UtcTime(24h)) == 24);
//   assert(source.now_utc() == masterclock::UtcTime(24h));
#ifndef MASTERCLOCK_EVENTS_SIMULATE_H_
#define MASTERCLOCK_EVENTS_SIMULATE_H_

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Satisfied by: testing::ManualTimeSource.
template <class Source>
concept AdvanceableSource = requires(Source& source, std::chrono::nanoseconds elapsed) {
  { source.advance(elapsed) } -> std::convertible_to<bool>;
  { source.now_utc() } -> std::same_as<UtcTime>;
};

// Reports an instant of a simulation at which events fired.
struct SimulationProgress {
  UtcTime now;            // the instant
  std::size_t fired = 0;  // events so far
};

// Advances `source`, the scheduler's source, to `end`, and fires each event at its due time, `end`
// included. Returns the number of events that fired. Does nothing when `end` is in the past.
//
// Calls `progress` after each instant with events. Stops when `progress` returns false, and when `source`
// refuses to advance. When a Dispatcher of the scheduler runs, the dispatcher fires the events.
//
// An action may schedule an event for the present instant. After 64 triggers at one instant the
// simulation advances by a nanosecond.
//
// Threads: any. Actions run on the calling thread, or on the dispatcher's; `progress` on the calling one.
template <AdvanceableSource Source>
std::size_t simulate_until(Source& source, EventScheduler& scheduler, UtcTime end,
                           const std::function<bool(const SimulationProgress&)>& progress = {}) {
  constexpr std::chrono::nanoseconds kTick(1);
  constexpr int kMostTriggers = 64;
  const std::uint64_t before = scheduler.counters().fired;
  std::size_t fired = 0;
  while (source.now_utc() <= end) {
    std::optional<std::chrono::nanoseconds> left(0);
    for (int i = 0; i < kMostTriggers && left && *left < kTick; ++i) {
      scheduler.run_due();
      left = scheduler.until_next();
    }
    const std::size_t fired_before = fired;
    fired = static_cast<std::size_t>(scheduler.counters().fired - before);
    const UtcTime now = source.now_utc();
    if (fired != fired_before && progress && !progress({now, fired})) break;
    if (now >= end) break;
    const std::chrono::nanoseconds rest = saturating_difference(end, now);
    if (!source.advance(std::clamp(left.value_or(rest), kTick, rest))) break;
  }
  return fired;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_EVENTS_SIMULATE_H_
