// Schedules events and fires them when the time source reads their due time.
//
// The scheduler has no thread. An engine with a loop calls `run_due()` or `trigger()`. A program without
// a loop passes the scheduler to a Dispatcher. The source decides what is due, so nothing fires early,
// and a test that moves a ManualTimeSource decides what fires.
//
// Order: due time, then the order of scheduling. The present offset of the two clocks converts steady
// due times to UTC. Ranges are half-open: [from, until).
//
// A trigger reads the clock once, and fires the events due by this reading in order. An action may
// schedule an event later than its own and due by the reading. Such an event fires in the same trigger,
// so a chain of events catches up with a clock jump. An event that an action schedules at or before its
// own due time waits for the next trigger. An event that schedules itself for "now" therefore does not loop.
//
// Guarantees, for any threads that trigger, cancel and replace:
//
//   - An event fires once or is cancelled once, never both, never twice.
//   - When an event fires, its id is free and its handle stale, also for its own action.
//   - A repeating event is pending until it is cancelled. Actions of its occurrences never overlap. When
//     an action cancels its own event, the event does not occur again.
//   - When an action throws, the scheduler counts and reports the exception, and fires the other events.
//   - When an action calls pthread_exit, the trigger ends with the thread. The event has fired, a repeating
//     event stays pending, and the other due events wait for the next trigger.
//   - When memory runs out, an operation throws std::bad_alloc and changes nothing.
//
// Threads: any. Actions and hooks run on the triggering thread with no lock held, and may call any
//          member, also `trigger`.
// Cost:    schedule, cancel and reschedule O(log n) amortized, and nearly O(1) for due times that are
//          spread out.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(1'000s));
//   masterclock::EventScheduler scheduler(source);
//   const auto handle = scheduler.schedule({.id = "opening", .due = masterclock::UtcTime(1'060s)});
//   assert(handle.ok() && scheduler.trigger().empty());
//   source.advance(61s);
//   const auto fired = scheduler.trigger();
//   assert(fired.size() == 1 && fired[0].lateness == 1s);
//   assert(!scheduler.cancel(*handle));
#ifndef MASTERCLOCK_EVENTS_EVENT_SCHEDULER_H_
#define MASTERCLOCK_EVENTS_EVENT_SCHEDULER_H_

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_engine.h"
#include "masterclock/events/internal/incoming_event.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Ends an attachment in its destructor. May outlive the scheduler.
using EventSubscription = TimeSubscription;

// Satisfied by: std::stop_token.
template <class T>
concept StopToken = requires(const T& token) {
  { token.stop_requested() } -> std::same_as<bool>;
};

class ScopedEvent;

class EventScheduler {
 public:
  // `source` must outlive the scheduler.
  explicit EventScheduler(TimeSource& source, SchedulerOptions options = {})
      : engine_(source, std::move(options)) {}
  EventScheduler(const EventScheduler&) = delete;
  EventScheduler& operator=(const EventScheduler&) = delete;

  // Schedules an event. An event that is already due fires at the next trigger.
  //
  // Cost:   allocates when the queue grows, and for a request with more than a UTC due time and an action.
  // Errors: InvalidArgument for a negative delay or `max_lateness`, an interval that is not positive, a
  //         Daily without days or without a LocalDue; AlreadyExists for a pending id under kReject;
  //         ResourceExhausted at `max_pending`; OutOfRange for a Daily that does not occur within 400
  //         days; the error of the zone for a LocalDue that names no single instant.
  absl::StatusOr<EventHandle> schedule(EventRequest request) {
    internal::IncomingEvent event;
    absl::Status wrong = internal::check_in(request, source(), event);
    if (!wrong.ok()) return wrong;
    return engine_.schedule(event);
  }

  // Schedules an event that is a due time and an action only.
  //
  // Errors: ResourceExhausted at `max_pending`.
  absl::StatusOr<EventHandle> schedule(UtcTime due,
                                       absl::AnyInvocable<void(const FiredEvent&)> action) {
    internal::IncomingEvent event{.due = {false, due.time_since_epoch()}, .action = &action};
    return engine_.schedule(event);
  }

  // Schedules an event and returns its owner.
  //
  // Errors: as `schedule`.
  absl::StatusOr<ScopedEvent> schedule_scoped(EventRequest request);

  // Schedules all events or none, in one change. An id may occur once among them.
  //
  // Cost:   as `schedule` for each, with one lock and one wake-up.
  // Errors: as `schedule`, for the first request that is refused; InvalidArgument for an id that
  //         occurs twice.
  absl::StatusOr<std::vector<EventHandle>> schedule_all(std::vector<EventRequest> requests) {
    std::vector<internal::IncomingEvent> events(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      absl::Status wrong = internal::check_in(requests[i], source(), events[i]);
      if (!wrong.ok()) return wrong;
    }
    return engine_.schedule_all(events);
  }

