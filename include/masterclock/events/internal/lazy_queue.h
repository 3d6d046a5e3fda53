// Which event is first: an order that is made when it is asked for.
//
// An entry is a due time, a serial number that orders entries of the same due time, and a slot: the
// number under which the owner keeps the event itself. `now` is always passed in.
//
// A heap, or a tree, finds the place of an entry when it comes. That is work for nothing when the entry
// is cancelled or moved before it is due, and of a million entries each place is another line of memory
// that is not in the cache. So here an entry is only put down when it comes, and is looked at again when
// it may be the first, together with its neighbours:
//
//   near (in order)     |  piles (see event_piles.h)        inbox: what came since,
//   the earliest ones     later ------------------>         not looked at yet
//
// The first entry is the first of `near`, unless something in the inbox comes before it: then the inbox
// is sorted and dealt out, as it is when it is full. When `near` is used up, the first pile is sorted
// and takes its place.
//
// An entry that is erased or moved stays where it is and counts no more. Each slot has a ticket, which
// changes whenever its entry does, and an entry counts as long as its ticket is its slot's. When the dead
// are more than a quarter of those alive, each one more has a pile swept.
//
// Requirements: a slot has at most one entry at a time; no two entries share a serial; slots are
// small numbers, used again when free (the structure keeps a table as long as the greatest slot).
//
// Threads: none of its own; the owner locks.
// Cost:    push, erase and update O(1), and now and then the work on everything in the inbox; taking the
//          first O(1), and now and then the sorting of one pile. For each entry that is O(log n) in
//          all, and close to O(1) where due times spread out. Allocates only to grow.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::LazyQueue heap;
//   heap.push({masterclock::UtcTime(20s), 1, 0});
//   heap.push({masterclock::UtcTime(10s), 2, 1});
//   assert(heap.pop_due(masterclock::UtcTime(15s))->slot == 1);
//   assert(!heap.pop_due(masterclock::UtcTime(15s)));
#ifndef MASTERCLOCK_EVENTS_INTERNAL_LAZY_QUEUE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_LAZY_QUEUE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "masterclock/events/internal/event_piles.h"
#include "masterclock/events/internal/entry_sort.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// `kNear` is about how many entries are kept in order, and the most in the inbox; `kSheet` the most on a sheet of a pile.
// The defaults were measured; a test takes small ones.
template <class Time, std::uint32_t kNear = 2048, std::uint32_t kSheet = 1024>
class BasicEventHeap {
 public:
  struct Entry {
    Time due;
    std::uint64_t serial;
    std::uint32_t slot;
    std::uint32_t ticket = 0;  // set by the heap
  };

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool contains(std::uint32_t slot) const noexcept {
    return slot < tickets_.size() && is_in(tickets_[slot]);
  }

  // The first entry in order, until something changes; null when there is none.
  const Entry* first() {
    if (!near_.empty() && is_live(near_.back()) &&
        (inbox_.empty() || internal::key_of(near_.back()) < inbox_low_)) {
      return &near_.back();
    }
    return find_first();
  }
  [[gnu::noinline]] const Entry* find_first() {
    for (;;) {
      while (!near_.empty() && !is_live(near_.back())) {
        near_.pop_back();
        --dead_;
      }
      if (near_.empty() && !piles_.empty()) {
        refill();
      } else if (!inbox_.empty() &&
                 (near_.empty() || inbox_low_ < internal::key_of(near_.back()))) {
        deal_out();
      } else {
        return near_.empty() ? nullptr : &near_.back();
      }
    }
  }

  // The first entry behind the place (`due`, `serial`) in the order; null when there is none.
  //
  // Cost: O(kNear + kSheet). Wanted only where the first entry of all lies before that place.
  const Entry* first_after(Time due, std::uint64_t serial) {
    deal_out();
    const internal::EventKey place = internal::key_of(Entry{due, serial, 0});
    auto at = end_of_near_after(place);
    while (at != near_.begin()) {
      if (is_live(*--at)) return &*at;
    }
    const Entry* found = nullptr;
    piles_.visit(
        place, internal::key_of(Entry{Time::max(), kNoSerial, 0}),
        [&](const Entry& entry) {
          const bool behind = place < internal::key_of(entry) && is_live(entry);
          if (behind && (found == nullptr || internal::comes_before(entry, *found))) found = &entry;
        },
        [&] { return found != nullptr; });
    return found;
  }

