// What is pending: the events themselves, their two orders (UTC and steady) and their names, as one
// book. It has no lock and reads no clock: the scheduler owns both and passes readings in.
//
// Threads: none of its own; the owner locks.
#ifndef MASTERCLOCK_EVENTS_PENDING_EVENTS_H_
#define MASTERCLOCK_EVENTS_PENDING_EVENTS_H_

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
#include "masterclock/events/event_heap.h"
#include "masterclock/events/event_serials.h"
#include "masterclock/events/event_slab.h"
#include "masterclock/time/time_points.h"

namespace masterclock::internal {

// One reading of both timelines, and how each is read on the other as long as nobody steps UTC.
struct TimelineReading {
  UtcTime utc;
  SteadyTime steady;
  [[nodiscard]] UtcTime to_utc(SteadyTime t) const noexcept {
    return saturating_add(utc, saturating_difference(t, steady));
  }
  [[nodiscard]] SteadyTime to_steady(UtcTime t) const noexcept {
    return saturating_add(steady, saturating_difference(t, utc));
  }
};

// A due time on the timeline that it was asked for.
struct TimelineDue {
  bool on_steady = false;
  UtcTime utc{};
  SteadyTime steady{};
};

// How far a trigger has come in the order.
struct EventSweep {
  TimelineReading now;
  UtcTime due = UtcTime::min();  // of the event that it took last ...
  std::uint64_t serial = 0;      // ... and that event's serial
  // Serials from here on were given after the sweep came to `due`.
  std::uint64_t younger = std::numeric_limits<std::uint64_t>::max();
};

// What an event has beside its time and its action. Most have nothing.
struct EventTexts {
  std::string id, type, payload;
};

// One line of the cache: a million pending events are a million of these.
struct PendingEvent {
  std::uint64_t serial = 0;  // 0: the slot is unused
  bool on_steady = false;
  std::unique_ptr<EventTexts> texts = nullptr;
  absl::AnyInvocable<void(const FiredEvent&)> action = nullptr;
};

class PendingEvents {
 public:
  using Slot = std::uint32_t;

  [[nodiscard]] std::size_t size() const noexcept { return utc_.size() + steady_.size(); }

  [[nodiscard]] std::optional<Slot> find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::optional<Slot> find(EventHandle handle) const noexcept {
    const bool pending =
        handle && slab_.knows(handle.slot_) && slab_[handle.slot_].serial == handle.serial_;
    return pending ? std::optional(handle.slot_) : std::nullopt;
  }
  [[nodiscard]] EventHandle handle_of(Slot slot) const noexcept {
    return EventHandle(slab_[slot].serial, slot);
  }

  // Adds an event whose id is not pending.
  Slot put_in(std::unique_ptr<EventTexts>&& texts,
              absl::AnyInvocable<void(const FiredEvent&)>&& action, const TimelineDue& due) {
    const Slot slot = slab_.take();
    PendingEvent& kept = slab_[slot];
    kept.serial = serials_.next();
    kept.on_steady = due.on_steady;
    kept.texts = std::move(texts);
    kept.action = std::move(action);
    if (kept.texts != nullptr && !kept.texts->id.empty()) by_id_.emplace(kept.texts->id, slot);
    if (due.on_steady) {
      steady_.push({due.steady, kept.serial, slot});
    } else {
      utc_.push({due.utc, kept.serial, slot});
    }
    return slot;
  }

  // Takes an event out; `event` receives what it holds, to be let go when the lock is gone.
  void take_out(Slot slot, PendingEvent& event) {
    PendingEvent& kept = slab_[slot];
    if (kept.on_steady) {
      steady_.erase(slot);
    } else {
      utc_.erase(slot);
    }
    if (kept.texts != nullptr && !kept.texts->id.empty()) by_id_.erase(kept.texts->id);
    event.serial = std::exchange(kept.serial, 0);
    event.texts = std::move(kept.texts);
    event.action = std::move(kept.action);
    slab_.give_back(slot);
  }

  // Moves an event to another due time, on the UTC timeline.
  void move(Slot slot, UtcTime due) {
    PendingEvent& event = slab_[slot];
    if (event.on_steady) {
      steady_.erase(slot);
      event.on_steady = false;
      utc_.push({due, event.serial, slot});
    } else {
      utc_.update(slot, due);
    }
  }

  // Whether nothing on its timeline comes before it.
  [[nodiscard]] bool is_first(Slot slot) const noexcept {
    return slab_[slot].on_steady ? steady_.first()->slot == slot : utc_.first()->slot == slot;
  }

  [[nodiscard]] UtcTime due_of(Slot slot, const TimelineReading& now) const noexcept {
    return slab_[slot].on_steady ? now.to_utc(steady_.at(slot).due) : utc_.at(slot).due;
  }

