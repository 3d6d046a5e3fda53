// What happens when: events are scheduled, and fire when the source of time says that they are due.
//
// The scheduler has no thread of its own. An engine with a loop calls `trigger()` from it; whoever
// has none gives the scheduler to a Dispatcher. Either way "due" is decided by the source that
// everybody else reads, so nothing fires early, and a test that moves a ManualTimeSource decides
// what is due.
//
// Order is due time, then the order of scheduling. events on the steady timeline
// stand in that order where UTC would be then, were it never stepped again. Ranges are half-open.
//
// A trigger reads the time once and sweeps forward through the order once, up to that reading. So
// what an action schedules for later than its own event, but not later than the reading, fires in
// the same trigger and in its place: a chain of events catches up with a jump of the clock in one
// call. What an action schedules at or before its own due time waits for the next trigger: an event
// that schedules itself again for "now" does not loop.
//
// Guarantees: an event fires once or is cancelled once, never both, never twice, whatever threads
// trigger, cancel and replace. From the moment it fires it is no longer pending: its id is free and
// its handle stale, also for its own action. An action that throws is counted and reported, and the
// others still fire. An event that repeats stays pending until it is cancelled: each occurrence
// fires once, and none while the action of the one before it runs.
//
// Threads: any, for every member. Actions and hooks run with no lock held, on the triggering
//          thread; they may call any member, `trigger` included.
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

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_lock.h"
#include "masterclock/events/internal/event_porch.h"
#include "masterclock/events/internal/event_wakers.h"
#include "masterclock/events/internal/pending_event.h"
#include "masterclock/events/internal/pending_events.h"
#include "masterclock/events/scheduler_options.h"
#include "masterclock/events/internal/taken_event.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

class EventScheduler {
 public:
  // `source` must outlive the scheduler.
  explicit EventScheduler(TimeSource& source, SchedulerOptions options = {})
      : source_(source), options_(std::move(options)) {}
  EventScheduler(const EventScheduler&) = delete;
  EventScheduler& operator=(const EventScheduler&) = delete;

  // Adds an event. One that is already due fires at the next trigger, with its lateness.
  //
  // Cost:   O(log n); allocates only to grow, and for what an event has beside its action.
  // Errors: InvalidArgument for a negative delay or `max_lateness`, for an interval that is not
  //         positive, for a Daily without days or without a LocalDue; AlreadyExists for a pending id
  //         under kReject; ResourceExhausted at `max_pending`; OutOfRange for a Daily that does not
  //         occur within 400 days; the error of the zone for a LocalDue that names no single
  //         instant.
  absl::StatusOr<EventHandle> schedule(EventRequest request) {
    internal::IncomingEvent event;
    absl::Status wrong = internal::take_apart(request, source_, event);
    if (!wrong.ok()) return wrong;
    return take_in(event);
  }

  // The same for an event that is a due time and an action and nothing more, as most are: there is
  // no request to fill in and to take apart.
  //
  // Errors: ResourceExhausted at `max_pending`.
  absl::StatusOr<EventHandle> schedule(UtcTime due,
                                       absl::AnyInvocable<void(const FiredEvent&)> action) {
    internal::IncomingEvent event{.due = {false, due, {}}, .action = &action};
    return take_in(event);
  }

  // Adds all of them or none, as one change: a day at once. An id may occur once.
  //
  // Cost:   as `schedule` for each, but for one lock and one waking.
  // Errors: as `schedule`, for the first request that cannot be taken.
  absl::StatusOr<std::vector<EventHandle>> schedule_all(std::vector<EventRequest> requests) {
    std::vector<internal::IncomingEvent> events;
    events.reserve(requests.size());
    std::set<std::string_view> ids;
    for (EventRequest& request : requests) {
      absl::Status wrong = internal::take_apart(request, source_, events.emplace_back());
      if (!wrong.ok()) return wrong;
      if (events.back().has_id() && !ids.insert(events.back().extras->id).second) {
        return absl::InvalidArgumentError("event " + internal::quoted(events.back().extras->id) +
                                          " is twice among those to be scheduled");
      }
    }
    internal::Intake intake;
    std::vector<EventHandle> handles;
    handles.reserve(events.size());
    {
      const std::lock_guard lock(mutex_);
      if (porch_.is_open()) porch_.close();
      std::size_t room_wanted = 0;
      for (const internal::IncomingEvent& event : events) {
        absl::Status refusal = refusal_of(event, room_wanted);
        if (!refusal.ok()) return refusal;
        room_wanted += is_pending(event) ? 0 : 1;
      }
      for (internal::IncomingEvent& event : events) handles.push_back(admit(event, intake));
    }
    tell(intake);
    return handles;
  }

  // Takes a pending event away. False when it has fired or was cancelled: then nothing happens.
  //
  // Cost:   O(log n).
  bool cancel(EventHandle handle) { return cancel_found(handle); }
  bool cancel(std::string_view id) { return cancel_found(id); }

