// The order of one timeline, for those who sweep through it.
//
// A sweep goes forward once. What comes to stand behind it, because somebody scheduled it for a time that the
// sweep has passed, is first in the order and yet not for this sweep, and would be in its way at each
// step. So the sweep puts it aside. Whoever wants the whole order has it put back; while there are
// several sweeps nothing is put aside, since what one of them has passed another may want.
//
// Threads: none of its own; the owner locks.
// Cost:    as LazyQueue; to put aside and back is to take out and push, to erase what is aside a look at
//          all that is.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_LINE_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_LINE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "masterclock/events/internal/lazy_queue.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// How far a sweep has come: behind the entry (`due`, `serial`). Serials from `younger` on were given
// after it came to `due`.
template <class Time>
struct SweepPlace {
  Time due;
  std::uint64_t serial;
  std::uint64_t younger;
};

template <class Time>
class BasicEventLine {
 public:
  using Entry = typename BasicEventHeap<Time>::Entry;

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size() + aside_.size(); }
  [[nodiscard]] bool empty() const noexcept { return heap_.empty() && aside_.empty(); }

  [[gnu::always_inline]] void push(Time due, std::uint64_t serial, std::uint32_t slot) {
    heap_.push(due, serial, slot);
  }
  void erase(std::uint32_t slot) noexcept {
    if (!aside_.empty() && !heap_.contains(slot)) [[unlikely]] {
      erase_aside(slot);
    } else {
      heap_.erase(slot);
    }
  }
  // The same for what next() has answered.
  [[gnu::always_inline]] void take(const Entry& entry) noexcept { heap_.take(entry); }
  void update(Time due, std::uint64_t serial, std::uint32_t slot) {
    if (aside_.empty()) return heap_.update(due, serial, slot);
    erase(slot);
    push(due, serial, slot);
  }

  [[nodiscard]] const Entry* first() {
    put_back();
    return heap_.first();
  }
  // Whether nothing comes before `slot` but what was put aside.
  [[nodiscard]] bool is_in_front(std::uint32_t slot) {
    const Entry* const entry = heap_.first();
    return entry != nullptr && entry->slot == slot;
  }
  template <class Visit>
  void for_each(Time from, Time until, Visit&& visit) {
    put_back();
    heap_.for_each(from, until, visit);
  }
  [[nodiscard]] const Entry* fetch_ahead() const noexcept { return heap_.fetch_ahead(); }

  void begin_sweep() {
    put_back();
    ++sweeps_;
  }
  void end_sweep() noexcept { --sweeps_; }

  // The first entry that a sweep has not passed. What was scheduled for its `due` after it came there is
  // passed by: it could hold the sweep up for ever.
  [[nodiscard, gnu::always_inline]] const Entry* next(SweepPlace<Time> place) {
    const Entry* const entry = heap_.first();
    if (entry == nullptr || entry->due > place.due) [[likely]]
      return entry;
    return step_over(place);
  }

 private:
  [[gnu::noinline]] const Entry* step_over(SweepPlace<Time> place) {
    const Entry* entry = heap_.first();
    if (sweeps_ == 1) {
      for (; entry != nullptr && is_behind(*entry, place); entry = heap_.first()) {
        aside_.push_back(*entry);
        heap_.pop_first();
      }
      return entry;
    }
    if (entry->due != place.due || entry->serial <= place.serial) {
      entry = heap_.first_after(place.due, place.serial);
    }
    if (entry != nullptr && entry->due == place.due && entry->serial >= place.younger) {
      entry = heap_.first_after(place.due, std::numeric_limits<std::uint64_t>::max());
    }
    return entry;
  }
  static bool is_behind(const Entry& entry, const SweepPlace<Time>& place) noexcept {
    if (entry.due != place.due) return entry.due < place.due;
    return entry.serial <= place.serial || entry.serial >= place.younger;
  }

  void put_back() {
    while (!aside_.empty()) [[unlikely]] {
        const Entry& entry = aside_.back();
        heap_.push(entry.due, entry.serial, entry.slot);
        aside_.pop_back();
      }
  }
  [[gnu::noinline]] void erase_aside(std::uint32_t slot) noexcept {
    const auto entry = std::find_if(aside_.begin(), aside_.end(),
                                    [&](const Entry& other) { return other.slot == slot; });
    *entry = aside_.back();
    aside_.pop_back();
  }

  BasicEventHeap<Time> heap_;
  std::vector<Entry> aside_;  // in no order
  int sweeps_ = 0;
};

using EventLine = BasicEventLine<UtcTime>;
using SteadyEventLine = BasicEventLine<SteadyTime>;

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_LINE_H_
