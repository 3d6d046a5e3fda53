// Implements EventScheduler: pending events with their lock, counters, hooks and waiting threads.
//
// No thread holds the two mutexes together. Actions, their destructors and hooks run with neither.
//
// A trigger fires a run of events without the lock between them (EventRun). Each other operation, also
// from an action, ends the run when it takes the lock, so it finds the queue and the counters exact.
//
// Threads: any.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_ENGINE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_ENGINE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_sweep.h"
#include "masterclock/events/internal/incoming_event.h"
#include "masterclock/events/internal/pending_events.h"
#include "masterclock/internal/guarded_call.h"
#include "masterclock/internal/mutex.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

class EventEngine {
 public:
  EventEngine(TimeSource& source, SchedulerOptions options)
      : source_(source), options_(std::move(options)) {}

  [[nodiscard]] TimeSource& source() const noexcept { return source_; }

  absl::StatusOr<EventHandle> schedule(IncomingEvent& event) {
    // Destroyed after the lock: the destructor of an action may call the scheduler.
    PendingEvent gone;
    std::unique_ptr<ScheduledEvent> announced;  // g++ would clear the 120 bytes of an optional
    EventHandle handle;
    bool wakes = false;
    {
      const Lock lock(*this);
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
      wakes = attached_.any() && pending_.is_first(*slot);
    }
    if (wakes) wake();
    if (announced) guarded_call(options_.on_scheduled, *announced);
    return handle;
  }

  // Schedules all or none. No id occurs twice.
  absl::StatusOr<std::vector<EventHandle>> schedule_all(std::vector<IncomingEvent>& events) {
    std::unordered_map<std::string_view, Slot> ids;
    for (const IncomingEvent& event : events) {
      if (event.id().empty() || ids.emplace(event.id(), Slot{}).second) continue;
      return absl::InvalidArgumentError("event " + internal::quoted(event.id()) +
                                        " occurs twice among the requests");
    }
    // Memory is allocated before the first change that is not undone. Replaced and undone events are
    // destroyed after the lock.
    std::vector<PendingEvent> gone(events.size());
    std::vector<EventHandle> handles(events.size());
    std::vector<ScheduledEvent> announced;
    bool wakes = false;
    {
      const Lock lock(*this);
      struct Undo {
        PendingEvents& pending;
        std::vector<IncomingEvent>& events;
        std::vector<PendingEvent>& gone;
        ~Undo() {
          for (std::size_t i = 0; i < events.size(); ++i) {
            if (events[i].is_new) pending.take_out(events[i].slot, gone[i]);
          }
        }
      } undo{pending_, events, gone};
      std::size_t leaving = 0;
      for (IncomingEvent& event : events) {
        event.old = find(event);
        if (event.old && event.on_duplicate == OnDuplicate::kKeep) {
          event.slot = *event.old;
          continue;
        }
        const std::optional<Slot> slot = add(event, event.old, leaving);
        if (!slot) return refusal(event, event.old);
        event.slot = *slot;
        event.is_new = true;
        if (event.old) ++leaving;
        if (options_.on_scheduled) announced.push_back(pending_.describe(*slot, read()));
      }
      for (std::size_t i = 0; i < events.size(); ++i) {
        IncomingEvent& event = events[i];
        handles[i] = pending_.handle_of(event.slot);
        if (!std::exchange(event.is_new, false)) continue;  // nothing to undo from here on
        if (event.old) pending_.replace(*event.old, event.slot, gone[i]);
        if (event.old) ++counters_.cancelled;
        ++counters_.scheduled;
        wakes = wakes || (attached_.any() && pending_.is_first(event.slot));
      }
    }
    if (wakes) wake();
    for (const ScheduledEvent& event : announced) {
      guarded_call(options_.on_scheduled, event);
    }
    return handles;
  }

  template <class Name>  // a handle or an id
  bool cancel(Name name) {
    PendingEvent gone;  // destroyed after the lock
    const Lock lock(*this);
    const std::optional<Slot> slot = pending_.find(name);
    if (!slot) return false;
    pending_.take_out(*slot, gone);
    ++counters_.cancelled;
    return true;
  }

  template <class Name>
  bool move(Name name, UtcTime due) {
    bool wakes = false;
    {
      const Lock lock(*this);
      const std::optional<Slot> slot = pending_.find(name);
      if (!slot) return false;
      pending_.move(*slot, due);
      wakes = attached_.any() && pending_.is_first(*slot);
    }
    if (wakes) wake();
    return true;
  }

