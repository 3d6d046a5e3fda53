// What is pending: the events themselves, their two orders (UTC and steady) and their names, as one
// book. It has no lock, and the scheduler passes readings of the clock in; only what must not be late is
// held against a reading of its own.
//
// Threads: none of its own; the owner locks.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENTS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENTS_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/lazy_queue.h"
#include "masterclock/events/internal/event_line.h"
#include "masterclock/events/internal/recurrence.h"
#include "masterclock/events/internal/event_serials.h"
#include "masterclock/events/internal/event_slab.h"
#include "masterclock/events/internal/pending_event.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

class PendingEvents {
 public:
  using Slot = std::uint32_t;

  [[nodiscard]] std::size_t size() const noexcept {
    return utc_.size() + steady_.size() + running_.size();
  }

  [[nodiscard]] std::optional<Slot> find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<Slot> find(EventHandle handle) const noexcept {
    const auto slot = static_cast<Slot>(handle.to_uint64() & kSlotMask);
    const bool pending =
        handle && slab_.knows(slot) && slab_[slot].serial == handle.to_uint64() >> kSlotBits;
    return pending ? std::optional(slot) : std::nullopt;
  }
  [[nodiscard]] EventHandle handle_of(Slot slot) const noexcept {
    return handle_from(slab_[slot].serial, slot);
  }

  // Adds an event whose id is not pending.
  [[gnu::always_inline]] Slot put_in(std::unique_ptr<EventExtras>&& extras, EventAction&& action,
                                     const TimelineDue& due) {
    const Slot slot = slab_.take();
    PendingEvent& event = slab_[slot];
    event.serial = serials_.next();
    event.extras = std::move(extras);
    // Over an empty one, which holds nothing: to assign to it would be a call through a pointer to learn that.
    std::construct_at(&event.action, std::move(action));
    if (event.has_id()) by_id_.emplace(event.extras->id, slot);
    line_up(slot, due);
    return slot;
  }

  // A place for an event to come: it is admitted, or given up, before anything else is put in.
  void reserve(EventPlace& place) {
    place.slot = slab_.take();
    place.serial = serials_.next();
    place.ready = false;
  }
  void admit(EventPlace& place) {
    PendingEvent& event = slab_[place.slot];
    event.serial = place.serial;
    event.action = std::move(place.action);
    line_up(place.slot, {false, place.due, {}});
  }
  void give_up(const EventPlace& place) noexcept { slab_.give_back(place.slot); }
  // The serial of the first that neither came nor was given up; the greatest number when there is none.
  void await(std::uint64_t serial) noexcept { awaited_ = serial; }
  [[nodiscard]] static EventHandle handle_of(const EventPlace& place) noexcept {
    return handle_from(place.serial, place.slot);
  }

  // Takes an event out; `taken` receives what it holds, to be let go when the lock is gone.
  void take_out(Slot slot, PendingEvent& taken) {
    PendingEvent& event = slab_[slot];
    retire(event);
    if (event.running) {  // whoever runs it sees to the rest: see put_back()
      std::erase(running_, slot);
      return;
    }
    taken.extras = std::move(event.extras);
    taken.action = std::move(event.action);
    leave_line(slot);
    slab_.give_back(slot);
  }

  // Moves an event to another due time, on the UTC timeline.
  void move(Slot slot, UtcTime due) {
    PendingEvent& event = slab_[slot];
    EventRepeat* const repeat = event.repeat();
    if (event.running) {
      repeat->moved = due;
      return;
    }
    if (event.on_steady) {
      steady_.erase(slot);
      line_up(slot, {false, due, {}});
    } else {
      event.due = due.time_since_epoch();
      utc_.update(due, event.serial, slot);
    }
  }

  // Whether nothing on its timeline comes before it.
  [[nodiscard]] bool is_first(Slot slot) {
    const PendingEvent& event = slab_[slot];
    if (event.running) return false;
    return event.on_steady ? steady_.is_in_front(slot) : utc_.is_in_front(slot);
  }

  // Of one whose action runs it is when it is due next.
  [[nodiscard]] UtcTime due_of(Slot slot, const TimelineReading& now) const {
    TimelineDue due = own_due_of(slot);
    if (slab_[slot].running) {
      EventRepeat repeat = *slab_[slot].repeat();
      due = next_occurrence(repeat).value_or(due);
    }
    return due.on_steady ? now.to_utc(due.steady) : due.utc;
  }

  [[nodiscard]] ScheduledEvent describe(Slot slot, const TimelineReading& now) const {
    ScheduledEvent event{.handle = handle_of(slot), .due = due_of(slot, now)};
    if (const EventExtras* const extras = slab_[slot].extras.get()) {
      event.id = extras->id;
      event.type = extras->type;
      event.payload = extras->payload;
    }
    return event;
  }

