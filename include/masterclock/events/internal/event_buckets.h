// Holds the later part of the event queue in buckets. The buckets are in order; the entries in a
// bucket are not.
//
//   earlier | bucket | bucket |  bucket  |  bucket  | ... later
//
// An entry is appended to its bucket, and is not read again until its bucket is the first. Buckets are few,
// so that appends touch cached memory; a large bucket consists of many chunks. A bucket is split in two:
//
//   - when it is larger than most_in_a_bucket();
//   - when it is the first: the queue takes at most two chunks at a time;
//   - when a range ends in it, because more questions about that time may follow.
//
// The caller passes the predicate `is_live`, which is false for cancelled entries.
//
// Threads: one at a time.
// Cost:    a binary search over the buckets for each run of entries of one bucket. A split reads the
//          entries of the bucket, about 16 chunks at most. Allocates by the chunk.
// Errors:  std::bad_alloc. Each function allocates before it changes anything, or reports its progress.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_BUCKETS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_BUCKETS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "masterclock/events/internal/entry_sort.h"

namespace masterclock::inline v0_2::internal {

// `kChunk`: the capacity of a chunk.
template <std::uint32_t kChunk>
class EventBuckets {
  static_assert(kChunk >= 8);

 public:
  // The most entries that take_first() returns.
  static constexpr std::size_t kMostTaken = 2 * kChunk;

  [[nodiscard]] bool empty() const noexcept { return buckets_.empty(); }

  // Returns whether `entry` comes before all entries here.
  [[nodiscard]] bool is_before_all(const QueueEntry& entry) const noexcept {
    return buckets_.empty() || key_of(entry) < buckets_.back().low;
  }

  // Adds entries that come before all entries here, the latest first. All or none.
  void add_in_front(const QueueEntry* latest, const QueueEntry* end) {
    constexpr std::ptrdiff_t kRun = kChunk / 2;
    const auto runs = static_cast<std::size_t>((end - latest + kRun - 1) / kRun);
    want_buckets(runs);
    want_chunks(runs);
    while (latest != end) {
      const std::ptrdiff_t count = std::min(end - latest, kRun);
      buckets_.push_back(new_bucket(key_of(latest[count - 1])));
      append(buckets_.back(), latest, latest + count);
      latest += count;
    }
  }

  // Adds [entry, end), the latest first, none of which comes before all entries here. Advances `entry`
  // past each added entry. Reduces `dead` by the number of removed cancelled entries.
  template <class IsLive>
  void add_in_order(const QueueEntry*& entry, const QueueEntry* end, std::size_t& dead,
                    IsLive&& is_live) {
    for (std::size_t at = 0; entry != end;) {
      at = bucket_of(key_of(*entry), at);
      const QueueEntry* run = entry + 1;
      while (run != end && key_of(*run) >= buckets_[at].low) ++run;
      want_chunks(1 + static_cast<std::size_t>(run - entry) / kChunk);
      append(buckets_[at], entry, run);
      entry = run;
      if (buckets_[at].count > most_in_a_bucket()) {
        dead -= sweep(buckets_[at], is_live);
        if (buckets_[at].count > most_in_a_bucket() / 4 * 3) split(at);
      }
    }
  }

  // Moves the first entries, at most kMostTaken, to the end of `to`, which has the capacity.
  void take_first(std::vector<QueueEntry>& to) {
    while (buckets_.back().count > kMostTaken) split(buckets_.size() - 1);
    for_each_chunk(buckets_.back(), [&](const Chunk& chunk) {
      to.insert(to.end(), chunk.entries, chunk.entries + chunk.used);
    });
    drop(buckets_.back());
    buckets_.pop_back();
  }

  // Visits, in order, the buckets that may have entries in [from, until). Calls `visit` with each entry
  // of a bucket, then `done`. Ends when `done` returns true.
  template <class Visit, class Done>
  void visit(EntryKey from, EntryKey until, Visit&& visit, Done&& done) {
    for (std::size_t i = std::min(bucket_of(from, 0) + 1, buckets_.size()); i-- > 0;) {
      if (buckets_[i].low >= until) return;
      while (buckets_[i].count > kChunk &&
             (buckets_[i].low < from || i == 0 || buckets_[i - 1].low > until)) {
        split(i);
        if (from < buckets_[i].low) ++i;
      }
      for_each_chunk(buckets_[i], [&](const Chunk& chunk) {
        for (std::uint32_t e = 0; e < chunk.used; ++e) visit(chunk.entries[e]);
      });
      if (done()) return;
    }
  }

