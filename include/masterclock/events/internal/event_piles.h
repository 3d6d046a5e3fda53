// What is due later: entries on piles that are ordered among themselves and not inside.
//
//   earlier | pile | pile |  pile  |  pile  | ... later
//
// An entry is thrown on its pile and not looked at again until its pile is the first, and is taken. There
// are few piles, so that what is thrown lands where something was just thrown before, in the cache; with
// many entries they are therefore high, and made of many sheets. One that has grown out of proportion is
// cut in two. So is the first, again and again, until what is taken is two sheets; and so is a pile that
// a question reaches into, since it will hardly be the last one about that time. The piles do not
// know which of their entries have been cancelled: whoever calls says so, by a predicate.
//
// Threads: none of its own; the owner locks.
// Cost:    a search among the piles for each run of entries that lie on the same one; to cut one is work on all
//          its entries, some 16 sheets at most. Allocates a sheet at a time.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_PILES_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_PILES_H_

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "masterclock/events/internal/entry_sort.h"

namespace masterclock::inline v0_2::internal {

// `kSheet`: the most entries on a sheet.
template <class Entry, std::uint32_t kSheet>
class EventPiles {
  static_assert(kSheet >= 8);

 public:
  [[nodiscard]] bool empty() const noexcept { return piles_.empty(); }

  // Whether `entry` comes before everything here.
  [[nodiscard]] bool is_before_all(const Entry& entry) const noexcept {
    return piles_.empty() || key_of(entry) < piles_.back().low;
  }

  // Takes entries that come before everything here, the latest first.
  void add_in_front(const Entry* latest, const Entry* end) {
    while (latest != end) {
      const auto count = std::min<std::ptrdiff_t>(end - latest, kSheet / 2);
      piles_.push_back(new_pile(key_of(latest[count - 1])));
      throw_on(piles_.back(), latest, latest + count);
      latest += count;
    }
  }

  // Takes entries in order, the latest first, none of which comes before everything here. How many
  // cancelled ones were swept away on the way.
  template <class IsLive>
  std::size_t add_in_order(const Entry* entry, const Entry* end, IsLive&& is_live) {
    std::size_t swept = 0;
    for (std::size_t at = 0; entry != end;) {
      at = pile_of(key_of(*entry), at);
      const Entry* run = entry + 1;
      while (run != end && key_of(*run) >= piles_[at].low) ++run;
      throw_on(piles_[at], entry, run);
      entry = run;
      if (piles_[at].count > highest()) swept += lower(at, is_live);
    }
    return swept;
  }

  // Moves what comes first, two sheets at most, to the end of `to`.
  void take_first(std::vector<Entry>& to) {
    while (piles_.back().count > 2 * kSheet) cut(piles_.size() - 1);
    for_each_sheet(piles_.back(), [&](const Sheet& sheet) {
      to.insert(to.end(), sheet.entries.get(), sheet.entries.get() + sheet.used);
    });
    drop_pile(piles_.back());
    piles_.pop_back();
  }

  // Calls `visit` with the entries of each pile that may hold something in [from, until), pile by pile in
  // order, and `done` after each pile. Ends when that answers true.
  template <class Visit, class Done>
  void visit(EventKey from, EventKey until, Visit&& visit, Done&& done) {
    for (std::size_t i = std::min(pile_of(from, 0) + 1, piles_.size()); i-- > 0;) {
      if (piles_[i].low >= until) return;
      // Where an end of the range lies in it.
      while (piles_[i].count > kSheet &&
             (piles_[i].low < from || i == 0 || piles_[i - 1].low > until)) {
        cut(i);
        i += from < piles_[i].low ? 1 : 0;
      }
      for_each_sheet(piles_[i], [&](const Sheet& sheet) {
        for (std::uint32_t e = 0; e < sheet.used; ++e) visit(sheet.entries[e]);
      });
      if (done()) return;
    }
  }

  // Sweeps the cancelled entries of one pile away, the next one at each call, and puts what is left on
  // its neighbour if that has room for it. How many were swept away.
  //
  // One at a time, because whoever wants to know what is due waits meanwhile.
  template <class IsLive>
  std::size_t sweep_next(IsLive&& is_live) noexcept {
    if (piles_.empty()) return 0;
    next_to_sweep_ = next_to_sweep_ + 1 < piles_.size() ? next_to_sweep_ + 1 : 0;
    Pile& pile = piles_[next_to_sweep_];
    const std::size_t swept = sweep(pile, is_live);
    const bool joins =
        next_to_sweep_ + 1 < piles_.size() && (&pile)[1].count + pile.count <= kSheet / 2;
    if (joins) {  // both are one sheet
      const Sheet& sheet = sheets_[pile.first];
      throw_on((&pile)[1], sheet.entries.get(), sheet.entries.get() + sheet.used);
    }
    if (joins || pile.count == 0) {
      drop_pile(pile);
      piles_.erase(piles_.begin() + static_cast<std::ptrdiff_t>(next_to_sweep_));
    }
    return swept;
  }

