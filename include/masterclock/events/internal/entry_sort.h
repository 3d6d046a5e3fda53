// Puts entries in order, the latest first: by due time, and by serial where that is the same.
//
// Due times spread out, so most of the order can be read off their leading bits: a pass or two deal a
// thousand entries into heaps by them, and leave little to a sort by comparison. Where due times
// crowd together that little is all of it, and costs what std::sort costs.
//
// The latest first, because then the first is at the end, where it can be taken from.
//
// Threads: none of its own.
// Cost:    O(n) for due times that spread out, O(n log n) for any; allocates until `spare` is as long.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_ENTRY_SORT_H_
#define MASTERCLOCK_EVENTS_INTERNAL_ENTRY_SORT_H_

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace masterclock::inline v0_2::internal {

// Due time and serial as one number: comparing two of them takes no branch to guess wrong.
__extension__ using EventKey = __int128;

template <class Time>
[[nodiscard]] EventKey key_of(Time due, std::uint64_t serial) noexcept {
  return (EventKey{due.time_since_epoch().count()} << 64) | serial;
}
template <class Entry>
[[nodiscard]] EventKey key_of(const Entry& entry) noexcept {
  return key_of(entry.due, entry.serial);
}

template <class Entry>
[[nodiscard]] bool comes_before(const Entry& a, const Entry& b) noexcept {
  return key_of(a) < key_of(b);
}

// Sorts by insertion, which is quick where nearly everything is in its place. False when it was not,
// and the work was given up.
template <class Entry>
bool sort_by_insertion(std::vector<Entry>& entries, std::size_t most_moves) noexcept {
  std::size_t moves = 0;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (!comes_before(entries[i - 1], entries[i])) continue;
    const Entry entry = entries[i];
    std::size_t hole = i;
    for (; hole > 0 && comes_before(entries[hole - 1], entry); --hole) {
      entries[hole] = entries[hole - 1];
    }
    entries[hole] = entry;
    moves += i - hole;
    if (moves > most_moves) return false;
  }
  return true;
}

// `spare` is room to work in; what it holds is lost.
template <class Entry>
void sort_latest_first(std::vector<Entry>& entries, std::vector<Entry>& spare) {
  constexpr std::size_t kFew = 24;
  constexpr int kMostBits = 11;  // of one pass: its counters stay in the nearest cache
  const std::size_t n = entries.size();
  if (n > kFew) {
    const auto time = [](const Entry& e) { return e.due.time_since_epoch().count(); };
    auto least = time(entries[n - 1]), most = least, even_least = least, even_most = least;
    for (std::size_t i = 1; i < n; i += 2) {  // two at a time, which need not wait for one another
      even_least = std::min(even_least, time(entries[i - 1]));
      even_most = std::max(even_most, time(entries[i - 1]));
      least = std::min(least, time(entries[i]));
      most = std::max(most, time(entries[i]));
    }
    least = std::min(least, even_least);
    most = std::max(most, even_most);
    const auto until_last = [&](const Entry& e) {
      return static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(time(e));
    };
    const auto spread = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    const int bits = static_cast<int>(std::bit_width(spread));
    const int leading = std::min(bits, static_cast<int>(std::bit_width(n)) + 1);
    const int passes = (leading + kMostBits - 1) / kMostBits;
    spare.resize(n);
    for (int pass = 0, done = 0; pass < passes; ++pass) {
      const int width = (leading - done + passes - pass - 1) / (passes - pass);
      const int shift = bits - leading + done;
      const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
      std::array<std::uint32_t, (std::size_t{1} << kMostBits)> at;
      std::fill_n(at.begin(), mask + 1, 0);
      for (const Entry& entry : entries) ++at[(until_last(entry) >> shift) & mask];
      std::uint32_t sum = 0;
      for (std::size_t i = 0; i <= mask; ++i) sum += std::exchange(at[i], sum);
      for (const Entry& entry : entries) spare[at[(until_last(entry) >> shift) & mask]++] = entry;
      entries.swap(spare);
      done += width;
    }
  }
  const std::size_t most_moves = n > kFew ? 4 * n : kFew * kFew;
  if (!sort_by_insertion(entries, most_moves)) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return comes_before(b, a); });
  }
}

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_ENTRY_SORT_H_