  // What is due in [from, until), in order.
  [[nodiscard]] std::vector<Slot> between(UtcTime from, UtcTime until, const TimelineReading& now) {
    const auto comes_first = [](const auto& a, const auto& b) {
      return a.due != b.due ? a.due < b.due : a.serial < b.serial;
    };
    std::vector<LazyQueue::Entry> found;
    utc_.for_each(from, until, [&](const auto& entry) { found.push_back(entry); });
    if (!steady_.empty()) {
      const auto utc_count = static_cast<std::ptrdiff_t>(found.size());
      steady_.for_each(now.to_steady(from), now.to_steady(until), [&](const auto& entry) {
        found.push_back({now.to_utc(entry.due), entry.serial, entry.slot});
      });
      std::inplace_merge(found.begin(), found.begin() + utc_count, found.end(), comes_first);
    }
    for (const Slot slot : running_) {
      const LazyQueue::Entry entry{due_of(slot, now), slab_[slot].serial, slot};
      if (entry.due < from || entry.due >= until) continue;
      found.insert(std::upper_bound(found.begin(), found.end(), entry, comes_first), entry);
    }
    std::vector<Slot> slots;
    slots.reserve(found.size());
    for (const auto& entry : found) slots.push_back(entry.slot);
    return slots;
  }

  [[nodiscard]] std::optional<UtcTime> first_due(const TimelineReading& now) {
    std::optional<UtcTime> first;
    if (const auto* entry = utc_.first()) first = entry->due;
    if (const auto* entry = steady_.first()) {
      const UtcTime due = now.to_utc(entry->due);
      if (!first || due < *first) first = due;
    }
    return first;
  }

