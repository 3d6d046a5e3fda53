// Schedules events and fires them when the time source reads their due time.
//
// The scheduler has no thread. An engine with a loop calls `run_due()` or `trigger()`; a program
// without one passes the scheduler to a Dispatcher. The source decides what is due, so nothing fires
// early, and a test that moves a ManualTimeSource decides what fires.
//
// Order: due time, then the order of scheduling. The place of a steady event in this order is the UTC of
// its instant, by the present offset of the two clocks. Ranges are half-open: [from, until).
//
// A trigger reads the clock once, and passes once, forward, through the order up to this reading. An
// action may schedule an event later than its own, but not after the reading. Such an event fires in the
// same trigger, in its place: a chain of events catches up with a jump of the clock. An event scheduled
// at or before the due time of its action waits for the next trigger. So an event that schedules itself
// for "now" does not loop.
//
// Guarantees, whichever threads trigger, cancel and replace:
//
//   - An event fires once or is cancelled once, never both, never twice.
//   - An event that fires is no longer pending: its id is free and its handle stale, also for its own
//     action.
//   - A repeating event is pending until it is cancelled. An occurrence does not fire while the action
//     of the one before it runs. After a cancellation by its own action it does not occur again.
//   - The scheduler catches what an action throws, counts it and reports it; the other events fire.
//   - When memory runs out an operation throws std::bad_alloc and changes nothing.
//
// Threads: any, for every member. Actions and hooks run on the triggering thread with no lock held.
//          They may call any member, also `trigger`.
// Cost:    schedule, cancel and reschedule O(log n) amortized, and nearly O(1) for due times that are
//          spread out. An event takes about 100 bytes, and more where it has an id or a text.
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
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_engine.h"
#include "masterclock/events/internal/incoming_event.h"
#include "masterclock/events/internal/wakers.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Ends an attachment when it is destroyed. Move-only; empty by default. It may outlive the scheduler.
//
// Threads: one owner. `reset()` and the destructor return when the callback does not run and never
//          will again.
class [[nodiscard]] EventSubscription {
 public:
  EventSubscription() = default;
  EventSubscription(EventSubscription&&) noexcept = default;
  EventSubscription& operator=(EventSubscription&& other) noexcept {
    if (this != &other) {
      reset();
      waker_ = std::move(other.waker_);
    }
    return *this;
  }
  ~EventSubscription() { reset(); }

  void reset() noexcept {
    if (const auto waker = std::move(waker_)) waker->end();
  }

 private:
  friend class EventScheduler;
  explicit EventSubscription(std::shared_ptr<internal::Waker> waker) noexcept
      : waker_(std::move(waker)) {}

  std::shared_ptr<internal::Waker> waker_;
};

class ScopedEvent;

class EventScheduler {
 public:
  // `source` must outlive the scheduler.
  explicit EventScheduler(TimeSource& source, SchedulerOptions options = {})
      : engine_(source, std::move(options)) {}
  EventScheduler(const EventScheduler&) = delete;
  EventScheduler& operator=(const EventScheduler&) = delete;

  // Schedules an event. One that is already due fires at the next trigger, with its lateness.
  //
  // Cost:   allocates when the queue grows, and for a request with more than a due time in UTC and an
  //         action.
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

  // Cancels a pending event. Returns false, and does nothing, when it is not pending: it has fired, or
  // was cancelled. The action of the event may still run on another thread.
  bool cancel(EventHandle handle) { return engine_.cancel(handle); }
  bool cancel(std::string_view id) { return engine_.cancel(id); }

  // Moves a pending event to another due time, on the UTC timeline. It keeps its handle and its place
  // in the order of scheduling.
  //
  // Errors: NotFound when it is not pending.
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

  // Fires everything that is due now, in order, and returns it. A request by `stop` ends it after the
  // action that runs; the other events stay pending.
  //
  // Errors: when memory runs out, returns the events that have fired; throws std::bad_alloc when none
  //         has.
  std::vector<FiredEvent> trigger(const std::stop_token& stop = {}) {
    std::vector<FiredEvent> fired;
    engine_.sweep(
        stop,
        [&] {
          if (fired.size() == fired.capacity()) fired.reserve(2 * fired.size() + 1);
        },
        [&](FiredEvent&& event) { fired.push_back(std::move(event)); });
    return fired;
  }

  // As `trigger`, without building a list: for a loop. Returns the number of events that fired.
  std::size_t run_due(const std::stop_token& stop = {}) {
    std::size_t fired = 0;
    engine_.sweep(
        stop, [] {}, [&](FiredEvent&&) { ++fired; });
    return fired;
  }

  // Returns the due time of the first event, as `pending` shows it.
  [[nodiscard]] std::optional<UtcTime> next_due() const { return engine_.next_due(); }

  // Returns the time until the first event is due, on its own timeline. Not positive: it is due now.
  // UTC may be stepped meanwhile, so a loop that waits also subscribes to the source.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_next() const {
    return engine_.until_next();
  }

  // Calls `earlier` when an event becomes the first: the loop that waits for until_next() computes its
  // wait again. For a loop of epoll, Asio or GLib:
  //
  //   const auto attached = scheduler.attach([&] { asio::post(context, compute_wait_again); });
  //
  // `earlier` runs on the thread that schedules or triggers, one call at a time. It returns soon; it
  // does not schedule, reschedule, attach or end an attachment of this scheduler. It may be called
  // although the first event is the same one.
  EventSubscription attach(std::function<void()> earlier) {
    return EventSubscription(engine_.attach(std::move(earlier)));
  }

  [[nodiscard]] EventCounters counters() const { return engine_.counters(); }
  [[nodiscard]] TimeSource& source() const noexcept { return engine_.source(); }

 private:
  internal::EventEngine engine_;
};

// Owns a pending event: cancels it when it is destroyed. Move-only; empty by default.
//
// The scheduler must outlive it. The destructor does not wait: an action that runs on another thread
// may still run.
class [[nodiscard]] ScopedEvent {
 public:
  ScopedEvent() = default;
  ScopedEvent(EventScheduler& scheduler, EventHandle handle) noexcept
      : scheduler_(&scheduler), handle_(handle) {}
  ScopedEvent(ScopedEvent&& other) noexcept
      : scheduler_(other.scheduler_), handle_(other.release()) {}
  ScopedEvent& operator=(ScopedEvent&& other) noexcept {
    if (this == &other) return *this;
    cancel();
    scheduler_ = other.scheduler_;
    handle_ = other.release();
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