  [[nodiscard]] ScheduledEvent describe(Slot slot, const TimelineReading& now) const {
    ScheduledEvent event{.handle = handle_of(slot), .due = due_of(slot, now)};
    if (const EventTexts* const texts = slab_[slot].texts.get()) {
      event.id = texts->id;
      event.type = texts->type;
      event.payload = texts->payload;
    }
    return event;
  }

  // What is due in [from, until), in order.
  [[nodiscard]] std::vector<Slot> between(UtcTime from, UtcTime until,
                                          const TimelineReading& now) const {
    std::vector<EventHeap::Entry> found;
    utc_.for_each(from, until, [&](const auto& entry) { found.push_back(entry); });
    if (!steady_.empty()) {
      const auto utc_count = static_cast<std::ptrdiff_t>(found.size());
      steady_.for_each(now.to_steady(from), now.to_steady(until), [&](const auto& entry) {
        found.push_back({now.to_utc(entry.due), entry.serial, entry.slot});
      });
      std::inplace_merge(found.begin(), found.begin() + utc_count, found.end(),
                         [](const auto& a, const auto& b) {
                           return a.due != b.due ? a.due < b.due : a.serial < b.serial;
                         });
    }
    std::vector<Slot> slots;
    slots.reserve(found.size());
    for (const auto& entry : found) slots.push_back(entry.slot);
    return slots;
  }

  [[nodiscard]] std::optional<UtcTime> first_due(const TimelineReading& now) const noexcept {
    std::optional<UtcTime> first;
    if (const auto* entry = utc_.first()) first = entry->due;
    if (const auto* entry = steady_.first()) {
      const UtcTime due = now.to_utc(entry->due);
      if (!first || due < *first) first = due;
    }
    return first;
  }

  // How long until the first event is due, each measured on its own timeline.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> until_first(
      const TimelineReading& now) const noexcept {
    std::optional<std::chrono::nanoseconds> wait;
    if (const auto* entry = utc_.first()) wait = saturating_difference(entry->due, now.utc);
    if (const auto* entry = steady_.first()) {
      const auto steady = saturating_difference(entry->due, now.steady);
      if (!wait || steady < *wait) wait = steady;
    }
    return wait;
  }

  // An event taken out because it is due.
  struct Due {
    PendingEvent event;
    UtcTime due;
    std::chrono::nanoseconds lateness;
  };

  // Takes out the next event that `sweep` finds due, and moves the sweep past it. False at the end.
  bool take_due(EventSweep& sweep, Due& found) {
    const auto* utc = next_in(utc_, sweep.due, sweep);
    if (utc != nullptr && utc->due > sweep.now.utc) utc = nullptr;
    const auto* steady = next_in(steady_, sweep.now.to_steady(sweep.due), sweep);
    if (steady != nullptr && steady->due > sweep.now.steady) steady = nullptr;
    if (utc == nullptr && steady == nullptr) return false;

    Slot slot = 0;
    const UtcTime steady_due = steady == nullptr ? UtcTime{} : sweep.now.to_utc(steady->due);
    if (steady == nullptr ||
        (utc != nullptr &&
         (utc->due != steady_due ? utc->due < steady_due : utc->serial < steady->serial))) {
      slot = utc->slot;
      found.due = utc->due;
      found.lateness = saturating_difference(sweep.now.utc, utc->due);
    } else {
      slot = steady->slot;
      found.due = steady_due;
      found.lateness = saturating_difference(sweep.now.steady, steady->due);
    }
    take_out(slot, found.event);
    if (found.due != sweep.due) sweep.younger = serials_.upcoming();
    sweep.due = found.due;
    sweep.serial = found.event.serial;
    // The next one is fetched while this one's action runs.
    if (const auto* next = utc_.first()) __builtin_prefetch(&slab_[next->slot]);
    return true;
  }

 private:
  // The first entry that `sweep` has not passed. What was scheduled for its `due` after it came
  // there is passed by: it could hold the sweep up for ever.
  template <class Time>
  static const typename BasicEventHeap<Time>::Entry* next_in(const BasicEventHeap<Time>& heap,
                                                             Time passed, const EventSweep& sweep) {
    const auto* entry = heap.first();
    if (entry != nullptr &&
        (entry->due != passed ? entry->due < passed : entry->serial <= sweep.serial)) {
      entry = heap.first_after(passed, sweep.serial);
    }
    if (entry != nullptr && entry->due == passed && entry->serial >= sweep.younger) {
      entry = heap.first_after(passed, std::numeric_limits<std::uint64_t>::max());
    }
    return entry;
  }

  EventSlab<PendingEvent> slab_;
  EventHeap utc_;
  SteadyEventHeap steady_;
  std::unordered_map<std::string_view, Slot> by_id_;  // the views are of the strings in slab_
  EventSerials serials_;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_PENDING_EVENTS_H_