  // Gives a pending event another due time, on the UTC timeline. It keeps its handle, and its place
  // in the order of scheduling.
  //
  // Cost:   O(log n).
  // Errors: NotFound when it is not pending.
  absl::Status reschedule(EventHandle handle, UtcTime due) {
    if (move_found(handle, due)) return absl::OkStatus();
    return absl::NotFoundError("the event of this handle is not pending");
  }
  absl::Status reschedule(std::string_view id, UtcTime due) {
    if (move_found(id, due)) return absl::OkStatus();
    return absl::NotFoundError("no event " + internal::quoted(id) + " is pending");
  }

  // What is due in [from, until), in order.
  //
  // Cost:   that of LazyQueue::for_each, and a copy of each answer.
  [[nodiscard]] std::vector<ScheduledEvent> pending(UtcTime from, UtcTime until) const {
    std::vector<ScheduledEvent> found;
    const auto lock = porch_.settle(mutex_);
    const internal::TimelineReading now = read();
    const auto slots = pending_.between(from, until, now);
    found.reserve(slots.size());
    for (const auto slot : slots) found.push_back(pending_.describe(slot, now));
    return found;
  }

  // Cancels what is due in [from, until). How many that were.
  std::size_t cancel_between(UtcTime from, UtcTime until) {
    std::vector<internal::PendingEvent> gone;  // outlives the lock, as in schedule()
    const auto lock = porch_.settle(mutex_);
    for (const auto slot : pending_.between(from, until, read())) {
      pending_.take_out(slot, gone.emplace_back());
      ++counters_.cancelled;
    }
    return gone.size();
  }

  // Fires everything that is due now, in order, and returns it. When `stop` is requested it returns
  // after the action that is running; what has not fired stays pending.
  std::vector<FiredEvent> trigger(const std::stop_token& stop = {}) {
    std::vector<FiredEvent> fired;
    sweep(stop, [&](FiredEvent&& event) { fired.push_back(std::move(event)); });
    return fired;
  }

  // The same for whoever does not want the list: how many fired.
  std::size_t run_due(const std::stop_token& stop = {}) {
    std::size_t fired = 0;
    sweep(stop, [&](FiredEvent&&) { ++fired; });
    return fired;
  }

  // When the first pending event is due; an event on the steady timeline as `pending` shows it.
  [[nodiscard]] std::optional<UtcTime> next_due() const {
    const auto lock = porch_.settle(mutex_);
    return pending_.first_due(read());
  }