 private:
  using SheetNumber = std::uint32_t;
  static constexpr SheetNumber kNone = ~SheetNumber{0};

  struct Sheet {
    std::unique_ptr<Entry[]> entries;
    std::uint32_t used = 0;
    SheetNumber next = kNone;
  };
  struct Pile {
    EventKey low;  // nothing on the pile comes before it, everything on earlier piles does
    SheetNumber first, last;  // all sheets but the last are full
    std::uint32_t count;      // of entries
  };

  // Where in piles_ that is on which `key` belongs, which is not later than the one at `begin`;
  // piles_.size() when it comes before all of them.
  [[nodiscard]] std::size_t pile_of(EventKey key, std::size_t begin) const noexcept {
    // Most often it is near `begin`: what is put down is in order.
    for (int i = 0; i < 4; ++i, ++begin) {
      if (begin == piles_.size() || key >= piles_[begin].low) return begin;
    }
    std::size_t count = piles_.size() - begin;
    while (count > 0) {
      const std::size_t half = count / 2;
      const bool earlier = key < piles_[begin + half].low;
      begin += earlier ? half + 1 : 0;
      count = earlier ? count - half - 1 : half;
    }
    return begin;
  }

  // How many entries a pile may have: so many that the piles are few, and not so many that whoever has
  // to wait for a cut waits long.
  [[nodiscard]] std::uint32_t highest() const noexcept {
    constexpr std::size_t kPiles = 64, kMostSheets = 16;
    return static_cast<std::uint32_t>(
        std::clamp<std::size_t>(count_ / kPiles, kSheet, kMostSheets * kSheet));
  }

  void throw_on(Pile& pile, const Entry* entry, const Entry* end) {
    while (entry != end) {
      if (sheets_[pile.last].used == kSheet) extend(pile.last);
      Sheet& sheet = sheets_[pile.last];
      const auto some =
          static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(end - entry, kSheet - sheet.used));
      std::copy(entry, entry + some, sheet.entries.get() + sheet.used);
      sheet.used += some;
      pile.count += some;
      count_ += some;
      entry += some;
    }
  }

  // Sweeps the pile at `at`, and cuts it when that left it high. How many were swept away.
  template <class IsLive>
  std::size_t lower(std::size_t at, IsLive&& is_live) {
    const std::size_t swept = sweep(piles_[at], is_live);
    if (piles_[at].count > highest() / 4 * 3) cut(at);
    return swept;
  }

  template <class IsLive>
  std::size_t sweep(Pile& pile, IsLive&& is_live) noexcept {
    SheetNumber to = pile.first;
    std::uint32_t used = 0, left = 0;
    for_each_sheet(pile, [&](const Sheet& sheet) {
      const Entry* entry = sheet.entries.get();
      for (const Entry* const end = entry + sheet.used; entry != end;) {
        if (used == kSheet) {
          left += std::exchange(used, 0);
          to = sheets_[to].next;
        }
        const Entry* const stop = entry + std::min<std::ptrdiff_t>(end - entry, kSheet - used);
        Entry* const begin = sheets_[to].entries.get() + used;
        Entry* next = begin;
        for (; entry != stop; ++entry) {  // without a branch, as in cut()
          const Entry moved = *entry;
          *next = moved;
          next += is_live(moved) ? 1 : 0;
        }
        used += static_cast<std::uint32_t>(next - begin);
      }
    });
    left += used;
    sheets_[to].used = used;
    drop_sheets(std::exchange(sheets_[to].next, kNone));
    pile.last = to;
    count_ -= pile.count - left;
    return std::exchange(pile.count, left) - left;
  }

