// What is due later: entries on piles that are ordered among themselves and not inside.
//
//   earlier | pile | pile | pile ... later
//
// An entry is thrown on its pile and not looked at again until its pile is the first, and is taken.
// A pile that is full is cut in two. The piles do not know which of their entries have been cancelled:
// whoever calls says so, by a predicate.
//
// Threads: none of its own; the owner locks.
// Cost:    a search among the piles for each entry; allocates a pile at a time.
#ifndef MASTERCLOCK_EVENTS_EVENT_PILES_H_
#define MASTERCLOCK_EVENTS_EVENT_PILES_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "masterclock/events/event_sort.h"

namespace masterclock::internal {

// `kPile`: the most entries on a pile.
template <class Entry, std::uint32_t kPile>
class EventPiles {
  static_assert(kPile >= 8);

 public:
  [[nodiscard]] bool empty() const noexcept { return order_.empty(); }

  // Whether `entry` comes before everything here.
  [[nodiscard]] bool is_before_all(const Entry& entry) const noexcept {
    return order_.empty() || key_of(entry) < order_.back().low;
  }

  // Takes entries that come before everything here, the latest first.
  void add_in_front(const Entry* latest, const Entry* end) {
    while (latest != end) {
      const auto count = std::min<std::ptrdiff_t>(end - latest, kPile / 2);
      const std::uint32_t pile = new_pile();
      std::copy(latest, latest + count, piles_[pile].entries.get());
      piles_[pile].used = static_cast<std::uint32_t>(count);
      latest += count;
      order_.push_back({key_of(latest[-1]), pile});
    }
  }

  // Takes entries in order, the latest first, none of which comes before everything here. How many
  // cancelled ones were swept away on the way.
  template <class IsLive>
  std::size_t add_in_order(const Entry* entry, const Entry* end, IsLive&& is_live) {
    std::size_t swept = 0;
    std::size_t at = 0;  // in order_: the latest pile on which `entry` may belong
    while (entry != end) {
      // The ends of some piles are fetched before the first of them is written to.
      std::array<std::size_t, 16> place;
      const auto some = std::min<std::size_t>(place.size(), static_cast<std::size_t>(end - entry));
      for (std::size_t i = 0; i < some; ++i) {
        place[i] = at = pile_of(key_of(entry[i]), at);
        const Pile& p = piles_[order_[at].pile];
        __builtin_prefetch(p.entries.get() + p.used, 1);
      }
      for (std::size_t i = 0; i < some; ++i) {
        Pile& p = piles_[order_[place[i]].pile];
        if (p.used == kPile) {  // from here on they are looked for again
          at = place[i];
          swept += make_room(at, is_live);
          break;
        }
        p.entries[p.used++] = *entry++;
      }
    }
    return swept;
  }

  // Moves the first pile to the end of `to`.
  void take_first(std::vector<Entry>& to) {
    const std::uint32_t pile = order_.back().pile;
    const Entry* const entries = piles_[pile].entries.get();
    to.insert(to.end(), entries, entries + piles_[pile].used);
    order_.pop_back();
    drop_pile(pile);
  }

  // Calls `visit` with the entries of each pile that may hold something from `from` on, pile by pile in
  // order, and `done` after each pile. Ends when that answers true, or before a pile that begins at
  // `until` or later.
  template <class Visit, class Done>
  void visit(EventKey from, EventKey until, Visit&& visit, Done&& done) const {
    for (std::size_t i = std::min(pile_of(from, 0) + 1, order_.size()); i-- > 0;) {
      if (order_[i].low >= until) return;
      const Pile& p = piles_[order_[i].pile];
      for (std::uint32_t e = 0; e < p.used; ++e) visit(p.entries[e]);
      if (done()) return;
    }
  }

