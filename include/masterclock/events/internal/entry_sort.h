// Sorts the entries of the event queue: by due time, and by serial where due times are equal.
//
// A radix sort over the leading bits of the due times takes one or two passes. Insertion finishes the
// order. std::sort takes over where due times are not spread out.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_ENTRY_SORT_H_
#define MASTERCLOCK_EVENTS_INTERNAL_ENTRY_SORT_H_

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "masterclock/internal/int128.h"

namespace masterclock::inline v0_2::internal {

struct QueueEntry {
  std::chrono::nanoseconds due;  // since the epoch of the queue's timeline
  std::uint64_t serial;          // the order of scheduling; unique in a queue
  std::uint32_t slot;            // the number under which the owner keeps the event
  std::uint32_t ticket;          // set by the queue
};

// Due time and serial in one number, which compares without a branch.
using EntryKey = Int128;

[[nodiscard]] inline EntryKey key_of(std::chrono::nanoseconds due, std::uint64_t serial) noexcept {
  return (EntryKey{due.count()} << 64) | serial;
}
[[nodiscard]] inline EntryKey key_of(const QueueEntry& entry) noexcept {
  return key_of(entry.due, entry.serial);
}

[[nodiscard]] inline bool comes_before(const QueueEntry& a, const QueueEntry& b) noexcept {
  return key_of(a) < key_of(b);
}

// Sorts by insertion. Returns false, with the work unfinished, after more than `most_moves` moves.
inline bool sort_by_insertion(std::vector<QueueEntry>& entries, std::size_t most_moves) noexcept {
  std::size_t moves = 0;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (!comes_before(entries[i - 1], entries[i])) continue;
    const QueueEntry entry = entries[i];
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

// Sorts, the latest first: the first entry is then at the end, where it is cheap to remove.
//
// `spare` is working space: its content is lost. The two vectors may exchange their memory; the
// capacity of `entries` does not shrink.
//
// Cost: O(n) for due times that are spread out, O(n log n) for others. Allocates where `spare` has
//       less capacity than `entries`, before it changes anything.
inline void sort_latest_first(std::vector<QueueEntry>& entries, std::vector<QueueEntry>& spare) {
  constexpr std::size_t kFew = 24;
  constexpr int kMostBits = 11;  // of one pass: its counters fit in the first cache
  const std::size_t n = entries.size();
  if (n > kFew) {
    const auto time = [](const QueueEntry& entry) { return entry.due.count(); };
    // Two pairs, so that one comparison does not wait for the other.
    auto least = time(entries[n - 1]), most = least, even_least = least, even_most = least;
    for (std::size_t i = 1; i < n; i += 2) {
      even_least = std::min(even_least, time(entries[i - 1]));
      even_most = std::max(even_most, time(entries[i - 1]));
      least = std::min(least, time(entries[i]));
      most = std::max(most, time(entries[i]));
    }
    least = std::min(least, even_least);
    most = std::max(most, even_most);
    const auto until_last = [&](const QueueEntry& entry) {
      return static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(time(entry));
    };
    const auto spread = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    const int bits = static_cast<int>(std::bit_width(spread));
    const int leading = std::min(bits, static_cast<int>(std::bit_width(n)) + 1);
    const int passes = (leading + kMostBits - 1) / kMostBits;
    spare.reserve(entries.capacity());
    spare.resize(n);
    for (int pass = 0, done = 0; pass < passes; ++pass) {
      const int width = (leading - done + passes - pass - 1) / (passes - pass);
      const int shift = bits - leading + done;
      const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
      std::array<std::uint32_t, (std::size_t{1} << kMostBits)> at;
      std::fill_n(at.begin(), mask + 1, 0U);
      for (const QueueEntry& entry : entries) ++at[(until_last(entry) >> shift) & mask];
      std::uint32_t sum = 0;
      for (std::size_t i = 0; i <= mask; ++i) sum += std::exchange(at[i], sum);
      for (const QueueEntry& entry : entries) {
        spare[at[(until_last(entry) >> shift) & mask]++] = entry;
      }
      entries.swap(spare);
      done += width;
    }
  }
  const std::size_t most_moves = n > kFew ? 4 * n : kFew * kFew;
  if (!sort_by_insertion(entries, most_moves)) {
    std::sort(entries.begin(), entries.end(),
              [](const QueueEntry& a, const QueueEntry& b) { return comes_before(b, a); });
  }
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_ENTRY_SORT_H_