  // Cuts the pile at `at` at about its middle, the median of a sample: the later half stays there, and the
  // earlier one is behind it.
  void cut(std::size_t at) {
    const EventKey middle = about_the_middle(piles_[at]);
    want_sheets(
        2);  // enough, since those that have been dealt are used again: nothing below can fail
    if (piles_.size() == piles_.capacity()) piles_.reserve(2 * piles_.size());
    Pile later = new_pile(middle), earlier = new_pile(piles_[at].low);
    for (SheetNumber number = piles_[at].first; number != kNone;) {
      const Entry* entry = sheets_[number].entries.get();
      const Entry* const end = entry + sheets_[number].used;
      while (entry != end) {
        if (sheets_[later.last].used == kSheet) extend(later.last);
        if (sheets_[earlier.last].used == kSheet) extend(earlier.last);
        Sheet& l = sheets_[later.last];
        Sheet& e = sheets_[earlier.last];
        const std::uint32_t room = kSheet - std::max(l.used, e.used);
        const Entry* const stop = entry + std::min<std::ptrdiff_t>(end - entry, room);
        // Without a branch: half of the guesses would be wrong.
        Entry* later_end = l.entries.get() + l.used;
        Entry* earlier_end = e.entries.get() + e.used;
        for (; entry != stop; ++entry) {
          const bool is_earlier = key_of(*entry) < middle;
          *later_end = *earlier_end = *entry;
          later_end += is_earlier ? 0 : 1;
          earlier_end += is_earlier ? 1 : 0;
        }
        l.used = static_cast<std::uint32_t>(later_end - l.entries.get());
        e.used = static_cast<std::uint32_t>(earlier_end - e.entries.get());
      }
      number = drop_sheet(number);
    }
    later.count = count_of(later);
    earlier.count = piles_[at].count - later.count;
    piles_[at] = earlier;
    piles_.insert(piles_.begin() + static_cast<std::ptrdiff_t>(at), later);
  }

  [[nodiscard]] EventKey about_the_middle(const Pile& pile) const noexcept {
    constexpr std::uint32_t kSample = kSheet < 256 ? 5 : 31;
    std::array<EventKey, kSample> sample;
    const std::uint32_t stride = pile.count / kSample;
    std::uint32_t taken = 0, next = 0;
    for_each_sheet(pile, [&](const Sheet& sheet) {
      for (; next < sheet.used && taken < kSample; next += stride) {
        sample[taken++] = key_of(sheet.entries[next]);
      }
      next -= std::min(next, sheet.used);
    });
    std::nth_element(sample.begin(), sample.begin() + kSample / 2, sample.end());
    return sample[kSample / 2];
  }

  template <class Visit>
  void for_each_sheet(const Pile& pile, Visit&& visit) const {
    for (SheetNumber number = pile.first; number != kNone; number = sheets_[number].next) {
      visit(sheets_[number]);
    }
  }
  [[nodiscard]] std::uint32_t count_of(const Pile& pile) const noexcept {
    std::uint32_t count = 0;
    for_each_sheet(pile, [&](const Sheet& sheet) { count += sheet.used; });
    return count;
  }

  Pile new_pile(EventKey low) {
    const SheetNumber sheet = new_sheet();
    return {low, sheet, sheet, 0};
  }
  void extend(SheetNumber& last) {
    const SheetNumber sheet = new_sheet();
    sheets_[last].next = sheet;
    last = sheet;
  }
  SheetNumber new_sheet() {
    want_sheets(1);
    const SheetNumber sheet = free_sheets_.back();
    free_sheets_.pop_back();
    return sheet;
  }
  // Sees to it that so many are free.
  void want_sheets(std::size_t wanted) {
    while (free_sheets_.size() < wanted) {
      sheets_.push_back({std::make_unique_for_overwrite<Entry[]>(kSheet)});
      free_sheets_.reserve(sheets_.capacity());  // so that to drop one never allocates
      free_sheets_.push_back(static_cast<SheetNumber>(sheets_.size() - 1));
    }
  }
  // Returns the next one.
  SheetNumber drop_sheet(SheetNumber sheet) noexcept {
    sheets_[sheet].used = 0;
    free_sheets_.push_back(sheet);
    return std::exchange(sheets_[sheet].next, kNone);
  }
  void drop_sheets(SheetNumber sheet) noexcept {
    while (sheet != kNone) sheet = drop_sheet(sheet);
  }
  void drop_pile(Pile& pile) noexcept {
    count_ -= pile.count;
    drop_sheets(pile.first);
  }

  std::vector<Pile> piles_;    // latest first
  std::vector<Sheet> sheets_;  // by number, in no order
  std::vector<SheetNumber> free_sheets_;
  std::size_t count_ = 0;  // of entries on all piles, cancelled ones with them
  std::size_t next_to_sweep_ = 0;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_PILES_H_
