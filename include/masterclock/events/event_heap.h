// Which event is first: an indexed d-ary heap for what comes soon, ordered piles for what comes
// later.
//
// An entry is a due time, a serial number that orders entries of the same due time, and a slot: the
// number under which the owner keeps the event itself. The structure remembers where each slot's
// entry stands, so that an entry is erased or moved without looking for it. `now` is always passed
// in.
//
// A heap is the quickest order for a few hundred entries and a poor one for a million: every level
// is another line of memory that is not in the cache. So only the earliest entries are in the heap.
// The rest lie in piles of up to `kPile`, unsorted inside, each pile wholly before the next:
//
//   heap (sorted enough)  |  pile  |  pile  |  pile  ...
//   the earliest entries     later ------------------>
//
// An entry is thrown on its pile and not looked at again until its pile has become the first, and
// is tipped into the heap. A pile that is full is cut in two at its middle; a heap that is full
// gives its later half away as a pile. With up to `kHeap` entries there are no piles.
//
// Requirements: a slot has at most one entry at a time; no two entries share a serial; slots are
// small numbers, used again when free (the structure keeps a table as long as the greatest slot).
//
// Threads: none of its own; the owner locks.
// Cost:    push, erase, update and pop_due are O(log n), nearly all of it in the cache, plus now
// and
//          then the work on one pile; they allocate nothing once grown.
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
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "masterclock/time/time_points.h"

namespace masterclock {

// `kHeap` and `kPile` are the most entries in the heap and in a pile. The defaults were measured; a
// test takes small ones.
template <class Time, std::uint32_t kHeap = 768, std::uint32_t kPile = 512>
class BasicEventHeap {
  static_assert(kPile >= 8 && kHeap >= kPile && kHeap / 2 < kPile);

 public:
  struct Entry {
    Time due;
    std::uint64_t serial;
    std::uint32_t slot;
  };

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool contains(std::uint32_t slot) const noexcept {
    return slot < place_.size() && place_[slot].pile != kNowhere;
  }

  // The entry of `slot`, which must have one.
  [[nodiscard]] const Entry& at(std::uint32_t slot) const noexcept {
    const Place place = place_[slot];
    return place.pile == kInHeap ? heap_[place.index] : piles_[place.pile].entries[place.index];
  }

  // The first entry in order; null when there is none.  Cost: O(1).
  [[nodiscard]] const Entry* first() const noexcept {
    return heap_.empty() ? nullptr : &heap_.front();
  }

  // The first entry behind the place (`due`, `serial`) in the order; null when there is none.
  //
  // Cost: O(kHeap + kPile). Wanted only where the first entry of all lies before that place.
  [[nodiscard]] const Entry* first_after(Time due, std::uint64_t serial) const noexcept {
    const Entry place{due, serial, 0};
    const Entry* found = nullptr;
    const auto look = [&](const Entry& entry) {
      if (before(place, entry) && (found == nullptr || before(entry, *found))) found = &entry;
    };
    for (const Entry& entry : heap_) look(entry);
    // Every pile is later than the heap, and every later pile later still.
    for (std::size_t i = std::min(pile_of(place) + 1, order_.size());
         found == nullptr && i-- > 0;) {
      for_each_in(order_[i].pile, look);
    }
    return found;
  }

  void push(const Entry& entry) {
    if (entry.slot >= place_.size()) place_.resize(std::size_t{entry.slot} + 1);
    ++size_;
    if (is_soon(entry) && heap_.size() >= kHeap) spill();
    if (is_soon(entry)) {
      if (heap_.capacity() < kHeap) heap_.reserve(kHeap);  // for good: refill() must not allocate
      heap_.push_back(entry);
      rise(heap_.size() - 1, entry);
    } else {
      throw_on(pile_of(entry), entry);
    }
  }

  // Takes the entry of `slot` out; `slot` must have one.
  void erase(std::uint32_t slot) noexcept {
    const Place place = std::exchange(place_[slot], Place{});
    --size_;
    if (place.pile == kInHeap) {
      const Entry last = heap_.back();
      heap_.pop_back();
      if (place.index < heap_.size()) settle(place.index, last);
      if (heap_.empty() && size_ > 0) refill();
    } else {
      Pile& pile = piles_[place.pile];
      Entry& entry = pile.entries[place.index];
      entry.slot = kNobody;
      if (--pile.live == 0 || pile.live == kSparse) tidy(Entry(entry), place.pile);
    }
  }

  // Gives the entry of `slot`, which must have one, another due time. Its serial stays.
  void update(std::uint32_t slot, Time due) {
    const Place place = place_[slot];
    Entry entry = at(slot);
    entry.due = due;
    if (place.pile == kInHeap && is_soon(entry)) {
      settle(place.index, entry);
    } else {
      erase(slot);
      push(entry);
    }
  }

