// Schedules events and fires them when the time source reads their due time.
//
// The scheduler has no thread. An engine with a loop calls `run_due()` or `trigger()`; a program
// without one passes the scheduler to a Dispatcher. The source decides what is due, so nothing fires
// early, and a test that moves a ManualTimeSource decides what fires.
//
// Order: due time, then the order of scheduling. Events on the steady timeline are in this order at the
// UTC of their instant, by the present offset of the two clocks. Ranges are half-open: [from, until).
//
// A trigger reads the clock once, and passes once, forward, through the order up to this reading. An
// event that an action schedules later than its own event, but not after the reading, fires in the same
// trigger, in its place: a chain of events catches up with a jump of the clock. An event that an action
// schedules at or before its own due time waits for the next trigger, so an event that schedules itself
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

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/incoming_event.h"
#include "masterclock/events/internal/pending_events.h"
#include "masterclock/events/internal/wakers.h"
#include "masterclock/internal/guarded_call.h"
#include "masterclock/internal/mutex.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Hooks report to a log, a metric or an as-run record. Each runs with no lock held, on the thread that
// schedules or triggers, and may call the scheduler. The scheduler ignores what a hook throws. Hooks of
// different threads have no order: an event that is due at once may be reported as fired before another
// thread reports it as scheduled.
struct SchedulerOptions {
  // An event is late when its lateness is more than this.
  std::chrono::nanoseconds late_after = std::chrono::milliseconds(1);

  // With this many pending events a further one is refused with ResourceExhausted. At most 2^24.
  std::size_t max_pending = std::numeric_limits<std::size_t>::max();

  std::function<void(const ScheduledEvent&)> on_scheduled = {};
  std::function<void(const FiredEvent&)> on_late = {};                        // before the action
  std::function<void(const FiredEvent&, std::exception_ptr)> on_failed = {};  // the action threw
  std::function<void(const FiredEvent&)> on_fired = {};                       // after the action
  std::function<void(const FiredEvent&)> on_dropped = {};  // later than its max_lateness
};