  [[nodiscard]] std::vector<ScheduledEvent> pending(UtcTime from, UtcTime until) const {
    std::vector<ScheduledEvent> found;
    const Lock lock(*this);
    const TimeReading now = read();
    const auto events = pending_.between(from, until, now);
    found.reserve(events.size());
    for (const Slot slot : events) found.push_back(pending_.describe(slot, now));
    return found;
  }

  std::size_t cancel_between(UtcTime from, UtcTime until) {
    std::vector<PendingEvent> gone;  // destroyed after the lock
    const Lock lock(*this);
    const auto events = pending_.between(from, until, read());
    gone.resize(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) pending_.take_out(events[i], gone[i]);
    counters_.cancelled += events.size();
    return events.size();
  }

  // Fires the due events one at a time. `prepare` runs before events are taken, and may throw. It returns
  // the number of events, at least one, that `done` may receive. `done` runs after the action of an event.
  template <class StopToken, class Prepare, class Done>
  void sweep(const StopToken& stop, Prepare prepare, Done done) {
    Sweep sweep{*this, {read(), source_}};
    std::size_t most = 1;  // of a run: more for events whose actions call no member
    for (bool first = true;;) {
      try {
        const std::size_t room = prepare();
        const Lock lock(*this);
        if (!begin_or_continue(sweep, stop, std::min(most, room))) return;
        if (sweep.run.size == 0 && sweep.due.event == nullptr) continue;
      } catch (...) {
        if (first) throw;
        return;
      }
      first = false;
      if (sweep.run.size == 0) {
        fire(sweep.due);
        if (!sweep.due.dropped) done(std::move(sweep.due.fired));
        continue;
      }
      FiredEvent fired{.fired = sweep.position.now.utc};
      std::uint32_t next = 0;  // begin_run() has taken the first event for this trigger
      do {
        const EventRun::Event& event = sweep.run.events[next];
        fired.due = event.due;
        fired.lateness = sweep.position.lateness_of(event.due);
        {
          const ActionOfRun action{sweep.run, *event.event};
          run(fired, event.event->action, is_late(fired.lateness));
        }
        done(fired);
      } while (!stop.stop_requested() && (next = sweep.run.next.fetch_add(1)) < sweep.run.size);
      most =
          sweep.run.done == sweep.run.size ? std::min<std::size_t>(2 * most, EventRun::kMost) : 1;
    }
  }

  [[nodiscard]] std::optional<UtcTime> next_due() const {
    const Lock lock(*this);
    return pending_.first_due(read());
  }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_next() const {
    const Lock lock(*this);
    return pending_.until_first(read());
  }

  [[nodiscard]] EventCounters counters() const {
    const Lock lock(*this);
    EventCounters counters = counters_;
    counters.pending = pending_.size();
    return counters;
  }

  TimeSubscription attach(std::function<void()> earlier) {
    return attached_.add(
        [earlier = std::move(earlier)](const TimeChange&) { guarded_call(earlier); });
  }

 private:
  using Slot = PendingEvents::Slot;

  // The state of a trigger. Ends the sweep in its destructor, also when an exception leaves it, or
  // pthread_exit the action.
  struct Sweep {
    EventEngine& engine;
    EventSweep position;
    DueEvent due = {};
    EventRun run = {};
    bool active = false;
    ~Sweep() {
      if (!active) return;
      engine.after_action(due);
      const Lock lock(engine);
      engine.pending_.give_back(run, due);
      engine.pending_.end_sweep();
    }
  };

  // Locks the mutex, and ends the run of a trigger.
  class ABSL_SCOPED_LOCKABLE Lock : MutexLock {
   public:
    explicit Lock(const EventEngine& engine) ABSL_EXCLUSIVE_LOCK_FUNCTION(engine.mutex_)
        : MutexLock(engine.mutex_) {
      if (engine.running_ != nullptr) engine.end_run();
    }
    ~Lock() ABSL_UNLOCK_FUNCTION() = default;
  };

