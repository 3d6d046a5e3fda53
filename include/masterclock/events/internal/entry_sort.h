// Sorts the entries of the event queue: by due time, and by serial where due times are equal.
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

// Orders the latest entry first.
struct IsLater {
  bool operator()(const QueueEntry& a, const QueueEntry& b) const noexcept {
    return comes_before(b, a);
  }
};

// Copies `entries` to `sorted`, the latest first: the first entry is then at the end, where it is cheap
// to remove.
//
// Entries are distributed over equal spans of time, and insertion finishes the order. Up to 2,048
// entries have two spans or more each, so few of them need an insertion, which the processor mispredicts.
// std::sort sorts few entries, and due times that crowd in few spans.
//
// Cost:   O(n) for due times that are spread out, O(n log n) for others.
// Errors: std::bad_alloc; `sorted` then stays.
inline void sort_latest_first(const std::vector<QueueEntry>& entries,
                              std::vector<QueueEntry>& sorted) {
  constexpr std::size_t kFew = 64, kMovesPerEntry = 4;
  constexpr int kSpanBits = 12;  // 2^12 spans at most: the counters fit in the first cache
  constexpr IsLater is_later;
  const std::size_t n = entries.size();
  sorted.resize(n);
  if (n < kFew) {
    std::copy(entries.begin(), entries.end(), sorted.begin());
    std::sort(sorted.begin(), sorted.end(), is_later);
    return;
  }
  auto earliest = entries[0].due.count(), latest = earliest;
  for (const QueueEntry& entry : entries) {
    earliest = std::min(earliest, entry.due.count());
    latest = std::max(latest, entry.due.count());
  }
  const auto until_latest = [&](auto due) {
    return static_cast<std::uint64_t>(latest) - static_cast<std::uint64_t>(due);
  };
  const int bits = std::min(static_cast<int>(std::bit_width(n)) + 1, kSpanBits);
  const int shift = std::max(static_cast<int>(std::bit_width(until_latest(earliest))) - bits, 0);
  std::array<std::uint32_t, std::size_t{1} << kSpanBits> ends;
  std::fill_n(ends.begin(), std::size_t{1} << bits, 0);
  for (const QueueEntry& entry : entries) ++ends[until_latest(entry.due.count()) >> shift];
  std::uint32_t sum = 0;
  for (std::size_t span = 0; span >> bits == 0; ++span) sum += std::exchange(ends[span], sum);
  for (const QueueEntry& entry : entries) {
    sorted[ends[until_latest(entry.due.count()) >> shift]++] = entry;
  }
  std::size_t moves = 0;
  for (std::size_t i = 1; i < n; ++i) {
    if (!is_later(sorted[i], sorted[i - 1])) continue;
    const QueueEntry entry = sorted[i];
    std::size_t hole = i;
    for (; hole > 0 && is_later(entry, sorted[hole - 1]); --hole, ++moves) {
      sorted[hole] = sorted[hole - 1];
    }
    sorted[hole] = entry;
    if (moves > kMovesPerEntry * n) return std::sort(sorted.begin(), sorted.end(), is_later);
  }
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_ENTRY_SORT_H_
