// Finds the first event: a priority queue that sorts entries only when they may be the first.
//
// A heap or a tree finds the place of an entry when it is added. The work is wasted when the entry is
// cancelled or moved before it is due. Among a million entries each place is a cache miss. A lazy queue
// keeps the near future sorted and the later future in unsorted buckets:
//
//   sorted                 |  buckets (event_buckets.h)     overflow: entries added
//   the earliest entries     later ------------------>     since the last distribution
//
// The first entry is the first of `sorted`, unless the overflow has an earlier one. In that case, and
// when the overflow is full, the overflow is sorted and distributed. The first bucket is sorted and
// becomes `sorted` when `sorted` is empty.
//
// An erased or moved entry stays in its place, dead. Each slot has a ticket, which changes with its entry;
// an entry is live while it has the ticket of its slot. Above a quarter of dead entries, each further
// dead entry makes the queue sweep one bucket.
//
// Requirements: a slot has at most one entry at a time; no two entries share a serial; slots are small
//               numbers (a table has one element per slot).
// Threads: one at a time.
// Cost:    amortized O(log n) per entry, and nearly O(1) where due times are spread out. push and erase
//          are O(1), except when the overflow is distributed; first is O(1), except when a bucket is sorted.
// Errors:  std::bad_alloc, from functions that are not noexcept. The entries and their order then stay.
// Source:  R. Rönngren, J. Riboe, R. Ayani: "Lazy queue: an efficient implementation of the
//          pending-event set", Annual Simulation Symposium, 1991.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_LAZY_QUEUE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_LAZY_QUEUE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "masterclock/events/internal/entry_sort.h"
#include "masterclock/events/internal/event_buckets.h"

namespace masterclock::inline v0_2::internal {

class LazyQueue {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  // `most`: about how many entries are sorted at a time, and the size of the overflow and of a bucket. A
  // larger number makes fewer buckets and longer sorts. Tests use small ones.
  explicit LazyQueue(std::size_t most = 4096) : most_(most), buckets_(most) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool contains(std::uint32_t slot) const noexcept {
    return slot < tickets_.size() && (tickets_[slot] & 1) != 0;  // odd: the slot has an entry
  }

  // Returns the first entry, valid until something changes; null when there is none.
  const QueueEntry* first() {
    if (!sorted_.empty() && is_live(sorted_.back()) &&
        (overflow_.empty() || key_of(sorted_.back()) < overflow_low_)) {
      return &sorted_.back();
    }
    return find_first();
  }

  // Returns the first entry after the place (`due`, `serial`) in the order; null when there is none.
  //
  // Cost: a read of the sorted entries and of a bucket. For the case that first() is before this place.
  const QueueEntry* first_after(Nanoseconds due, std::uint64_t serial) {
    distribute();
    const EntryKey place = key_of(due, serial);
    auto at = std::partition_point(sorted_.begin(), sorted_.end(),
                                   [&](const QueueEntry& entry) { return place < key_of(entry); });
    while (at != sorted_.begin()) {
      if (is_live(*--at)) return &*at;
    }
    const QueueEntry* found = nullptr;
    buckets_.visit(place, key_of(Nanoseconds::max(), ~std::uint64_t{0}), [&](const auto& entries) {
      for (const QueueEntry& entry : entries) {
        const bool is_after = place < key_of(entry) && is_live(entry);
        if (is_after && (found == nullptr || comes_before(entry, *found))) found = &entry;
      }
      return found != nullptr;
    });
    return found;
  }

  // Allocates, so that one push() for `slot` cannot fail. Required before each push().
  void reserve(std::uint32_t slot) {
    if (slot >= tickets_.size() || overflow_.size() >= most_) make_room(slot);
  }
  // Holds the room for one later push(), while other entries are pushed. release() frees the room,
  // for that push or for others.
  void hold(std::uint32_t slot) {
    reserve(slot);
    overflow_.reserve(std::max<std::size_t>(overflow_.size(), most_) + held_ + 1);
    ++held_;
  }
  void release() noexcept { --held_; }

  void push(Nanoseconds due, std::uint64_t serial, std::uint32_t slot) noexcept {
    const EntryKey key = key_of(due, serial);
    if (overflow_.empty() || key < overflow_low_) overflow_low_ = key;
    overflow_.push_back({due, serial, slot, ++tickets_[slot]});
    ++size_;
  }

  // Removes the entry of `slot`, which has one.
  void erase(std::uint32_t slot) noexcept {
    const std::uint32_t ticket = tickets_[slot]++;
    --size_;
    if (!sorted_.empty() && sorted_.back().slot == slot && sorted_.back().ticket == ticket) {
      sorted_.pop_back();
      return;
    }
    ++dead_;
    // 4 * most_: dead entries outside of the buckets.
    if (dead_ > size_ / 4 + 4 * most_) dead_ -= buckets_.sweep_next({tickets_});
  }

  // Removes the entry that first() has just returned.
  void pop_first() noexcept {
    ++tickets_[sorted_.back().slot];
    sorted_.pop_back();
    --size_;
  }

  // Calls `visit` with the first entries, in order, until `visit` returns false or the order is unknown.
  // `visit` changes nothing here. Requires that nothing changed since first().
  template <class Visit>
  void visit_first(Visit&& visit) const {
    for (std::size_t i = sorted_.size(); i-- > 0;) {
      const QueueEntry& entry = sorted_[i];
      const bool is_next = overflow_.empty() || key_of(entry) < overflow_low_;
      if (!is_next || !is_live(entry) || !visit(entry)) return;
    }
  }