  [[gnu::noinline]] void end_run() const noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Sweep& sweep = *std::exchange(running_, nullptr);
    const std::uint32_t fired = pending_.end_run(sweep.position, sweep.run);
    counters_.fired += fired;
    for (std::uint32_t i = 0; i < fired; ++i) {
      if (is_late(sweep.position.lateness_of(sweep.run.events[i].due))) ++counters_.late;
    }
  }

  // Takes the next event, or begins a run, or skips occurrences. Returns false, with the sweep ended, when
  // nothing is due.
  template <class StopToken>
  bool begin_or_continue(Sweep& sweep, const StopToken& stop, std::size_t most)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    pending_.give_back(sweep.run, sweep.due);
    if (!sweep.active) pending_.begin_sweep();
    sweep.active = true;
    const bool stops = stop.stop_requested();
    if (!stops && pending_.begin_run(sweep.position, most, sweep.run)) {
      running_ = &sweep;
      return true;
    }
    DueEvent& due = sweep.due;
    if (stops || !pending_.take_due(sweep.position, due, counters_.skipped)) {
      pending_.end_sweep();
      return sweep.active = false;
    }
    if (due.event == nullptr) return true;  // occurrences were skipped
    ++(due.dropped ? counters_.dropped : counters_.fired);
    if (!due.dropped && is_late(due.fired.lateness)) ++counters_.late;
    if (due.repeats) ++counters_.repeated;
    return true;
  }

  bool is_late(std::chrono::nanoseconds lateness) const noexcept {
    return lateness > options_.late_after;
  }

  void fire(DueEvent& due) {
    if (!due.dropped) {
      run(due.fired, due.event->action, is_late(due.fired.lateness));
    } else if (options_.on_dropped) {
      guarded_call(options_.on_dropped, due.fired);
    }
    after_action(due);
  }

  void wake() noexcept {
    const MutexLock lock(waking_);
    attached_.announce({});
  }

  [[nodiscard]] TimeReading read() const noexcept {
    return {source_.now_utc(), source_.now_steady()};
  }

  [[nodiscard]] std::optional<Slot> find(const IncomingEvent& event) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return event.id().empty() ? std::nullopt : pending_.find(event.id());
  }
  // Adds `event`; replace() then takes out `old`, if any. `leaving` other events will be taken out too.
  // Returns nothing when the event is refused.
  [[nodiscard]] std::optional<Slot> add(IncomingEvent& event, std::optional<Slot> old,
                                        std::size_t leaving) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool accepted = old ? event.on_duplicate != OnDuplicate::kReject
                              : pending_.size() - leaving < options_.max_pending;
    const Slot slot = accepted ? pending_.add(event) : EventSlots::kMost;
    return slot == EventSlots::kMost ? std::nullopt : std::optional(slot);
  }
  [[nodiscard]] absl::Status refusal(const IncomingEvent& event, std::optional<Slot> old) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (old && event.on_duplicate == OnDuplicate::kReject) {
      return already_pending(event.id());
    }
    return no_room(std::min<std::size_t>(options_.max_pending, EventSlots::kMost));
  }
  // Describes a new event for on_scheduled. On failure takes the event out.
  [[gnu::noinline]] void announce(Slot slot, std::unique_ptr<ScheduledEvent>& announced,
                                  PendingEvent& gone) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    try {
      announced = std::make_unique<ScheduledEvent>(pending_.describe(slot, read()));
    } catch (...) {
      pending_.take_out(slot, gone);
      throw;
    }
  }

  // Makes a repeating event pending again, and destroys the action of any other event.
  void after_action(DueEvent& due) noexcept {
    if (due.repeats) {
      due.repeats = false;
      bool wakes = false;
      {
        const Lock lock(*this);
        wakes = pending_.put_back(due) && attached_.any() && pending_.is_first(due.slot);
      }
      if (wakes) wake();
    }
    if (due.event != nullptr) due.event->clear();
  }

  void run(const FiredEvent& event, EventAction& action, bool late) {
    if (late && options_.on_late) guarded_call(options_.on_late, event);
    if (action) {
      try {
        action(event);
      } catch (ThreadExit&) {
        throw;
      } catch (...) {
        {
          const Lock lock(*this);
          ++counters_.failed;
        }
        if (options_.on_failed) {
          guarded_call(options_.on_failed, event, std::current_exception());
        }
      }
    }
    if (options_.on_fired) guarded_call(options_.on_fired, event);
  }

  TimeSource& source_;
  const SchedulerOptions options_;

  mutable Mutex mutex_;
  mutable PendingEvents pending_ ABSL_GUARDED_BY(mutex_);  // questions sort it
  mutable EventCounters counters_ ABSL_GUARDED_BY(mutex_);
  mutable Sweep* running_ ABSL_GUARDED_BY(mutex_) = nullptr;  // the trigger that has a run

  Mutex waking_;  // held while the attached functions run: one call at a time
  TimeListeners attached_;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_ENGINE_H_