  // How long until the first event is due, on its own timeline; not positive when it is due now.
  // UTC may be stepped meanwhile: whoever waits also listens to the source.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_next() const {
    const auto lock = porch_.settle(mutex_);
    return pending_.until_first(read());
  }

  [[nodiscard]] EventCounters counters() const {
    const auto lock = porch_.settle(mutex_);
    EventCounters counters = counters_;
    counters.scheduled += porch_.fetched();
    counters.pending = pending_.size();
    return counters;
  }

  // From now on `waker` hears of every event that becomes the first on its timeline.
  void attach(EventWaker& waker) { wakers_.add(waker); }
  // When this returns `waker` is not being called, and will not be again.
  void detach(EventWaker& waker) { wakers_.remove(waker); }

  [[nodiscard]] TimeSource& source() const noexcept { return source_; }

 private:
  [[nodiscard]] internal::TimelineReading read() const noexcept {
    return {source_.now_utc(), source_.now_steady()};
  }

  [[gnu::always_inline]] absl::StatusOr<EventHandle> take_in(internal::IncomingEvent& event) {
    internal::Intake intake;  // outlives the lock: the destructor of a replaced action may call us
    EventHandle handle;
    if (porch_.is_open()) handle = porch_.put(event, intake.wakes);
    if (!handle) {
      bool crowded = mutex_.lock();
      const std::lock_guard lock(mutex_, std::adopt_lock);
      if (porch_.is_open()) handle = porch_.put_or_close(event, intake.wakes, crowded);
      if (!handle) {
        absl::Status refusal = refusal_of(event, 0);
        if (!refusal.ok()) return refusal;
        handle = admit(event, intake);
        if (crowded && internal::EventPorch::may_come(event)) porch_.open();
      }
    }
    tell(intake);
    return handle;
  }

  // From here to `admit`: with the lock held.
  [[nodiscard]] bool is_pending(const internal::IncomingEvent& event) const {
    return event.has_id() && pending_.find(event.extras->id);
  }

  // Why `event` cannot be taken when `more` others are taken with it.
  [[nodiscard]] absl::Status refusal_of(const internal::IncomingEvent& event,
                                        std::size_t more) const {
    if (is_pending(event)) {
      if (event.on_duplicate != OnDuplicate::kReject) return absl::OkStatus();
      return internal::already_pending(event.extras->id,
                                       pending_.due_of(*pending_.find(event.extras->id), read()));
    }
    if (pending_.size() + more < options_.max_pending) return absl::OkStatus();
    return internal::no_room(options_.max_pending);
  }

  [[gnu::always_inline]] EventHandle admit(internal::IncomingEvent& event,
                                           internal::Intake& intake) {
    if (event.has_id()) {
      if (const auto slot = pending_.find(event.extras->id)) {
        if (event.on_duplicate == OnDuplicate::kKeep) return pending_.handle_of(*slot);
        pending_.take_out(*slot, intake.more().replaced.emplace_back());
        ++counters_.cancelled;
      }
    }
    const auto slot = pending_.put_in(std::move(event.extras), std::move(*event.action), event.due);
    ++counters_.scheduled;
    if (wakers_.any()) intake.wakes = intake.wakes || pending_.is_first(slot);
    if (options_.on_scheduled) note_scheduled(slot, intake);
    return pending_.handle_of(slot);
  }
  [[gnu::noinline]] void note_scheduled(internal::PendingEvents::Slot slot,
                                        internal::Intake& intake) {
    intake.more().announced.push_back(pending_.describe(slot, read()));
  }

  void tell(const internal::Intake& intake) {
    if (intake.wakes && wakers_.any()) wakers_.wake();
    if (intake.aftermath == nullptr) return;
    for (const ScheduledEvent& event : intake.aftermath->announced) {
      internal::call(options_.on_scheduled, event);
    }
  }

  template <class Name>  // a handle or an id
  bool cancel_found(Name name) {
    internal::PendingEvent gone;  // outlives the lock, as in schedule()
    const auto lock = porch_.settle(mutex_);
    const auto slot = pending_.find(name);
    if (!slot) return false;
    pending_.take_out(*slot, gone);
    ++counters_.cancelled;
    return true;
  }

  template <class Name>
  bool move_found(Name name, UtcTime due) {
    bool wakes = false;
    {
      const auto lock = porch_.settle(mutex_);
      const auto slot = pending_.find(name);
      if (!slot) return false;
      pending_.move(*slot, due);
      wakes = wakers_.any() && pending_.is_first(*slot);
    }
    if (wakes) wakers_.wake();
    return true;
  }

  // Fires what is due, one at a time: the lock is held to find an event and not while it runs.
  template <class Done>
  void sweep(const std::stop_token& stop, Done&& done) {
    const internal::TimelineReading now = read();
    internal::EventSweep sweep{now, &source_};
    internal::TakenEvent taken(mutex_, pending_);
    internal::PendingEvents::Due& due = taken.due;
    for (;;) {
      bool late = false;
      {
        const bool crowded = mutex_.lock();
        const std::lock_guard lock(mutex_, std::adopt_lock);
        if (crowded) porch_.open();
        taken.give_back();
        if (stop.stop_requested() || !porch_.take_due(sweep, due, counters_.skipped)) {
          return taken.end();
        }
        late = due.fired.lateness > options_.late_after && !due.dropped;
        ++(due.dropped ? counters_.dropped : counters_.fired);
        if (late) ++counters_.late;
        if (due.repeats) ++counters_.repeated;
      }
      if (due.dropped) {
        if (options_.on_dropped) internal::call(options_.on_dropped, due.fired);
      } else {
        run(due.fired, due.event->action, late);
      }
      if (due.repeats) put_back(due);
      if (due.event != nullptr) due.event->let_go();
      if (!due.dropped) done(std::move(due.fired));
    }
  }

  void put_back(internal::PendingEvents::Due& due) {
    using PutBack = internal::PendingEvents::PutBack;
    bool wakes = false;
    {
      const std::lock_guard lock(mutex_);
      const PutBack how = pending_.put_back(due);
      counters_.repeated -= how == PutBack::kOver ? 1 : 0;
      wakes = how == PutBack::kPending && wakers_.any() && pending_.is_first(due.slot);
    }
    if (wakes) wakers_.wake();
  }

  void run(const FiredEvent& event, internal::EventAction& action, bool late) {
    if (late && options_.on_late) internal::call(options_.on_late, event);
    if (action) {
      try {
        action(event);
      } catch (...) {
        {
          const std::lock_guard lock(mutex_);
          ++counters_.failed;
        }
        if (options_.on_failed) internal::call(options_.on_failed, event, std::current_exception());
      }
    }
    if (options_.on_fired) internal::call(options_.on_fired, event);
  }

  TimeSource& source_;
  const SchedulerOptions options_;

  mutable internal::EventLock mutex_;        // guards pending_ and counters_
  mutable internal::PendingEvents pending_;  // a question may have it put things in order
  EventCounters counters_;
  internal::EventWakers wakers_;  // has a lock of its own, never taken together with mutex_
  mutable internal::EventPorch porch_{pending_, options_.on_scheduled ? 0 : options_.max_pending};
};

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_EVENT_SCHEDULER_H_