  // Calls `visit` with each entry due in [from, until), in order. `visit` changes nothing here.
  //
  // Cost: O(k log k) for k answers, and a read of the buckets in which the range ends.
  template <class Visit>
  void for_each(Nanoseconds from, Nanoseconds until, Visit&& visit) {
    if (from >= until) return;
    distribute();
    auto at = std::partition_point(sorted_.begin(), sorted_.end(),
                                   [&](const QueueEntry& entry) { return entry.due >= from; });
    while (at != sorted_.begin()) {
      const QueueEntry& entry = *--at;
      if (entry.due >= until) return;
      if (is_live(entry)) visit(entry);
    }
    std::vector<QueueEntry> found, in_order;
    buckets_.visit(key_of(from, 0), key_of(until, 0), [&](const auto& entries) {
      found.clear();
      for (const QueueEntry& entry : entries) {
        const bool has_begun = entry.due >= from, has_ended = entry.due >= until;
        // One branch for both conditions: the processor cannot predict either alone. Requires from < until.
        if (has_begun == has_ended) continue;
        __builtin_prefetch(&tickets_[entry.slot]);  // for is_dead below: tickets lie in no order
        found.push_back(entry);
      }
      std::erase_if(found, IsDead{tickets_});
      sort_latest_first(found, in_order);
      for (std::size_t i = in_order.size(); i-- > 0;) visit(in_order[i]);
      return false;
    });
  }

 private:
  [[nodiscard]] bool is_live(const QueueEntry& entry) const noexcept {
    return !IsDead{tickets_}(entry);
  }

  [[gnu::noinline]] const QueueEntry* find_first() {
    for (;;) {
      while (!sorted_.empty() && !is_live(sorted_.back())) {
        sorted_.pop_back();
        --dead_;
      }
      if (sorted_.empty() && !buckets_.empty()) {
        refill();
      } else if (!overflow_.empty() &&
                 (sorted_.empty() || overflow_low_ < key_of(sorted_.back()))) {
        distribute();
      } else {
        return sorted_.empty() ? nullptr : &sorted_.back();
      }
    }
  }

  // Distributes a full overflow, unless most of it is dead.
  [[gnu::noinline]] void make_room(std::uint32_t slot) {
    overflow_.reserve(most_ + held_ + 1);  // before the ticket, which tells reserve() that there is room
    if (slot >= tickets_.size()) tickets_.resize(std::size_t{slot} + 1);
    if (overflow_.size() < most_) return;
    sweep_overflow();
    if (overflow_.size() > most_ / 2) distribute_live();
  }
  void sweep_overflow() noexcept {
    if (dead_ == 0) return;
    dead_ -= std::erase_if(overflow_, IsDead{tickets_});
  }

  void distribute() {
    if (overflow_.empty()) return;
    sweep_overflow();
    distribute_live();
  }
  void distribute_live() {
    sort_latest_first(overflow_, spare_);
    Rest rest{overflow_, spare_.data(), spare_.data() + spare_.size()};
    const QueueEntry* const later = std::partition_point(
        rest.begin, rest.end,
        [&](const QueueEntry& entry) { return !buckets_.is_before_all(entry); });
    buckets_.add_in_order(rest.begin, later, dead_, {tickets_});
    if (sorted_.empty() && rest.begin == spare_.data()) {
      sorted_.swap(spare_);
    } else {
      merge(rest.begin, rest.end);
    }
    rest.begin = rest.end;
    if (sorted_.size() > 2 * most_) spill();
  }
  // Leaves the entries in [begin, end) in the overflow, also when memory runs out.
  struct Rest {
    std::vector<QueueEntry>& overflow;
    const QueueEntry *begin, *end;
    ~Rest() { overflow.assign(begin, end); }
  };

  // Merges [begin, end), the latest first, into sorted_.
  void merge(const QueueEntry* begin, const QueueEntry* end) {
    std::size_t old = sorted_.size();
    sorted_.resize(old + static_cast<std::size_t>(end - begin));
    for (std::size_t hole = sorted_.size(); end != begin;) {
      const bool moves = old > 0 && comes_before(sorted_[old - 1], end[-1]);
      sorted_[--hole] = moves ? sorted_[--old] : *--end;
    }
  }

  // Moves the later part of sorted_, which is too long, to a bucket.
  void spill() {
    const auto count = static_cast<std::ptrdiff_t>(sorted_.size() - most_ / 2);
    buckets_.add_in_front(sorted_.data(), sorted_.data() + count);
    sorted_.erase(sorted_.begin(), sorted_.begin() + count);
  }

  void refill() {
    sort_latest_first(buckets_.first(), sorted_);
    buckets_.drop_first();
  }

  const std::size_t most_;
  std::size_t size_ = 0;                // of live entries
  std::size_t dead_ = 0;                // entries still stored
  std::size_t held_ = 0;                // see hold()
  std::vector<std::uint32_t> tickets_;  // by slot
  std::vector<QueueEntry> overflow_;    // in the order of push()
  EntryKey overflow_low_ = 0;           // no entry of the overflow comes before it
  std::vector<QueueEntry> sorted_;      // the latest first
  EventBuckets buckets_;
  std::vector<QueueEntry> spare_;  // working space
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_LAZY_QUEUE_H_