  // How long until the first event is due, each measured on its own timeline.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_first(const TimelineReading& now) {
    std::optional<std::chrono::nanoseconds> wait;
    if (const auto* entry = utc_.first()) wait = saturating_difference(entry->due, now.utc);
    if (const auto* entry = steady_.first()) {
      const auto steady = saturating_difference(entry->due, now.steady);
      if (!wait || steady < *wait) wait = steady;
    }
    return wait;
  }

  // A trigger begins to take what is due, or has ended.
  void begin_sweep() {
    utc_.begin_sweep();
    steady_.begin_sweep();
  }
  void end_sweep() noexcept {
    utc_.end_sweep();
    steady_.end_sweep();
  }

  using Due = DueEvent;

  // Takes the next event that `sweep` finds due, and moves the sweep past it. False at the end.
  // `skipped` grows by the occurrences that are not to fire. `due` must hold none.
  bool take_due(EventSweep& sweep, Due& due, std::uint64_t& skipped) {
    if (steady_.empty() && !due.has_extras) [[likely]] {  // what follows, for what most often comes
      const auto* const entry = utc_.next({sweep.due, sweep.serial, sweep.younger});
      if (entry == nullptr || entry->due > sweep.until) return false;
      PendingEvent& event = slab_[entry->slot];
      if (event.extras == nullptr) [[likely]] {
        take_plain(*entry, event, sweep, due);
        return true;
      }
    }
    while (const std::optional<Slot> slot = next_due(sweep)) {
      EventRepeat* const repeat = slab_[*slot].repeat();
      if (repeat != nullptr && catch_up(*slot, *repeat, sweep.now, skipped)) continue;
      take(*slot, sweep, due);
      move_on(sweep, due);
      return true;
    }
    return false;
  }

  // The action of a repeating event has ended: its next occurrence is pending and `due` holds none,
  // unless it was cancelled meanwhile, or its wall never shows the reading again.
  enum class PutBack { kPending, kCancelled, kOver };
  PutBack put_back(Due& due) {
    PendingEvent& event = *due.event;
    const bool cancelled = event.serial != due.serial;
    const std::optional<TimelineDue> next =
        cancelled ? std::nullopt : next_occurrence(*event.repeat());
    event.running = false;
    if (cancelled) return PutBack::kCancelled;
    std::erase(running_, due.slot);
    if (!next) {
      retire(event);
      return PutBack::kOver;
    }
    line_up(due.slot, *next);
    due.event = nullptr;
    return PutBack::kPending;
  }

  // The slot of `due` is free, if it holds one, once what was in it has been let go.
  void give_back(Due& due) noexcept {
    if (std::exchange(due.event, nullptr) != nullptr) slab_.give_back(due.slot);
  }

 private:
  static constexpr unsigned kSlotBits = 24;
  static constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;
  static EventHandle handle_from(std::uint64_t serial, Slot slot) noexcept {
    return EventHandle::from_uint64(serial << kSlotBits | slot);
  }

  // From now on its handle is stale and its id free.
  void retire(PendingEvent& event) {
    if (event.has_id()) by_id_.erase(event.extras->id);
    event.serial = 0;
  }

  [[nodiscard]] TimelineDue own_due_of(Slot slot) const noexcept {
    const PendingEvent& event = slab_[slot];
    if (event.running) return event.repeat()->current;
    if (event.on_steady) return {true, {}, SteadyTime(event.due)};
    return {false, UtcTime(event.due), {}};
  }

  [[gnu::always_inline]] void line_up(Slot slot, const TimelineDue& due) {
    PendingEvent& event = slab_[slot];
    event.on_steady = due.on_steady;
    event.due = due.on_steady ? due.steady.time_since_epoch() : due.utc.time_since_epoch();
    if (due.on_steady) {
      steady_.push(due.steady, event.serial, slot);
    } else {
      utc_.push(due.utc, event.serial, slot);
    }
  }
  [[gnu::always_inline]] void leave_line(Slot slot) noexcept {
    if (slab_[slot].on_steady) {
      steady_.erase(slot);
    } else {
      utc_.erase(slot);
    }
  }

  // The next event for `sweep` that is due.
  [[nodiscard, gnu::always_inline]] std::optional<Slot> next_due(const EventSweep& sweep) {
    const auto* utc = utc_.next({sweep.due, sweep.serial, sweep.younger});
    if (utc != nullptr && utc->due > sweep.until) utc = nullptr;
    if (steady_.empty()) return utc == nullptr ? std::nullopt : std::optional(utc->slot);
    const auto* steady =
        steady_.next({sweep.now.to_steady(sweep.due), sweep.serial, sweep.younger});
    if (steady != nullptr && steady->due > sweep.now.steady) steady = nullptr;
    if (steady == nullptr) return utc == nullptr ? std::nullopt : std::optional(utc->slot);
    const UtcTime steady_due = sweep.now.to_utc(steady->due);
    if (utc == nullptr && steady_due > sweep.until) return std::nullopt;
    const bool utc_first =
        utc != nullptr &&
        (utc->due != steady_due ? utc->due < steady_due : utc->serial < steady->serial);
    return utc_first ? utc->slot : steady->slot;
  }

  // Moves a repeating event past the occurrences that are not to fire. Whether it moved.
  bool catch_up(Slot slot, EventRepeat& repeat, const TimelineReading& now,
                std::uint64_t& skipped) {
    const std::int64_t before = repeat.skipped;
    const auto next = skip_missed(repeat, own_due_of(slot), now);
    if (!next) return false;
    skipped += static_cast<std::uint64_t>(repeat.skipped - before);
    leave_line(slot);
    line_up(slot, *next);
    return true;
  }

  // The place of a sweep is behind what it has just taken.
  [[gnu::always_inline]] void move_on(EventSweep& sweep, const Due& due) {
    const bool is_first = sweep.serial == 0;
    if (is_first || due.fired.due != sweep.due) {
      sweep.younger = std::min(awaited_, serials_.upcoming());
    }
    sweep.due = due.fired.due;
    sweep.serial = due.serial;
    // Those that come next are fetched while this one's action runs.
    if (const auto* later = utc_.fetch_ahead()) __builtin_prefetch(&slab_[later->slot], 1);
  }

  // As take(), for an event on UTC that is a due time and an action.
  [[gnu::always_inline]] void take_plain(const EventLine::Entry& entry, PendingEvent& event,
                                         EventSweep& sweep, Due& due) {
    due.fired.fired = sweep.now.utc;
    due.fired.due = entry.due;
    due.fired.lateness = saturating_difference(sweep.now.utc, entry.due);
    due.hold(event, entry.slot);
    event.serial = 0;
    utc_.take(entry);
    move_on(sweep, due);
  }

  // Takes a due event out, or out of line when it repeats, and says what fired.
  void take(Slot slot, const EventSweep& sweep, Due& due) {
    PendingEvent& event = slab_[slot];
    due.hold(event, slot);
    due.say_when(sweep.now);
    leave_line(slot);
    if (event.extras != nullptr || due.has_extras) {
      take_extras(event, sweep, due);
    } else {
      event.serial = 0;
    }
  }
  // The same for what it has beside its time and its action, or the one before it had.
  [[gnu::noinline]] void take_extras(PendingEvent& event, const EventSweep& sweep, Due& due) {
    due.has_extras = event.extras != nullptr;
    if (due.has_extras && event.extras->max_lateness) due.look_whether_too_late(sweep);
    due.repeats = event.repeat() != nullptr;
    if (due.repeats) {
      event.repeat()->current = own_due_of(due.slot);
      event.running = true;
      running_.push_back(due.slot);
    } else {
      retire(event);
    }
    due.say_what();
  }

  EventSlab<PendingEvent> slab_;
  EventLine utc_;
  SteadyEventLine steady_;
  std::unordered_map<std::string_view, Slot> by_id_;  // the views are of the strings in slab_
  EventSerials serials_;
  std::uint64_t awaited_ = std::numeric_limits<std::uint64_t>::max();  // see await()
  std::vector<Slot> running_;  // repeating events whose action runs
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENTS_H_