  [[gnu::always_inline]] void push(Time due, std::uint64_t serial, std::uint32_t slot) {
    if (slot >= tickets_.size() || inbox_.size() >= kNear) make_room(slot);
    // Written member by member: read as a whole too soon, it would wait for them.
    Entry& entry = inbox_.emplace_back();
    entry.due = due;
    entry.serial = serial;
    entry.slot = slot;
    entry.ticket = ++tickets_[slot];
    const internal::EventKey key = internal::key_of(due, serial);
    if (inbox_.size() == 1 || key < inbox_low_) inbox_low_ = key;
    ++size_;
  }
  void push(const Entry& entry) { push(entry.due, entry.serial, entry.slot); }

  // Takes the entry of `slot` out; `slot` must have one.
  void erase(std::uint32_t slot) noexcept {
    const std::uint32_t ticket = tickets_[slot]++;
    --size_;
    if (!near_.empty() && near_.back().slot == slot && near_.back().ticket == ticket) {
      near_.pop_back();
      return;
    }
    ++dead_;
    if (dead_ > size_ / 4 + 4 * kNear) tidy();  // not all of those are near or in the inbox
  }

  // Gives `slot`, which must have an entry, this one instead.
  void update(Time due, std::uint64_t serial, std::uint32_t slot) {
    erase(slot);
    push(due, serial, slot);
  }
  void update(const Entry& entry) { update(entry.due, entry.serial, entry.slot); }

  // What may be the first some turns from now, for the owner to fetch what it keeps of it, as the heap
  // does here: at a million, each is a wait for memory. Null when that is not known.
  [[nodiscard]] const Entry* fetch_ahead() const noexcept {
    constexpr std::size_t kTurns = 16;
    if (near_.size() <= kTurns) return nullptr;
    const Entry& entry = near_[near_.size() - 1 - kTurns];
    __builtin_prefetch(&tickets_[entry.slot], 1);
    return &entry;
  }

  // Takes out and returns the first entry if it is due at `now`.
  std::optional<Entry> pop_due(Time now) {
    const Entry* const found = first();
    if (found == nullptr || found->due > now) return std::nullopt;
    const Entry entry = *found;
    pop_first();
    return entry;
  }

  // Takes out what first() or first_after() has just answered.
  void take(const Entry& entry) noexcept {
    if (&entry == &near_.back()) [[likely]] {
      pop_first();
    } else {
      erase(entry.slot);
    }
  }
  // Takes out what first() has just answered.
  void pop_first() noexcept {
    ++tickets_[near_.back().slot];
    near_.pop_back();
    --size_;
  }

  // Calls `visit` with each entry due in [from, until), in order. `visit` must not change anything.
  //
  // Cost: O(k log k) for k answers, and a look at the piles that the ends of the range lie in.
  template <class Visit>
  void for_each(Time from, Time until, Visit&& visit) {
    if (from >= until) return;
    deal_out();
    const internal::EventKey begin = internal::key_of(Entry{from, 0, 0});
    const internal::EventKey end = internal::key_of(Entry{until, 0, 0});
    auto at = std::partition_point(near_.begin(), near_.end(),
                                   [&](const Entry& entry) { return entry.due >= from; });
    while (at != near_.begin()) {
      const Entry& entry = *--at;
      if (entry.due >= until) return;
      if (is_live(entry)) visit(entry);
    }
    found_.clear();
    piles_.visit(
        begin, end,
        [&](const Entry& entry) {
          if (entry.due >= from && entry.due < until && is_live(entry)) found_.push_back(entry);
        },
        [&] {
          internal::sort_latest_first(found_, spare_);
          while (!found_.empty()) {
            visit(found_.back());
            found_.pop_back();
          }
          return false;
        });
  }

 private:
  static constexpr std::uint64_t kNoSerial = ~std::uint64_t{0};

