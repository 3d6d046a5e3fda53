// Holds the later part of the event queue in buckets. The buckets are in order; the entries in a
// bucket are not.
//
//   earlier | bucket | bucket |  bucket  |  bucket  | ... later
//
// An entry is appended to its bucket, and is not read again until its bucket is the first. Buckets are few,
// so that appends touch cached memory. A bucket that is too large is split in two.
//
// Threads: one at a time.
// Cost:    a binary search over the buckets for each run of entries of one bucket. A split reads the
//          entries of the bucket.
// Errors:  std::bad_alloc. Each function allocates before it changes anything, or reports its progress.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_BUCKETS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_BUCKETS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "masterclock/events/internal/entry_sort.h"

namespace masterclock::inline v0_2::internal {

// Satisfied by entries that were cancelled or moved: a live entry has the ticket of its slot.
struct IsDead {
  const std::vector<std::uint32_t>& tickets;  // by slot
  bool operator()(const QueueEntry& entry) const noexcept {
    return tickets[entry.slot] != entry.ticket;
  }
};

class EventBuckets {
 public:
  // `most`: a bucket with more entries is split. At least 4.
  explicit EventBuckets(std::size_t most) : most_(most) {}

  [[nodiscard]] bool empty() const noexcept { return buckets_.empty(); }

  [[nodiscard]] bool is_before_all(const QueueEntry& entry) const noexcept {
    return buckets_.empty() || key_of(entry) < buckets_.back().low;
  }

  // Adds entries that come before all entries here, the latest first. All or none.
  void add_in_front(const QueueEntry* latest, const QueueEntry* end) {
    buckets_.push_back({key_of(end[-1]), std::vector<QueueEntry>(latest, end)});
  }

  // Adds [entry, end), the latest first, none of which comes before all entries here. Advances `entry`
  // past each added entry. Reduces `dead` by the number of removed dead entries.
  void add_in_order(const QueueEntry*& entry, const QueueEntry* end, std::size_t& dead,
                    const IsDead& is_dead) {
    for (std::size_t at = 0; entry != end;) {
      at = bucket_of(key_of(*entry), at);
      const QueueEntry* run = entry + 1;
      while (run != end && key_of(*run) >= buckets_[at].low) ++run;
      std::vector<QueueEntry>& entries = buckets_[at].entries;
      entries.insert(entries.end(), entry, run);
      entry = run;
      if (entries.size() > most_) {
        dead -= std::erase_if(entries, is_dead);
        if (entries.size() > most_ / 4 * 3) split(at);
      }
    }
  }

  // Returns the first bucket, in no order.
  [[nodiscard]] const std::vector<QueueEntry>& first() const noexcept {
    return buckets_.back().entries;
  }
  void drop_first() noexcept { buckets_.pop_back(); }

  // Visits, in order, the buckets that may have entries in [from, until). Calls `visit` with the entries
  // of a bucket, until `visit` returns true.
  template <class Visit>
  void visit(EntryKey from, EntryKey until, Visit&& visit) const {
    for (std::size_t i = std::min(bucket_of(from, 0) + 1, buckets_.size()); i-- > 0;) {
      if (buckets_[i].low >= until || visit(buckets_[i].entries)) return;
    }
  }

  // Removes the dead entries of the next bucket. Returns the number of removed entries. One bucket per call
  // keeps the lock short.
  std::size_t sweep_next(const IsDead& is_dead) noexcept {
    if (buckets_.empty()) return 0;
    next_to_sweep_ = next_to_sweep_ + 1 < buckets_.size() ? next_to_sweep_ + 1 : 0;
    std::vector<QueueEntry>& entries = buckets_[next_to_sweep_].entries;
    const std::size_t swept = std::erase_if(entries, is_dead);
    if (entries.empty()) {
      buckets_.erase(buckets_.begin() + static_cast<std::ptrdiff_t>(next_to_sweep_));
    }
    return swept;
  }

 private:
  struct Bucket {
    EntryKey low;  // its entries do not come before it, those of earlier buckets do
    std::vector<QueueEntry> entries;
  };

  // Returns the position of the bucket for `key`, at `begin` or after it. The end: `key` comes before
  // all buckets.
  [[nodiscard]] std::size_t bucket_of(EntryKey key, std::size_t begin) const noexcept {
    const auto found =
        std::partition_point(buckets_.begin() + static_cast<std::ptrdiff_t>(begin), buckets_.end(),
                             [&](const Bucket& bucket) { return bucket.low > key; });
    return static_cast<std::size_t>(found - buckets_.begin());
  }

  // Splits the bucket at `at` near its median. The later half stays at `at`, the earlier half follows.
  void split(std::size_t at) {
    const EntryKey middle = about_the_middle(buckets_[at].entries);
    const auto after = buckets_.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    const auto earlier = buckets_.insert(after, {buckets_[at].low, {}});
    Bucket& later = buckets_[at];
    try {
      earlier->entries.resize(later.entries.size());
    } catch (...) {
      buckets_.erase(earlier);
      throw;
    }
    later.low = middle;
    QueueEntry *to_later = later.entries.data(), *to_earlier = earlier->entries.data();
    for (const QueueEntry& entry : later.entries) {  // without a branch, which would be a coin toss
      const bool is_earlier = key_of(entry) < middle;
      *to_earlier = *to_later = entry;
      to_earlier += is_earlier ? 1 : 0;
      to_later += is_earlier ? 0 : 1;
    }
    later.entries.resize(static_cast<std::size_t>(to_later - later.entries.data()));
    earlier->entries.resize(static_cast<std::size_t>(to_earlier - earlier->entries.data()));
  }

  // Returns the median of a sample.
  [[nodiscard]] static EntryKey about_the_middle(const std::vector<QueueEntry>& entries) noexcept {
    std::array<EntryKey, 31> sample;
    for (std::size_t i = 0; i < sample.size(); ++i) {
      sample[i] = key_of(entries[i * entries.size() / sample.size()]);
    }
    const auto middle = sample.begin() + sample.size() / 2;
    std::nth_element(sample.begin(), middle, sample.end());
    return *middle;
  }

  const std::size_t most_;
  std::vector<Bucket> buckets_;  // the latest first
  std::size_t next_to_sweep_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_BUCKETS_H_
