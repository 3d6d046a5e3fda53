// Defines the state of a trigger: its position, and the events that it has taken.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_SWEEP_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_SWEEP_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_slots.h"
#include "masterclock/events/internal/sweep_queue.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

struct EventSweep {
  TimeReading now;
  const TimeSource& source;  // events with a max_lateness read it again
  SweepPlace place{UtcTime::min().time_since_epoch(), 0, ~std::uint64_t{0}};

  [[nodiscard]] std::chrono::nanoseconds lateness_of(UtcTime due) const noexcept {
    return saturating_difference(now.utc, due);
  }
};

// A due event, taken out of the queue. The event stays in its slot, where its action runs and is
// destroyed with no lock held.
struct DueEvent {
  PendingEvent* event = nullptr;  // null: none
  std::uint32_t slot = 0;
  bool repeats = false;  // put_back() follows
  bool dropped = false;  // later than its max_lateness
  FiredEvent fired;
};

// The next events of a sweep, which the trigger fires without a lock between them. Each event is due in UTC
// and has no extras. The events stay in the queue until end_run(), which any operation calls first.
//
// The first event fires in any case. The trigger adds one to `next` for each further event. end_run() sets
// `next` to kEnded and learns which events the trigger has fired. The trigger then fires no further event of
// the run.
struct EventRun {
  static constexpr std::uint32_t kMost = 32, kEnded = std::uint32_t{1} << 30;
  struct Event {
    PendingEvent* event;
    std::uint32_t slot;
    UtcTime due;
  };
  std::array<Event, kMost> events;
  std::uint32_t size = 0;
  std::uint32_t done = 0;  // the trigger has destroyed the actions of the first `done` events
  std::atomic<std::uint32_t> next = 1;
};

// Destroys the action of an event of a run when the action ends, also when the action calls pthread_exit.
struct ActionOfRun {
  EventRun& run;
  PendingEvent& event;
  ~ActionOfRun() {
    event.action = nullptr;
    ++run.done;
  }
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_SWEEP_H_