  // Takes out and returns the first entry if it is due at `now`.
  std::optional<Entry> pop_due(Time now) noexcept {
    if (heap_.empty() || heap_.front().due > now) return std::nullopt;
    const Entry entry = heap_.front();
    erase(entry.slot);
    return entry;
  }

  // Calls `visit` with each entry due in [from, until), in order. `visit` must not change anything.
  //
  // Cost: O(k log k) for k answers, and a look at the entries of the heap that are due before
  // `until`
  //       and of the piles that the ends of the range lie in; allocates.
  template <class Visit>
  void for_each(Time from, Time until, Visit&& visit) const {
    std::vector<Entry> found;
    const auto show = [&] {
      std::sort(found.begin(), found.end(), before);
      for (const Entry& entry : found) visit(entry);
      found.clear();
    };
    std::vector<std::size_t> open;  // places in the heap still to look at
    if (!heap_.empty()) open.push_back(0);
    while (!open.empty()) {
      const std::size_t place = open.back();
      open.pop_back();
      const Entry& entry = heap_[place];
      if (entry.due >= until) continue;  // and so is everything below it
      if (entry.due >= from) found.push_back(entry);
      const std::size_t child = place * kArity + 1;
      for (std::size_t i = child; i < std::min(child + kArity, heap_.size()); ++i) {
        open.push_back(i);
      }
    }
    show();
    const Entry begin{from, 0, 0};
    for (std::size_t i = std::min(pile_of(begin) + 1, order_.size()); i-- > 0;) {
      if (order_[i].low.due >= until) break;
      for_each_in(order_[i].pile, [&](const Entry& entry) {
        if (entry.due >= from && entry.due < until) found.push_back(entry);
      });
      show();
    }
  }

 private:
  static constexpr std::size_t kArity = 4;
  static constexpr std::uint32_t kSparse = kPile / 8;  // a pile this low joins a neighbour
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kNowhere = kNobody, kInHeap = kNobody - 1;

  struct Place {
    std::uint32_t pile = kNowhere;
    std::uint32_t index = 0;
  };
  struct Pile {
    std::unique_ptr<Entry[]> entries;  // those of slot kNobody are gone
    std::uint32_t used = 0, live = 0;
  };
  struct Range {
    Entry low;  // nothing in the pile comes before it, everything in earlier piles does
    std::uint32_t pile;
  };

  // Due time and serial as one number: comparing two of them takes no branch to guess wrong.
  __extension__ using Key = __int128;
  static Key key(const Entry& entry) noexcept {
    return (Key{entry.due.time_since_epoch().count()} << 64) | entry.serial;
  }
  static bool before(const Entry& a, const Entry& b) noexcept { return key(a) < key(b); }

  // --- the heap ---

  [[nodiscard]] bool is_soon(const Entry& entry) const noexcept {
    return order_.empty() || before(entry, order_.back().low);
  }

  void put(std::size_t index, const Entry& entry) noexcept {
    heap_[index] = entry;
    place_[entry.slot] = {kInHeap, static_cast<std::uint32_t>(index)};
  }

  // Fills the hole at `index` with `entry`, which may belong above it or below it.
  void settle(std::size_t index, const Entry& entry) noexcept {
    if (index > 0 && before(entry, heap_[(index - 1) / kArity])) {
      rise(index, entry);
    } else {
      sink(index, entry);
    }
  }

  void rise(std::size_t index, const Entry& entry) noexcept {
    while (index > 0) {
      const std::size_t parent = (index - 1) / kArity;
      if (!before(entry, heap_[parent])) break;
      put(index, heap_[parent]);
      index = parent;
    }
    put(index, entry);
  }

  void sink(std::size_t index, const Entry& entry) noexcept {
    for (;;) {
      const std::size_t child = index * kArity + 1;
      if (child >= heap_.size()) break;
      const std::size_t end = std::min(child + kArity, heap_.size());
      std::size_t least = child;
      for (std::size_t i = child + 1; i < end; ++i) {
        least = before(heap_[i], heap_[least]) ? i : least;
      }
      if (!before(heap_[least], entry)) break;
      put(index, heap_[least]);
      index = least;
    }
    put(index, entry);
  }

  // Makes a heap of what lies in heap_ in any order.
  void heapify() noexcept {
    for (std::size_t i = heap_.size(); i-- > 0;) sink(i, Entry(heap_[i]));
  }

  // The heap is full: its later half becomes the first pile.
  void spill() {
    const auto middle = heap_.begin() + static_cast<std::ptrdiff_t>(heap_.size() / 2);
    std::nth_element(heap_.begin(), middle, heap_.end(), before);
    const std::uint32_t pile = new_pile();
    order_.push_back({*middle, pile});
    for (auto entry = middle; entry != heap_.end(); ++entry) append(pile, *entry);
    heap_.erase(middle, heap_.end());
    heapify();
  }

