// Adds sweeps to a lazy queue: a sweep passes each entry once, in order.
//
// An action may add an entry before the position of the sweep. The entry is then the first of the queue,
// but waits for the next sweep. The sweep moves such entries aside, to a small vector. Functions that need
// the whole order move them back first. While several sweeps run, nothing is moved aside: an entry that
// one sweep has passed may be the next entry of another.
//
// Threads: one at a time.
// Cost:    as LazyQueue. Moving an entry aside and back is one push and one pop. Erasing an entry that is
//          aside searches the vector.
// Errors:  as LazyQueue.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_SWEEP_QUEUE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_SWEEP_QUEUE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "masterclock/events/internal/lazy_queue.h"

namespace masterclock::inline v0_2::internal {

// The position of a sweep: after the entry (`due`, `serial`). Entries with a serial of at least
// `younger` were added after the sweep reached `due`.
struct SweepPlace {
  std::chrono::nanoseconds due;
  std::uint64_t serial;
  std::uint64_t younger;
};

class SweepQueue {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  [[nodiscard]] std::size_t size() const noexcept { return queue_.size() + aside_.size(); }
  [[nodiscard]] bool empty() const noexcept { return queue_.empty() && aside_.empty(); }

  void reserve(std::uint32_t slot) { queue_.reserve(slot); }
  void hold(std::uint32_t slot) { queue_.hold(slot); }
  void release() noexcept { queue_.release(); }
  void push(Nanoseconds due, std::uint64_t serial, std::uint32_t slot) noexcept {
    queue_.push(due, serial, slot);
  }
  void pop_first() noexcept { queue_.pop_first(); }

  void erase(std::uint32_t slot) noexcept {
    if (aside_.empty() || queue_.contains(slot)) return queue_.erase(slot);
    const auto entry = std::find_if(aside_.begin(), aside_.end(),
                                    [&](const QueueEntry& other) { return other.slot == slot; });
    *entry = aside_.back();
    aside_.pop_back();
  }

  [[nodiscard]] const QueueEntry* first() {
    put_back();
    return queue_.first();
  }
  // Returns whether the entry of `slot` is the first, except for entries that are aside.
  [[nodiscard]] bool is_first(std::uint32_t slot) {
    const QueueEntry* const entry = queue_.first();
    return entry != nullptr && entry->slot == slot;
  }
  template <class Visit>
  void for_each(Nanoseconds from, Nanoseconds until, Visit&& visit) {
    put_back();
    queue_.for_each(from, until, visit);
  }

  void begin_sweep() {
    put_back();
    ++sweeps_;
  }
  void end_sweep() noexcept { --sweeps_; }

  // Returns the first entry that a sweep has not passed; null when there is none. Entries that were
  // added for `place.due` after the sweep reached it count as passed, so that the sweep ends.
  [[nodiscard]] const QueueEntry* next(const SweepPlace& place) {
    const QueueEntry* const entry = queue_.first();
    return entry == nullptr || entry->due > place.due ? entry : step_over(place);
  }

  // Calls `visit` with next(), and with the entries after it while they are the first of the queue, until
  // `visit` returns false. `visit` changes nothing here.
  template <class Visit>
  void visit_next(const SweepPlace& place, Visit&& visit) {
    const QueueEntry* const entry = next(place);
    if (entry == nullptr || entry != queue_.first()) return;
    queue_.visit_first(
        [&](const QueueEntry& later) { return !is_passed(later, place) && visit(later); });
  }

 private:
  [[gnu::noinline]] const QueueEntry* step_over(const SweepPlace& place) {
    const QueueEntry* entry = queue_.first();
    if (sweeps_ == 1) {
      for (; entry != nullptr && is_passed(*entry, place); entry = queue_.first()) {
        aside_.push_back(*entry);
        queue_.pop_first();
      }
      return entry;
    }
    if (entry->due != place.due || entry->serial <= place.serial) {
      entry = queue_.first_after(place.due, place.serial);
    }
    if (entry != nullptr && entry->due == place.due && entry->serial >= place.younger) {
      entry = queue_.first_after(place.due, ~std::uint64_t{0});
    }
    return entry;
  }
  static bool is_passed(const QueueEntry& entry, const SweepPlace& place) noexcept {
    if (entry.due != place.due) return entry.due < place.due;
    return entry.serial <= place.serial || entry.serial >= place.younger;
  }

  void put_back() {
    for (; !aside_.empty(); aside_.pop_back()) {
      const QueueEntry& entry = aside_.back();
      queue_.reserve(entry.slot);
      queue_.push(entry.due, entry.serial, entry.slot);
    }
  }

  LazyQueue queue_;
  std::vector<QueueEntry> aside_;  // in no order
  int sweeps_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_SWEEP_QUEUE_H_
