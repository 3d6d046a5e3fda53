// Holds the pending events: the events, their order on each timeline, and the index of their ids.
//
// Members allocate first and then commit without failure: std::bad_alloc leaves the pending events
// unchanged. A repeating event whose action runs is pending, but in no queue. The queue holds the room for
// its next occurrence, so that its return cannot fail.
//
// Threads: one at a time.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENTS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENTS_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_slots.h"
#include "masterclock/events/internal/event_sweep.h"
#include "masterclock/events/internal/incoming_event.h"
#include "masterclock/events/internal/recurrence.h"
#include "masterclock/events/internal/sweep_queue.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

class PendingEvents {
 public:
  using Slot = EventSlots::Slot;

  [[nodiscard]] std::size_t size() const noexcept {
    return utc_.size() + steady_.size() + running_.size();
  }

  [[nodiscard]] std::optional<Slot> find(EventHandle handle) const noexcept {
    return slots_.find(handle);
  }
  [[nodiscard]] std::optional<Slot> find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] EventHandle handle_of(Slot slot) const noexcept { return slots_.handle_of(slot); }

  // Adds an event. replace() follows if its id is pending. Returns kMost when there are so many events.
  Slot add(IncomingEvent& incoming) {
    const Slot slot = slots_.next_free();
    if (slot == EventSlots::kMost) return slot;
    queue_of(incoming.due).reserve(slot);
    if (!incoming.id().empty()) by_id_.emplace(incoming.id(), slot);
    PendingEvent& event = slots_.take();
    event.serial = next_serial_++;
    event.extras = std::move(incoming.extras);
    // The old action is empty. An assignment would call through a pointer to destroy it.
    std::construct_at(&event.action, std::move(*incoming.action));
    enqueue(slot, incoming.due);
    return slot;
  }

  // Gives the id of the event in `old` to the new event in `slot`, and takes the old one out.
  void replace(Slot old, Slot slot, PendingEvent& taken) noexcept {
    auto node = by_id_.extract(slots_[old].extras->id);
    node.key() = slots_[slot].extras->id;
    node.mapped() = slot;
    by_id_.insert(std::move(node));
    take_out(old, taken);
  }

  // Takes an event out. `taken` receives its parts, so that the caller destroys them without the lock.
  void take_out(Slot slot, PendingEvent& taken) noexcept {
    PendingEvent& event = slots_[slot];
    retire(slot);
    if (event.running) {  // the sweep that runs it does the rest, see put_back()
      queue_of(event.repeat()->next).release();
      std::erase(running_, slot);
      return;
    }
    taken.extras = std::move(event.extras);
    taken.action = std::move(event.action);
    queue_of(event).erase(slot);
    slots_.give_back(event, slot);
  }

  // Moves an event to another due time, on the UTC timeline.
  void move(Slot slot, UtcTime due) {
    PendingEvent& event = slots_[slot];
    const TimelineDue to{false, due.time_since_epoch()};
    if (event.running) {
      TimelineDue& next = event.repeat()->next;
      if (next.on_steady) {
        utc_.hold(slot);
        steady_.release();
      }
      next = to;
      return;
    }
    utc_.reserve(slot);
    queue_of(event).erase(slot);
    enqueue(slot, to);
  }

  // Returns whether the event is the first of its timeline, so that a waiting thread must wake. Returns
  // true when memory runs out.
  [[nodiscard]] bool is_first(Slot slot) noexcept {
    const PendingEvent& event = slots_[slot];
    if (event.running) return false;
    try {
      return queue_of(event).is_first(slot);
    } catch (...) {
      return true;
    }
  }

  // Returns the due time; while the action runs, that of the next occurrence.
  [[nodiscard]] UtcTime due_of(Slot slot, const TimeReading& now) const noexcept {
    return own_due_of(slots_[slot]).to_utc(now);
  }

  [[nodiscard]] ScheduledEvent describe(Slot slot, const TimeReading& now) const {
    ScheduledEvent event{.handle = handle_of(slot), .due = due_of(slot, now)};
    if (const EventExtras* const extras = slots_[slot].extras.get()) {
      event.id = extras->id;
      event.type = extras->type;
      event.payload = extras->payload;
    }
    return event;
  }

  [[nodiscard]] std::vector<Slot> between(UtcTime from, UtcTime until, const TimeReading& now) {
    std::vector<QueueEntry> found;
    utc_.for_each(from.time_since_epoch(), until.time_since_epoch(), [&](const QueueEntry& entry) {
      __builtin_prefetch(&slots_[entry.slot]);  // the caller reads the slots, which lie in no order
      found.push_back(entry);
    });
    const std::size_t in_order = found.size();
    steady_.for_each(now.to_steady(from).time_since_epoch(),
                     now.to_steady(until).time_since_epoch(), [&](const QueueEntry& entry) {
                       found.push_back(entry);
                       found.back().due = now.to_utc(SteadyTime(entry.due)).time_since_epoch();
                     });
    for (const Slot slot : running_) {
      const UtcTime due = due_of(slot, now);
      if (due < from || due >= until) continue;
      found.push_back({due.time_since_epoch(), slots_[slot].serial, slot, 0});
    }
    if (found.size() > in_order) {
      std::sort(found.begin(), found.end(), IsLater());
      std::reverse(found.begin(), found.end());
    }
    std::vector<Slot> events;
    events.reserve(found.size());
    for (const QueueEntry& entry : found) events.push_back(entry.slot);
    return events;
  }

  [[nodiscard]] std::optional<UtcTime> first_due(const TimeReading& now) {
    std::optional<UtcTime> first;
    if (const auto* entry = utc_.first()) first = UtcTime(entry->due);
    if (const auto* entry = steady_.first()) {
      const UtcTime due = now.to_utc(SteadyTime(entry->due));
      if (!first || due < *first) first = due;
    }
    return first;
  }

  // Returns the time until the first event is due, each on its own timeline.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_first(const TimeReading& now) {
    std::optional<std::chrono::nanoseconds> wait;
    if (const auto* entry = utc_.first())
      wait = saturating_difference(UtcTime(entry->due), now.utc);
    if (const auto* entry = steady_.first()) {
      const auto steady = saturating_difference(SteadyTime(entry->due), now.steady);
      if (!wait || steady < *wait) wait = steady;
    }
    return wait;
  }

  void begin_sweep() {
    utc_.begin_sweep();
    steady_.begin_sweep();
  }
  void end_sweep() noexcept {
    utc_.end_sweep();
    steady_.end_sweep();
  }

  // Puts the next events that are due for `sweep` into `run`, at most `most`. Returns false when there are
  // none, or when the next event has extras or is on the steady timeline.
  bool begin_run(const EventSweep& sweep, std::size_t most, EventRun& run) {
    run.size = 0;
    if (!steady_.empty()) return false;
    utc_.visit_next(sweep.place, [&](const QueueEntry& entry) {
      const UtcTime due(entry.due);
      PendingEvent& event = slots_[entry.slot];
      // Slots lie in no order: the loop below reads them from the cache. So does the trigger that
      // will find the last one due.
      __builtin_prefetch(&event);
      if (run.size == most || due > sweep.now.utc) return false;
      run.events[run.size++] = {&event, entry.slot, due};
      return true;
    });
    for (std::uint32_t i = 0; i < run.size; ++i) {
      if (run.events[i].event->extras != nullptr) run.size = i;
    }
    run.next = 1;
    return run.size > 0;
  }
  // Takes the events that the trigger has fired out of the queue, and moves the sweep past them. Returns
  // their number. Nothing else has changed since begin_run().
  std::uint32_t end_run(EventSweep& sweep, EventRun& run) noexcept {
    const std::uint32_t fired = std::min(run.next.exchange(EventRun::kEnded), run.size);
    for (std::uint32_t i = 0; i < fired; ++i) {
      utc_.pop_first();
      EventSlots::retire(*run.events[i].event, run.events[i].slot);
    }
    if (fired > 0) pass(sweep, run.events[fired - 1].due, run.events[fired - 1].event->serial);
    return fired;
  }

  // Takes the next event that is due for `sweep`, and moves the sweep past the event. Returns false when
  // there is none. Requires that `due` holds none, and leaves it so after skipping occurrences: the caller
  // releases its lock and asks again. Adds the skipped occurrences to `skipped`.
  bool take_due(EventSweep& sweep, DueEvent& due, std::uint64_t& skipped) {
    const std::optional<Slot> slot = next_due(sweep);
    if (!slot) return false;
    if (!skip(*slot, sweep.now, skipped)) take(*slot, sweep, due);
    return true;
  }

  // Makes the next occurrence of a repeating event pending, after its action. Returns false when the event
  // was cancelled meanwhile; `due` then still holds it.
  bool put_back(DueEvent& due) noexcept {
    PendingEvent& event = *due.event;
    event.running = false;
    if (!event.is_pending()) return false;
    std::erase(running_, due.slot);
    const TimelineDue next = event.repeat()->next;
    queue_of(next).release();
    enqueue(due.slot, next);
    due.event = nullptr;
    return true;
  }

  // Frees the slots of the events that the trigger has fired. The trigger has destroyed their actions.
  void give_back(EventRun& run, DueEvent& due) noexcept {
    for (; run.done > 0; --run.done) {
      slots_.give_back(*run.events[run.done - 1].event, run.events[run.done - 1].slot);
    }
    if (due.event != nullptr) slots_.give_back(*std::exchange(due.event, nullptr), due.slot);
  }

 private:
  SweepQueue& queue_of(const TimelineDue& due) noexcept { return due.on_steady ? steady_ : utc_; }
  SweepQueue& queue_of(const PendingEvent& event) noexcept {
    return event.on_steady ? steady_ : utc_;
  }

  void retire(Slot slot) noexcept {
    if (slots_[slot].has_id()) {
      const auto found = by_id_.find(slots_[slot].extras->id);
      if (found != by_id_.end() && found->second == slot) by_id_.erase(found);
    }
    EventSlots::retire(slots_[slot], slot);
  }

  static TimelineDue own_due_of(const PendingEvent& event) noexcept {
    if (event.running) return event.repeat()->next;
    return {event.on_steady, event.due};
  }

  // Requires the room in the queue.
  void enqueue(Slot slot, const TimelineDue& due) noexcept {
    PendingEvent& event = slots_[slot];
    event.on_steady = due.on_steady;
    event.due = due.due;
    queue_of(due).push(due.due, event.serial, slot);
  }

  [[nodiscard]] std::optional<Slot> next_due(const EventSweep& sweep) {
    const QueueEntry* utc = utc_.next(sweep.place);
    if (utc != nullptr && UtcTime(utc->due) > sweep.now.utc) utc = nullptr;
    const QueueEntry* steady = nullptr;
    if (!steady_.empty()) {
      SweepPlace place = sweep.place;
      place.due = sweep.now.to_steady(UtcTime(place.due)).time_since_epoch();
      steady = steady_.next(place);
      if (steady != nullptr && SteadyTime(steady->due) > sweep.now.steady) steady = nullptr;
    }
    if (steady == nullptr) return utc == nullptr ? std::nullopt : std::optional(utc->slot);
    if (utc == nullptr) return steady->slot;
    const auto steady_due = sweep.now.to_utc(SteadyTime(steady->due)).time_since_epoch();
    const bool utc_first = key_of(utc->due, utc->serial) < key_of(steady_due, steady->serial);
    return utc_first ? utc->slot : steady->slot;
  }

  // Moves a repeating event past the occurrences that are skipped. Returns whether it moved.
  bool skip(Slot slot, const TimeReading& now, std::uint64_t& skipped) {
    PendingEvent& event = slots_[slot];
    EventRepeat* const repeat = event.repeat();
    if (repeat == nullptr) return false;
    const std::optional<Skip> skip = skip_missed(*repeat, own_due_of(event), now);
    if (!skip) return false;
    queue_of(event).reserve(slot);
    queue_of(event).erase(slot);
    enqueue(slot, skip->next.at);
    repeat->wall_due = skip->next.wall_due;
    repeat->skipped = saturating_sum(repeat->skipped, skip->skipped);
    skipped += static_cast<std::uint64_t>(skip->skipped);
    return true;
  }

  void take(Slot slot, EventSweep& sweep, DueEvent& due) {
    PendingEvent& event = slots_[slot];
    const TimelineDue own_due = own_due_of(event);
    EventExtras* const extras = event.extras.get();
    EventRepeat* const repeat = event.repeat();
    FiredEvent fired{.due = own_due.to_utc(sweep.now),
                     .fired = sweep.now.utc,
                     .lateness = own_due.until_now(sweep.now)};
    bool dropped = false;
    if (extras != nullptr && extras->max_lateness) {
      const TimeReading now{sweep.source.now_utc(), sweep.source.now_steady()};
      if (own_due.until_now(now) > fired.lateness) {
        fired.lateness = own_due.until_now(now);
        fired.fired = now.utc;
      }
      dropped = fired.lateness > *extras->max_lateness;
    }
    const std::optional<Occurrence> next =
        repeat == nullptr ? std::nullopt : occurrence_after(*repeat, repeat->wall_due, own_due);
    if (next) {
      fired.id = extras->id;
      fired.type = extras->type;
      fired.payload = extras->payload;
      if (running_.size() == running_.capacity()) running_.reserve(2 * running_.size() + 1);
      queue_of(next->at).hold(slot);
    }
    // From here on nothing fails.
    due.event = &event;
    due.slot = slot;
    due.repeats = next.has_value();
    due.dropped = dropped;
    if (repeat != nullptr) fired.skipped = std::exchange(repeat->skipped, 0);
    due.fired = std::move(fired);
    queue_of(event).erase(slot);
    if (next) {
      repeat->next = next->at;
      repeat->wall_due = next->wall_due;
      event.running = true;
      running_.push_back(slot);
    } else {
      retire(slot);
      if (extras != nullptr) {
        due.fired.id = std::move(extras->id);
        due.fired.type = std::move(extras->type);
        due.fired.payload = std::move(extras->payload);
      }
    }
    pass(sweep, due.fired.due, event.serial);
  }

  void pass(EventSweep& sweep, UtcTime due, std::uint64_t serial) const noexcept {
    const bool is_first = sweep.place.serial == 0;
    if (is_first || due.time_since_epoch() != sweep.place.due) sweep.place.younger = next_serial_;
    sweep.place.due = due.time_since_epoch();
    sweep.place.serial = serial;
  }

  EventSlots slots_;
  SweepQueue utc_, steady_;
  std::unordered_map<std::string_view, Slot> by_id_;  // the keys are the strings in the slots
  std::uint64_t next_serial_ = 1;
  std::vector<Slot> running_;  // repeating events whose action runs
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENTS_H_