// Counts the events of a scheduler.
// Always: scheduled + repeated == fired + dropped + cancelled + pending.
struct EventCounters {
  std::uint64_t scheduled = 0;
  std::uint64_t repeated = 0;  // further occurrences of repeating events
  std::uint64_t fired = 0;
  std::uint64_t dropped = 0;    // later than their max_lateness: they did not fire
  std::uint64_t cancelled = 0;  // replaced events included
  std::uint64_t late = 0;       // fired, later than `late_after`
  std::uint64_t failed = 0;     // fired, and the action threw
  std::uint64_t skipped = 0;    // occurrences that `on_misfire` skipped
  std::uint64_t pending = 0;    // repeating events whose action runs included
};

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
      : source_(source), options_(std::move(options)) {}
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
    absl::Status wrong = internal::check_in(request, source_, event);
    if (!wrong.ok()) return wrong;
    return admit(event);
  }

  // Schedules an event that is a due time and an action only.
  //
  // Errors: ResourceExhausted at `max_pending`.
  absl::StatusOr<EventHandle> schedule(UtcTime due,
                                       absl::AnyInvocable<void(const FiredEvent&)> action) {
    internal::IncomingEvent event{.due = {false, due.time_since_epoch()}, .action = &action};
    return admit(event);
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
  absl::StatusOr<std::vector<EventHandle>> schedule_all(std::vector<EventRequest> requests);

  // Cancels a pending event. Returns false, and does nothing, when it is not pending: it has fired, or
  // was cancelled. The action of the event may still run on another thread.
  bool cancel(EventHandle handle) { return cancel_found(handle); }
  bool cancel(std::string_view id) { return cancel_found(id); }

  // Moves a pending event to another due time, on the UTC timeline. It keeps its handle and its place
  // in the order of scheduling.
  //
  // Errors: NotFound when it is not pending.
  absl::Status reschedule(EventHandle handle, UtcTime due) {
    if (move_found(handle, due)) return absl::OkStatus();
    return absl::NotFoundError("the event of this handle is not pending");
  }
  absl::Status reschedule(std::string_view id, UtcTime due) {
    if (move_found(id, due)) return absl::OkStatus();
    return absl::NotFoundError("no event " + internal::quoted(id) + " is pending");
  }

  // Returns the events due in [from, until), in order.
  //
  // Cost: O(k log k) for k events, and a copy of each.
  [[nodiscard]] std::vector<ScheduledEvent> pending(UtcTime from, UtcTime until) const {
    std::vector<ScheduledEvent> found;
    const internal::MutexLock lock(mutex_);
    const TimeReading now = read();
    const auto slots = pending_.between(from, until, now);
    found.reserve(slots.size());
    for (const auto slot : slots) found.push_back(pending_.describe(slot, now));
    return found;
  }

  // Cancels the events due in [from, until). Returns the number of cancelled events.
  std::size_t cancel_between(UtcTime from, UtcTime until) {
    std::vector<internal::PendingEvent> gone;  // destroyed after the lock: see admit()
    const internal::MutexLock lock(mutex_);
    const auto slots = pending_.between(from, until, read());
    gone.resize(slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) pending_.take_out(slots[i], gone[i]);
    counters_.cancelled += slots.size();
    return slots.size();
  }

  // Fires everything that is due now, in order, and returns it. When `stop` is requested, returns
  // after the action that runs; the other events stay pending.
  //
  // Errors: when memory runs out, returns the events that have fired; throws std::bad_alloc when none
  //         has.
  std::vector<FiredEvent> trigger(const std::stop_token& stop = {}) {
    std::vector<FiredEvent> fired;
    sweep(
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
    sweep(
        stop, [] {}, [&](FiredEvent&&) { ++fired; });
    return fired;
  }

  // Returns the due time of the first event, as `pending` shows it.
  [[nodiscard]] std::optional<UtcTime> next_due() const {
    const internal::MutexLock lock(mutex_);
    return pending_.first_due(read());
  }

  // Returns the time until the first event is due, on its own timeline; zero or negative when it is
  // due now. UTC may be stepped meanwhile: a loop that waits also subscribes to the source.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_next() const {
    const internal::MutexLock lock(mutex_);
    return pending_.until_first(read());
  }

  // Calls `earlier` when an event becomes the first: the loop that waits for until_next() computes its
  // wait again. For a loop of epoll, Asio or GLib:
  //
  //   const auto attached = scheduler.attach([&] { asio::post(context, compute_wait_again); });
  //
  // `earlier` runs on the thread that schedules, on several threads at once. It returns soon, and does
  // not call this scheduler. It may be called when the first event is still the same one.
  EventSubscription attach(std::function<void()> earlier) {
    return EventSubscription(wakers_.add(std::move(earlier)));
  }

  [[nodiscard]] EventCounters counters() const {
    const internal::MutexLock lock(mutex_);
    EventCounters counters = counters_;
    counters.pending = pending_.size();
    return counters;
  }

  [[nodiscard]] TimeSource& source() const noexcept { return source_; }

 private:
  using Slot = internal::PendingEvents::Slot;

  // Ends the sweep of a trigger, also when an exception leaves it.
  struct Sweep {
    EventScheduler& scheduler;
    internal::DueEvent due = {};
    bool active = false;

    explicit Sweep(EventScheduler& its_scheduler) : scheduler(its_scheduler) {}
    Sweep(const Sweep&) = delete;
    Sweep& operator=(const Sweep&) = delete;
    ~Sweep() {
      if (!active) return;
      const internal::MutexLock lock(scheduler.mutex_);
      scheduler.pending_.give_back(due);
      scheduler.pending_.end_sweep();
    }
  };

  [[nodiscard]] TimeReading read() const noexcept {
    return {source_.now_utc(), source_.now_steady()};
  }

  absl::StatusOr<EventHandle> admit(internal::IncomingEvent& event) {
    // Destroyed after the lock: the destructor of an action may call the scheduler.
    internal::PendingEvent gone;
    std::optional<ScheduledEvent> announced;
    EventHandle handle;
    bool wakes = false;
    {
      const internal::MutexLock lock(mutex_);
      const std::optional<Slot> old = find(event);
      if (old && event.on_duplicate == OnDuplicate::kKeep) return pending_.handle_of(*old);
      const std::optional<Slot> slot = add(event, old, 0);
      if (!slot) return refusal(event, old);
      if (options_.on_scheduled) announce(*slot, announced, gone);
      if (old) {
        pending_.replace(*old, *slot, gone);
        ++counters_.cancelled;
      }
      ++counters_.scheduled;
      handle = pending_.handle_of(*slot);
      wakes = wakers_.any() && pending_.is_first(*slot);
    }
    if (wakes) wakers_.wake();
    if (announced) internal::guarded_call(options_.on_scheduled, *announced);
    return handle;
  }

  // Returns the pending event with the id of `event`.
  [[nodiscard]] std::optional<Slot> find(const internal::IncomingEvent& event) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return event.id().empty() ? std::nullopt : pending_.find(event.id());
  }
  // Adds `event`, in place of `old` if there is one, which replace() then takes out. `leaving` other
  // events are to be taken out too. Nothing when the event is refused.
  [[nodiscard]] std::optional<Slot> add(internal::IncomingEvent& event, std::optional<Slot> old,
                                        std::size_t leaving) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool accepted = old ? event.on_duplicate != OnDuplicate::kReject
                              : pending_.size() - leaving < options_.max_pending;
    return accepted ? pending_.add(event) : std::nullopt;
  }
  [[nodiscard]] absl::Status refusal(const internal::IncomingEvent& event,
                                     std::optional<Slot> old) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (old && event.on_duplicate == OnDuplicate::kReject) {
      return internal::already_pending(event.id(), pending_.due_of(*old, read()));
    }
    return internal::no_room(std::min(options_.max_pending, internal::EventSlots::kMost));
  }
  // Describes a new event for on_scheduled. When that fails, takes the event out.
  [[gnu::noinline]] void announce(Slot slot, std::optional<ScheduledEvent>& announced,
                                  internal::PendingEvent& gone)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    try {
      announced = pending_.describe(slot, read());
    } catch (...) {
      pending_.take_out(slot, gone);
      throw;
    }
  }

  template <class Name>  // a handle or an id
  bool cancel_found(Name name) {
    internal::PendingEvent gone;  // destroyed after the lock: see admit()
    const internal::MutexLock lock(mutex_);
    const std::optional<Slot> slot = pending_.find(name);
    if (!slot) return false;
    pending_.take_out(*slot, gone);
    ++counters_.cancelled;
    return true;
  }

  template <class Name>
  bool move_found(Name name, UtcTime due) {
    bool wakes = false;
    {
      const internal::MutexLock lock(mutex_);
      const std::optional<Slot> slot = pending_.find(name);
      if (!slot) return false;
      pending_.move(*slot, due);
      wakes = wakers_.any() && pending_.is_first(*slot);
    }
    if (wakes) wakers_.wake();
    return true;
  }

  // Fires the due events one at a time. `prepare` runs before an event is taken, and may throw; `done`
  // runs after its action.
  template <class Prepare, class Done>
  void sweep(const std::stop_token& stop, Prepare prepare, Done done) {
    internal::EventSweep position{read(), source_};
    Sweep sweep(*this);
    internal::DueEvent& due = sweep.due;
    for (bool first = true;; first = false) {
      bool late = false;
      try {
        prepare();
        const internal::MutexLock lock(mutex_);
        pending_.give_back(due);
        if (!sweep.active) pending_.begin_sweep();
        sweep.active = true;
        if (stop.stop_requested() || !pending_.take_due(position, due, counters_.skipped)) {
          pending_.end_sweep();
          sweep.active = false;
          return;
        }
        late = due.fired.lateness > options_.late_after && !due.dropped;
        ++(due.dropped ? counters_.dropped : counters_.fired);
        if (late) ++counters_.late;
        if (due.repeats) ++counters_.repeated;
      } catch (...) {
        if (first) throw;
        return;
      }
      if (due.dropped) {
        if (options_.on_dropped) internal::guarded_call(options_.on_dropped, due.fired);
      } else {
        run(due.fired, due.event->action, late);
      }
      if (due.repeats) put_back(due);
      if (due.event != nullptr) due.event->clear();
      if (!due.dropped) done(std::move(due.fired));
    }
  }

  void put_back(internal::DueEvent& due) {
    const Slot slot = due.slot;
    bool wakes = false;
    {
      const internal::MutexLock lock(mutex_);
      wakes = pending_.put_back(due) && wakers_.any() && pending_.is_first(slot);
    }
    if (wakes) wakers_.wake();
  }

  void run(const FiredEvent& event, internal::EventAction& action, bool late) {
    if (late && options_.on_late) internal::guarded_call(options_.on_late, event);
    if (action) {
      try {
        action(event);
      } catch (...) {
        {
          const internal::MutexLock lock(mutex_);
          ++counters_.failed;
        }
        if (options_.on_failed) {
          internal::guarded_call(options_.on_failed, event, std::current_exception());
        }
      }
    }
    if (options_.on_fired) internal::guarded_call(options_.on_fired, event);
  }

  TimeSource& source_;
  const SchedulerOptions options_;

  mutable internal::Mutex mutex_;
  mutable internal::PendingEvents pending_ ABSL_GUARDED_BY(mutex_);  // questions sort it
  EventCounters counters_ ABSL_GUARDED_BY(mutex_);
  internal::Wakers wakers_;  // its own mutex is never held together with mutex_
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