  // Sweeps the cancelled entries of one pile away, the next one at each call, and puts what is left on
  // its neighbour if that has room for it. How many were swept away.
  //
  // One at a time, because whoever wants to know what is due waits meanwhile.
  template <class IsLive>
  std::size_t sweep_next(IsLive&& is_live) noexcept {
    if (order_.empty()) return 0;
    next_to_sweep_ = next_to_sweep_ + 1 < order_.size() ? next_to_sweep_ + 1 : 0;
    const std::uint32_t pile = order_[next_to_sweep_].pile;
    const std::size_t swept = sweep(pile, is_live);
    Pile& p = piles_[pile];
    Pile* const earlier =
        next_to_sweep_ + 1 < order_.size() ? &piles_[order_[next_to_sweep_ + 1].pile] : nullptr;
    const bool joins = earlier != nullptr && earlier->used + p.used <= kPile / 2;
    if (joins) {
      std::copy(p.entries.get(), p.entries.get() + p.used, earlier->entries.get() + earlier->used);
      earlier->used += p.used;
    }
    if (joins || p.used == 0) {
      drop_pile(pile);
      order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(next_to_sweep_));
    }
    return swept;
  }

 private:
  struct Pile {
    std::unique_ptr<Entry[]> entries;
    std::uint32_t used = 0;
  };
  struct Range {
    EventKey low;  // nothing in the pile comes before it, everything in earlier piles does
    std::uint32_t pile;
  };

  // Where in order_ the pile is that `key` belongs on, which is not later than that at `begin`;
  // order_.size() when it comes before all of them.
  [[nodiscard]] std::size_t pile_of(EventKey key, std::size_t begin) const noexcept {
    // Most often it is near `begin`: what is put down is in order.
    for (int i = 0; i < 4; ++i, ++begin) {
      if (begin == order_.size() || key >= order_[begin].low) return begin;
    }
    std::size_t count = order_.size() - begin;
    while (count > 0) {
      const std::size_t half = count / 2;
      const bool earlier = key < order_[begin + half].low;
      begin += earlier ? half + 1 : 0;
      count = earlier ? count - half - 1 : half;
    }
    return begin;
  }

  // Sweeps the full pile at `at`, and cuts it when that left little room. How many were swept away.
  template <class IsLive>
  std::size_t make_room(std::size_t at, IsLive&& is_live) {
    const std::size_t swept = sweep(order_[at].pile, is_live);
    if (piles_[order_[at].pile].used > kPile / 4 * 3) cut(at);
    return swept;
  }

  template <class IsLive>
  std::size_t sweep(std::uint32_t pile, IsLive&& is_live) noexcept {
    Pile& p = piles_[pile];
    Entry* const end = std::remove_if(p.entries.get(), p.entries.get() + p.used,
                                      [&](const Entry& entry) { return !is_live(entry); });
    const auto left = static_cast<std::uint32_t>(end - p.entries.get());
    return std::exchange(p.used, left) - left;
  }

  // Cuts a pile at about its middle: at the median of a sample.
  void cut(std::size_t at) {
    const std::uint32_t pile = order_[at].pile, later = new_pile();
    Pile& p = piles_[pile];
    constexpr std::uint32_t kSample = kPile < 256 ? 5 : 31;
    std::array<EventKey, kSample> sample;
    for (std::uint32_t i = 0; i < kSample; ++i) sample[i] = key_of(p.entries[p.used / kSample * i]);
    std::nth_element(sample.begin(), sample.begin() + kSample / 2, sample.end());
    const EventKey middle = sample[kSample / 2];
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(at), {middle, later});
    Pile& q = piles_[later];
    std::uint32_t kept = 0;
    // Without a branch: half of the guesses would be wrong.
    for (std::uint32_t i = 0; i < p.used; ++i) {
      const Entry entry = p.entries[i];
      const bool stays = key_of(entry) < middle;
      q.entries[q.used] = entry;
      p.entries[kept] = entry;
      q.used += stays ? 0 : 1;
      kept += stays ? 1 : 0;
    }
    p.used = kept;
  }

  std::uint32_t new_pile() {
    if (free_piles_.empty()) {
      free_piles_.reserve(piles_.size() + 1);  // so that drop_pile never allocates
      piles_.push_back({std::make_unique_for_overwrite<Entry[]>(kPile), 0});
      return static_cast<std::uint32_t>(piles_.size() - 1);
    }
    const std::uint32_t pile = free_piles_.back();
    free_piles_.pop_back();
    return pile;
  }
  void drop_pile(std::uint32_t pile) noexcept {
    piles_[pile].used = 0;
    free_piles_.push_back(pile);
  }

  std::vector<Range> order_;  // the piles, latest first
  std::vector<Pile> piles_;   // by number, in no order
  std::vector<std::uint32_t> free_piles_;
  std::size_t next_to_sweep_ = 0;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_EVENT_PILES_H_