  // Removes the cancelled entries of the next bucket. Joins the bucket to its neighbour when both fit in
  // half a chunk. Returns the number of removed entries. One bucket per call keeps the lock short.
  template <class IsLive>
  std::size_t sweep_next(IsLive&& is_live) noexcept {
    if (buckets_.empty()) return 0;
    next_to_sweep_ = next_to_sweep_ + 1 < buckets_.size() ? next_to_sweep_ + 1 : 0;
    Bucket& bucket = buckets_[next_to_sweep_];
    const std::size_t swept = sweep(bucket, is_live);
    const bool joins =
        next_to_sweep_ + 1 < buckets_.size() && (&bucket)[1].count + bucket.count <= kChunk / 2;
    if (joins) {
      append((&bucket)[1], bucket.first->entries, bucket.first->entries + bucket.first->used);
    }
    if (joins || bucket.count == 0) {
      drop(bucket);
      buckets_.erase(buckets_.begin() + static_cast<std::ptrdiff_t>(next_to_sweep_));
    }
    return swept;
  }

 private:
  struct Chunk {
    std::uint32_t used = 0;
    Chunk* next = nullptr;
    QueueEntry entries[kChunk];
  };
  struct Bucket {
    EntryKey low;         // its entries do not come before it, those of earlier buckets do
    Chunk *first, *last;  // all but the last are full
    std::uint32_t count;  // of entries
  };

  // Returns the position of the bucket for `key`, at `begin` or after it. The end: `key` comes before
  // all buckets.
  [[nodiscard]] std::size_t bucket_of(EntryKey key, std::size_t begin) const noexcept {
    for (int i = 0; i < 4; ++i, ++begin) {  // entries arrive in order: the bucket is often near
      if (begin == buckets_.size() || key >= buckets_[begin].low) return begin;
    }
    std::size_t count = buckets_.size() - begin;
    while (count > 0) {
      const std::size_t half = count / 2;
      const bool earlier = key < buckets_[begin + half].low;
      begin = earlier ? begin + half + 1 : begin;
      count = earlier ? count - half - 1 : half;
    }
    return begin;
  }

  // Few buckets make appends cheap; small buckets make a split, for which callers wait, short.
  [[nodiscard]] std::uint32_t most_in_a_bucket() const noexcept {
    constexpr std::size_t kBuckets = 64, kMostChunks = 16;
    return static_cast<std::uint32_t>(
        std::clamp<std::size_t>(count_ / kBuckets, kChunk, kMostChunks * kChunk));
  }

  // Requires free chunks.
  void append(Bucket& bucket, const QueueEntry* entry, const QueueEntry* end) noexcept {
    while (entry != end) {
      if (bucket.last->used == kChunk) extend(bucket.last);
      Chunk& chunk = *bucket.last;
      const auto some =
          static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(end - entry, kChunk - chunk.used));
      std::copy(entry, entry + some, chunk.entries + chunk.used);
      chunk.used += some;
      bucket.count += some;
      count_ += some;
      entry += some;
    }
  }

  template <class IsLive>
  std::size_t sweep(Bucket& bucket, IsLive&& is_live) noexcept {
    Chunk* to = bucket.first;
    std::uint32_t used = 0, left = 0;
    for_each_chunk(bucket, [&](const Chunk& chunk) {
      const QueueEntry* entry = chunk.entries;
      for (const QueueEntry* const end = entry + chunk.used; entry != end;) {
        if (used == kChunk) {
          left += std::exchange(used, 0U);
          to = to->next;
        }
        const QueueEntry* const stop = entry + std::min<std::ptrdiff_t>(end - entry, kChunk - used);
        QueueEntry* const begin = to->entries + used;
        QueueEntry* next = begin;
        for (; entry != stop; ++entry) {  // without a branch: half of the guesses would be wrong
          const QueueEntry moved = *entry;
          *next = moved;
          next += is_live(moved) ? 1 : 0;
        }
        used += static_cast<std::uint32_t>(next - begin);
      }
    });
    left += used;
    to->used = used;
    drop_chunks(std::exchange(to->next, nullptr));
    bucket.last = to;
    count_ -= bucket.count - left;
    return std::exchange(bucket.count, left) - left;
  }