  // The heap is empty: the first pile is tipped into it.
  void refill() noexcept {
    const std::uint32_t pile = order_.back().pile;
    order_.pop_back();
    for_each_in(pile, [&](const Entry& entry) { heap_.push_back(entry); });
    drop_pile(pile);
    heapify();
  }

  // --- the piles ---

  // Where in order_ the pile is that `place` belongs on; order_.size() when it belongs in the heap.
  [[nodiscard]] std::size_t pile_of(const Entry& place) const noexcept {
    std::size_t begin = 0;
    for (std::size_t count = order_.size(); count > 0;) {
      const std::size_t half = count / 2;
      const bool later = before(place, order_[begin + half].low);
      begin += later ? half + 1 : 0;
      count = later ? count - half - 1 : half;
    }
    return begin;
  }

  template <class Visit>
  void for_each_in(std::uint32_t pile, Visit&& visit) const {
    const Pile& p = piles_[pile];
    for (std::uint32_t i = 0; i < p.used; ++i) {
      if (p.entries[i].slot != kNobody) visit(p.entries[i]);
    }
  }

  void append(std::uint32_t pile, const Entry& entry) noexcept {
    Pile& p = piles_[pile];
    place_[entry.slot] = {pile, p.used};
    p.entries[p.used++] = entry;
    ++p.live;
  }

  void throw_on(std::size_t at, const Entry& entry) {
    std::uint32_t pile = order_[at].pile;
    if (piles_[pile].used == kPile) {
      sweep_up(pile);
      if (piles_[pile].live > kPile / 4 * 3) {
        split(at);
        pile = order_[pile_of(entry)].pile;
      }
    }
    append(pile, entry);
  }

  // Closes the gaps that erased entries left.
  void sweep_up(std::uint32_t pile) noexcept {
    Pile& p = piles_[pile];
    const std::uint32_t used = p.used;
    p.used = p.live = 0;
    for (std::uint32_t i = 0; i < used; ++i) {
      if (p.entries[i].slot != kNobody) append(pile, Entry(p.entries[i]));
    }
  }

  // Cuts a pile without gaps at its middle.
  void split(std::size_t at) {
    const std::uint32_t pile = order_[at].pile, later = new_pile();
    Pile& p = piles_[pile];
    const std::uint32_t used = p.used, middle = used / 2;
    Entry* const entries = p.entries.get();
    std::nth_element(entries, entries + middle, entries + used, before);
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(at), {entries[middle], later});
    for (std::uint32_t i = middle; i < used; ++i) append(later, entries[i]);
    p.used = p.live = 0;
    for (std::uint32_t i = 0; i < middle; ++i) append(pile, Entry(entries[i]));
  }

  // A pile has run empty, or low: it goes, and what is left of it joins a neighbour that has room.
  void tidy(const Entry& gone, std::uint32_t pile) noexcept {
    const std::size_t at = pile_of(gone);
    if (piles_[pile].live > 0) {
      // The earlier neighbour takes later entries as they are; the later one gets a new low end.
      const bool earlier = at + 1 < order_.size() && has_room(order_[at + 1].pile);
      const bool later = !earlier && at > 0 && has_room(order_[at - 1].pile);
      if (!earlier && !later) return;
      const std::uint32_t into = order_[earlier ? at + 1 : at - 1].pile;
      if (later) order_[at - 1].low = order_[at].low;
      sweep_up(into);
      for_each_in(pile, [&](const Entry& entry) { append(into, entry); });
    }
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(at));
    drop_pile(pile);
  }
  [[nodiscard]] bool has_room(std::uint32_t pile) const noexcept {
    return piles_[pile].live <= kPile / 2;
  }

  std::uint32_t new_pile() {
    if (free_piles_.empty()) {
      free_piles_.reserve(piles_.size() + 1);  // so that drop_pile never allocates
      piles_.push_back({std::make_unique<Entry[]>(kPile), 0, 0});
      return static_cast<std::uint32_t>(piles_.size() - 1);
    }
    const std::uint32_t pile = free_piles_.back();
    free_piles_.pop_back();
    return pile;
  }
  void drop_pile(std::uint32_t pile) noexcept {
    piles_[pile].used = piles_[pile].live = 0;
    free_piles_.push_back(pile);
  }

  std::size_t size_ = 0;
  std::vector<Place> place_;  // by slot: where its entry stands
  std::vector<Entry> heap_;
  std::vector<Range> order_;  // the piles, latest first
  std::vector<Pile> piles_;   // by number, in no order
  std::vector<std::uint32_t> free_piles_;
};

using EventHeap = BasicEventHeap<UtcTime>;
using SteadyEventHeap = BasicEventHeap<SteadyTime>;

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_EVENT_HEAP_H_