inline absl::StatusOr<std::vector<EventHandle>> EventScheduler::schedule_all(
    std::vector<EventRequest> requests) {
  std::vector<internal::IncomingEvent> events(requests.size());
  std::vector<std::string_view> ids;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    absl::Status wrong = internal::check_in(requests[i], source_, events[i]);
    if (!wrong.ok()) return wrong;
    if (!events[i].id().empty()) ids.push_back(events[i].id());
  }
  std::sort(ids.begin(), ids.end());
  if (const auto twice = std::adjacent_find(ids.begin(), ids.end()); twice != ids.end()) {
    return absl::InvalidArgumentError("event " + internal::quoted(*twice) +
                                      " occurs twice among the requests");
  }
  // All memory is allocated before the first change that is not undone. What is replaced or undone is
  // destroyed after the lock.
  struct Added {
    Slot slot;
    std::optional<Slot> old;
    bool is_new;
  };
  std::vector<internal::PendingEvent> gone(events.size());
  std::vector<EventHandle> handles(events.size());
  std::vector<ScheduledEvent> announced;
  std::vector<Added> added;
  added.reserve(events.size());
  bool wakes = false;
  {
    const internal::MutexLock lock(mutex_);
    struct Undo {
      internal::PendingEvents& pending;
      std::vector<Added>& added;
      std::vector<internal::PendingEvent>& gone;
      ~Undo() {
        for (std::size_t i = 0; i < added.size(); ++i) {
          if (added[i].is_new) pending.take_out(added[i].slot, gone[i]);
        }
      }
    } undo{pending_, added, gone};
    std::size_t leaving = 0;
    for (internal::IncomingEvent& event : events) {
      const std::optional<Slot> old = find(event);
      if (old && event.on_duplicate == OnDuplicate::kKeep) {
        added.push_back({*old, std::nullopt, false});
        continue;
      }
      const std::optional<Slot> slot = add(event, old, leaving);
      if (!slot) return refusal(event, old);
      added.push_back({*slot, old, true});
      if (old) ++leaving;
      if (options_.on_scheduled) announced.push_back(pending_.describe(*slot, read()));
    }
    for (std::size_t i = 0; i < added.size(); ++i) {
      handles[i] = pending_.handle_of(added[i].slot);
      if (!added[i].is_new) continue;
      added[i].is_new = false;  // nothing to undo
      if (added[i].old) pending_.replace(*added[i].old, added[i].slot, gone[i]);
      if (added[i].old) ++counters_.cancelled;
      ++counters_.scheduled;
      wakes = wakes || (wakers_.any() && pending_.is_first(added[i].slot));
    }
  }
  if (wakes) wakers_.wake();
  for (const ScheduledEvent& event : announced) {
    internal::guarded_call(options_.on_scheduled, event);
  }
  return handles;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_EVENTS_EVENT_SCHEDULER_H_
