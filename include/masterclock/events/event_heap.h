// Which event is first: an indexed d-ary heap, without a lock and without a clock.
//
// An entry is a due time, a serial number that orders entries of the same due time, and a slot: the
// number under which the owner keeps the event itself. The heap remembers where each slot's entry
// stands, so that an entry is erased or moved without looking for it. `now` is always passed in.
//
// Requirements: a slot has at most one entry at a time; no two entries share a serial; slots are
// small numbers, used again when free (the heap keeps a table as long as the greatest slot).
//
// Threads: none of its own; the owner locks.
// Cost:    push, erase, update and pop_due are O(log n); nothing allocates once grown.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::EventHeap heap;
//   heap.push({masterclock::UtcTime(20s), 1, 0});
//   heap.push({masterclock::UtcTime(10s), 2, 1});
//   assert(heap.pop_due(masterclock::UtcTime(15s))->slot == 1);
//   assert(!heap.pop_due(masterclock::UtcTime(15s)));
#ifndef MASTERCLOCK_EVENTS_EVENT_HEAP_H_
#define MASTERCLOCK_EVENTS_EVENT_HEAP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "masterclock/time/time_points.h"

namespace masterclock {

template <class Time>
class BasicEventHeap {
 public:
  struct Entry {
    Time due;
    std::uint64_t serial;
    std::uint32_t slot;
  };

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] bool contains(std::uint32_t slot) const noexcept {
    return slot < place_.size() && place_[slot] != kNowhere;
  }

  // The entry of `slot`, which must have one.
  [[nodiscard]] const Entry& at(std::uint32_t slot) const noexcept {
    return entries_[place_[slot]];
  }

  // The first entry in order; null when there is none.  Cost: O(1).
  [[nodiscard]] const Entry* first() const noexcept {
    return entries_.empty() ? nullptr : &entries_.front();
  }

  // The first entry behind the place (`due`, `serial`) in the order; null when there is none.
  //
  // Cost: O(n). Wanted only where the first entry of all lies before that place.
  [[nodiscard]] const Entry* first_after(Time due, std::uint64_t serial) const noexcept {
    const Entry place{due, serial, 0};
    const Entry* found = nullptr;
    for (const Entry& entry : entries_) {
      if (before(place, entry) && (found == nullptr || before(entry, *found))) found = &entry;
    }
    return found;
  }

  void push(const Entry& entry) {
    if (entry.slot >= place_.size()) place_.resize(std::size_t{entry.slot} + 1, kNowhere);
    entries_.push_back(entry);
    rise(entries_.size() - 1, entry);
  }

  // Takes the entry of `slot` out; `slot` must have one.
  void erase(std::uint32_t slot) noexcept {
    const std::size_t hole = place_[slot];
    const Entry last = entries_.back();
    entries_.pop_back();
    place_[slot] = kNowhere;
    if (hole < entries_.size()) settle(hole, last);
  }

  // Gives the entry of `slot`, which must have one, another due time. Its serial stays.
  void update(std::uint32_t slot, Time due) noexcept {
    Entry entry = at(slot);
    entry.due = due;
    settle(place_[slot], entry);
  }

  // Takes out and returns the first entry if it is due at `now`.
  std::optional<Entry> pop_due(Time now) noexcept {
    if (entries_.empty() || entries_.front().due > now) return std::nullopt;
    const Entry entry = entries_.front();
    erase(entry.slot);
    return entry;
  }

  // Calls `visit` with each entry due in [from, until), in order.
  //
  // Cost: O(m + k log k) for k answers among the m entries due before `until`; allocates.
  template <class Visit>
  void for_each(Time from, Time until, Visit&& visit) const {
    std::vector<Entry> found;
    std::vector<std::size_t> open;  // places still to look at
    if (!entries_.empty()) open.push_back(0);
    while (!open.empty()) {
      const std::size_t place = open.back();
      open.pop_back();
      const Entry& entry = entries_[place];
      if (entry.due >= until) continue;  // and so is everything below it
      if (entry.due >= from) found.push_back(entry);
      const std::size_t child = place * kArity + 1;
      for (std::size_t i = child; i < std::min(child + kArity, entries_.size()); ++i) {
        open.push_back(i);
      }
    }
    std::sort(found.begin(), found.end(), before);
    for (const Entry& entry : found) visit(entry);
  }

 private:
  static constexpr std::size_t kArity = 4;
  static constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

  static bool before(const Entry& a, const Entry& b) noexcept {
    return a.due != b.due ? a.due < b.due : a.serial < b.serial;
  }

  void put(std::size_t place, const Entry& entry) noexcept {
    entries_[place] = entry;
    place_[entry.slot] = static_cast<std::uint32_t>(place);
  }

  // Fills the hole at `place` with `entry`, which may belong above it or below it.
  void settle(std::size_t place, const Entry& entry) noexcept {
    if (place > 0 && before(entry, entries_[(place - 1) / kArity])) {
      rise(place, entry);
    } else {
      sink(place, entry);
    }
  }

  void rise(std::size_t place, const Entry& entry) noexcept {
    while (place > 0) {
      const std::size_t parent = (place - 1) / kArity;
      if (!before(entry, entries_[parent])) break;
      put(place, entries_[parent]);
      place = parent;
    }
    put(place, entry);
  }

  void sink(std::size_t place, const Entry& entry) noexcept {
    for (;;) {
      const std::size_t child = place * kArity + 1;
      if (child >= entries_.size()) break;
      std::size_t least = child;
      for (std::size_t i = child + 1; i < std::min(child + kArity, entries_.size()); ++i) {
        if (before(entries_[i], entries_[least])) least = i;
      }
      if (!before(entries_[least], entry)) break;
      put(place, entries_[least]);
      place = least;
    }
    put(place, entry);
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> place_;  // by slot: where its entry stands
};

using EventHeap = BasicEventHeap<UtcTime>;
using SteadyEventHeap = BasicEventHeap<SteadyTime>;

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_EVENT_HEAP_H_