  // Cancels a pending event. Returns false when no such event is pending. The action of an event that
  // fired may still run on another thread.
  bool cancel(EventHandle handle) { return engine_.cancel(handle); }
  bool cancel(std::string_view id) { return engine_.cancel(id); }

  // Moves a pending event to another due time, on the UTC timeline. The event keeps its handle and its
  // place in the order of scheduling.
  //
  // Errors: NotFound when no such event is pending.
  absl::Status reschedule(EventHandle handle, UtcTime due) {
    if (engine_.move(handle, due)) return absl::OkStatus();
    return absl::NotFoundError("the event of this handle is not pending");
  }
  absl::Status reschedule(std::string_view id, UtcTime due) {
    if (engine_.move(id, due)) return absl::OkStatus();
    return absl::NotFoundError("no event " + internal::quoted(id) + " is pending");
  }

  // Returns the events due in [from, until), in order.
  //
  // Cost: O(k log k) for k events, and a copy of each.
  [[nodiscard]] std::vector<ScheduledEvent> pending(UtcTime from, UtcTime until) const {
    return engine_.pending(from, until);
  }

  // Cancels the events due in [from, until). Returns the number of cancelled events.
  std::size_t cancel_between(UtcTime from, UtcTime until) {
    return engine_.cancel_between(from, until);
  }

  // Fires the events that are due now, in order, and returns them. When `stop` is requested, returns
  // after the action that runs; the other events stay pending.
  //
  // Errors: when memory runs out, returns the events that have fired; throws std::bad_alloc when none
  //         has.
  std::vector<FiredEvent> trigger() { return trigger(NeverStop()); }
  template <StopToken Stop>
  std::vector<FiredEvent> trigger(const Stop& stop) {
    std::vector<FiredEvent> fired;
    engine_.sweep(
        stop,
        [&] {
          if (fired.size() == fired.capacity()) fired.reserve(2 * fired.size() + 1);
          return fired.capacity() - fired.size();
        },
        [&]<class Event>(Event&& event) { fired.push_back(std::forward<Event>(event)); });
    return fired;
  }

  // Does the same without a list. Returns the number of events that fired.
  std::size_t run_due() { return run_due(NeverStop()); }
  template <StopToken Stop>
  std::size_t run_due(const Stop& stop) {
    std::size_t fired = 0;
    engine_.sweep(
        stop, [] { return std::numeric_limits<std::size_t>::max(); },
        [&](const FiredEvent&) { ++fired; });
    return fired;
  }

  // Returns the due time of the first event, as `pending` shows it.
  [[nodiscard]] std::optional<UtcTime> next_due() const { return engine_.next_due(); }

  // Returns the time until the first event is due, on the event's timeline; zero or negative for an event
  // that is due. UTC may step meanwhile, so a loop that waits also subscribes to the source.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_next() const {
    return engine_.until_next();
  }

  // Calls `earlier` when an event becomes the first, so that a waiting loop computes its wait again:
  //
  //   const auto attached = scheduler.attach([&] { asio::post(context, compute_wait_again); });
  //
  // `earlier` runs on the thread that schedules or triggers, one call at a time, sometimes without need.
  // `earlier` must return soon, and must not schedule or reschedule here.
  EventSubscription attach(std::function<void()> earlier) {
    return engine_.attach(std::move(earlier));
  }

  [[nodiscard]] EventCounters counters() const { return engine_.counters(); }
  [[nodiscard]] TimeSource& source() const noexcept { return engine_.source(); }

 private:
  struct NeverStop {
    static bool stop_requested() noexcept { return false; }
  };
  internal::EventEngine engine_;
};

// Cancels its event in its destructor. Move-only; empty by default. The scheduler must outlive it.
//
// The destructor does not wait for an action that runs on another thread.
class [[nodiscard]] ScopedEvent {
 public:
  ScopedEvent() = default;
  ScopedEvent(EventScheduler& scheduler, EventHandle handle) noexcept
      : scheduler_(&scheduler), handle_(handle) {}
  ScopedEvent(ScopedEvent&& other) noexcept
      : scheduler_(other.scheduler_), handle_(other.release()) {}
  ScopedEvent& operator=(ScopedEvent other) noexcept {
    std::swap(scheduler_, other.scheduler_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~ScopedEvent() { cancel(); }

  // Cancels the event now. Returns false when it was not pending.
  bool cancel() { return handle_ && scheduler_->cancel(release()); }

  // Gives up the ownership and returns the handle. The event stays pending.
  EventHandle release() noexcept { return std::exchange(handle_, EventHandle()); }

  [[nodiscard]] EventHandle handle() const noexcept { return handle_; }

 private:
  EventScheduler* scheduler_ = nullptr;
  EventHandle handle_;
};

inline absl::StatusOr<ScopedEvent> EventScheduler::schedule_scoped(EventRequest request) {
  const absl::StatusOr<EventHandle> handle = schedule(std::move(request));
  if (!handle.ok()) return handle.status();
  return ScopedEvent(*this, *handle);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_EVENTS_EVENT_SCHEDULER_H_