  // Splits the bucket at `at` near its median. The later half stays at `at`, the earlier half follows.
  void split(std::size_t at) {
    want_buckets(1);
    want_chunks(2);  // enough: the chunks that have been read are used again
    const EntryKey middle = about_the_middle(buckets_[at]);
    Bucket later = new_bucket(middle), earlier = new_bucket(buckets_[at].low);
    for (Chunk* chunk = buckets_[at].first; chunk != nullptr;) {
      const QueueEntry* entry = chunk->entries;
      const QueueEntry* const end = entry + chunk->used;
      while (entry != end) {
        if (later.last->used == kChunk) extend(later.last);
        if (earlier.last->used == kChunk) extend(earlier.last);
        Chunk& l = *later.last;
        Chunk& e = *earlier.last;
        const std::uint32_t room = kChunk - std::max(l.used, e.used);
        const QueueEntry* const stop = entry + std::min<std::ptrdiff_t>(end - entry, room);
        QueueEntry* later_end = l.entries + l.used;
        QueueEntry* earlier_end = e.entries + e.used;
        for (; entry != stop; ++entry) {  // without a branch, as in sweep()
          const bool is_earlier = key_of(*entry) < middle;
          *later_end = *earlier_end = *entry;
          later_end += is_earlier ? 0 : 1;
          earlier_end += is_earlier ? 1 : 0;
        }
        l.used = static_cast<std::uint32_t>(later_end - l.entries);
        e.used = static_cast<std::uint32_t>(earlier_end - e.entries);
      }
      chunk = drop_chunk(chunk);
    }
    for_each_chunk(later, [&](const Chunk& chunk) { later.count += chunk.used; });
    earlier.count = buckets_[at].count - later.count;
    buckets_[at] = earlier;
    buckets_.insert(buckets_.begin() + static_cast<std::ptrdiff_t>(at), later);
  }

  [[nodiscard]] EntryKey about_the_middle(const Bucket& bucket) const noexcept {
    constexpr std::uint32_t kSample = kChunk < 256 ? 5 : 31;
    std::array<EntryKey, kSample> sample;
    const std::uint32_t stride = bucket.count / kSample;
    std::uint32_t taken = 0, next = 0;
    for_each_chunk(bucket, [&](const Chunk& chunk) {
      for (; next < chunk.used && taken < kSample; next += stride) {
        sample[taken++] = key_of(chunk.entries[next]);
      }
      next -= std::min(next, chunk.used);
    });
    std::nth_element(sample.begin(), sample.begin() + kSample / 2, sample.end());
    return sample[kSample / 2];
  }

  template <class Visit>
  static void for_each_chunk(const Bucket& bucket, Visit&& visit) {
    for (const Chunk* chunk = bucket.first; chunk != nullptr; chunk = chunk->next) visit(*chunk);
  }

  void want_buckets(std::size_t wanted) {
    const std::size_t size = buckets_.size() + wanted;
    if (buckets_.capacity() < size) buckets_.reserve(2 * size);
  }
  void want_chunks(std::size_t wanted) {
    while (free_count_ < wanted) {
      chunks_.push_back(std::make_unique_for_overwrite<Chunk>());
      drop_chunk(chunks_.back().get());
    }
  }

  // The rest requires free chunks, and allocates nothing.
  Bucket new_bucket(EntryKey low) noexcept {
    Chunk* const chunk = new_chunk();
    return {low, chunk, chunk, 0};
  }
  void extend(Chunk*& last) noexcept {
    last->next = new_chunk();
    last = last->next;
  }
  Chunk* new_chunk() noexcept {
    --free_count_;
    Chunk* const chunk = std::exchange(free_, free_->next);
    chunk->next = nullptr;
    return chunk;
  }
  // Frees `chunk`, and returns the next chunk of its list.
  Chunk* drop_chunk(Chunk* chunk) noexcept {
    ++free_count_;
    chunk->used = 0;
    return std::exchange(chunk->next, std::exchange(free_, chunk));
  }
  void drop_chunks(Chunk* chunk) noexcept {
    while (chunk != nullptr) chunk = drop_chunk(chunk);
  }
  void drop(Bucket& bucket) noexcept {
    count_ -= bucket.count;
    drop_chunks(bucket.first);
  }

  std::vector<Bucket> buckets_;  // the latest first
  std::vector<std::unique_ptr<Chunk>> chunks_;
  Chunk* free_ = nullptr;  // a list of free_count_ chunks
  std::size_t free_count_ = 0;
  std::size_t count_ = 0;  // of entries in all buckets, cancelled ones included
  std::size_t next_to_sweep_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_BUCKETS_H_