  // A slot whose ticket is odd has an entry.
  static bool is_in(std::uint32_t ticket) noexcept { return (ticket & 1) != 0; }
  [[nodiscard]] bool is_live(const Entry& entry) const noexcept {
    return tickets_[entry.slot] == entry.ticket;
  }

  // In near_, which is in reverse order: the end of what comes behind `place`.
  auto end_of_near_after(internal::EventKey place) const noexcept {
    return std::partition_point(near_.begin(), near_.end(), [&](const Entry& entry) {
      return place < internal::key_of(entry);
    });
  }

  // For one more entry, of `slot`: a full inbox is dealt out unless most of it is dead.
  [[gnu::noinline]] void make_room(std::uint32_t slot) {
    inbox_.reserve(kNear);
    if (slot >= tickets_.size()) tickets_.resize(std::size_t{slot} + 1);
    if (inbox_.size() < kNear) return;
    sweep_inbox();
    if (inbox_.size() > kNear / 2) put_away_inbox();
  }
  void sweep_inbox() noexcept {
    if (dead_ == 0) return;
    dead_ -= std::erase_if(inbox_, [&](const Entry& entry) { return !is_live(entry); });
  }

  void deal_out() {
    if (inbox_.empty()) return;
    sweep_inbox();
    put_away_inbox();
  }
  // Sorts the inbox, and puts each entry where it belongs.
  void put_away_inbox() {
    internal::sort_latest_first(inbox_, spare_);
    const auto near = std::partition_point(inbox_.begin(), inbox_.end(), [&](const Entry& entry) {
      return !piles_.is_before_all(entry);
    });
    dead_ -= piles_.add_in_order(inbox_.data(), inbox_.data() + (near - inbox_.begin()),
                                 [&](const Entry& entry) { return is_live(entry); });
    merge_into_near(near);
    inbox_.clear();
    if (near_.size() > 2 * kNear) spill();
  }

  // Puts the end of the inbox, which is in order, into near_: no further than to the place of the latest.
  void merge_into_near(typename std::vector<Entry>::const_iterator latest) {
    std::size_t old = near_.size();
    if (old == 0) {
      inbox_.erase(inbox_.begin(), latest);
      near_.swap(inbox_);
      return;
    }
    near_.resize(old + static_cast<std::size_t>(inbox_.cend() - latest));
    std::size_t hole = near_.size();
    for (auto entry = inbox_.cend(); entry != latest;) {
      const bool moves = old > 0 && internal::comes_before(near_[old - 1], entry[-1]);
      near_[--hole] = moves ? near_[--old] : entry[-1];
      entry -= moves ? 0 : 1;
    }
  }

  // Too much is near: the later part of it goes onto piles.
  void spill() {
    const auto count = static_cast<std::ptrdiff_t>(near_.size() - kNear / 2);
    piles_.add_in_front(near_.data(), near_.data() + count);
    near_.erase(near_.begin(), near_.begin() + count);
  }

  // Nothing is near: the first pile is.
  void refill() {
    piles_.take_first(near_);
    if (dead_ != 0) {
      dead_ -= std::erase_if(near_, [&](const Entry& entry) { return !is_live(entry); });
    }
    internal::sort_latest_first(near_, spare_);
  }

  [[gnu::noinline]] void tidy() noexcept {
    dead_ -= piles_.sweep_next([&](const Entry& entry) { return is_live(entry); });
  }

  std::size_t size_ = 0;
  std::size_t dead_ = 0;                // entries that count no more
  std::vector<std::uint32_t> tickets_;  // by slot
  std::vector<Entry> inbox_;            // in the order in which they came
  internal::EventKey inbox_low_ = 0;    // nothing in the inbox comes before it
  std::vector<Entry> near_;             // the earliest, last first
  internal::EventPiles<Entry, kSheet> piles_;
  std::vector<Entry> spare_, found_;  // room to work in
};

using LazyQueue = BasicEventHeap<UtcTime>;
using SteadyEventHeap = BasicEventHeap<SteadyTime>;

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_INTERNAL_LAZY_QUEUE_H_
