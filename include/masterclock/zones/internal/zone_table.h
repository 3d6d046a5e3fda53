// Holds a compiled zone: a sorted list of spans, and buckets of time that point into the list.
//
// The years 1970 to 2106 are cut into 1,024 buckets of 2^22 seconds (48 days). A bucket states the
// change that matters to a UTC or local reading in it, and the offsets before and after. A lookup
// is one indexed load and one comparison. A few buckets have two changes, as in a Ramadan in
// Morocco. For these buckets and for other years the lookup is a binary search over the spans.
// Tests compare the two lookups.
//
// Threads: any; immutable but for the span of the last `offset_now`.
#ifndef MASTERCLOCK_ZONES_INTERNAL_ZONE_TABLE_H_
#define MASTERCLOCK_ZONES_INTERNAL_ZONE_TABLE_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "masterclock/internal/saturating.h"

namespace masterclock::inline v0_2::internal {

// Local time on [begin, begin of the next span).
struct ZoneSpan {
  std::int64_t begin = 0;   // nanoseconds since 1970, UTC
  std::int32_t offset = 0;  // seconds
  bool daylight = false;
  std::uint8_t name_size = 0;
  std::uint16_t name_at = 0;  // in ZoneData::names
  bool operator==(const ZoneSpan&) const = default;
};

// The change that matters to the readings in one bucket, in seconds: `before` is the offset until
// `turn` (UTC), `after` the offset from then on.
struct ZoneBucket {
  static constexpr std::int32_t kSeveral = INT32_MIN;    // `before`, when changes are too many
  static constexpr std::int64_t kNever = INT64_MAX / 2;  // past the last bucket, without overflow
  static constexpr int kShift = 22;
  static constexpr std::size_t kCount = 1024;
  // A local reading is at most this far from its UTC: 26 hours exceed every recorded offset.
  static constexpr std::int64_t kReach = 26 * 3600;

  // Selects by arithmetic, because a branch on random times is mispredicted.
  [[nodiscard]] std::int32_t offset_at(std::int64_t second) const noexcept {
    return before + ((after - before) & -static_cast<std::int32_t>(second >= turn));
  }

  std::int64_t turn = kNever;
  std::int32_t before = 0, after = 0;
};

// The part that zones with the same history share.
struct ZoneData {
  std::array<ZoneBucket, ZoneBucket::kCount> buckets = {};  // first: none crosses a cache line
  std::array<std::uint16_t, ZoneBucket::kCount> first_span = {};  // the span before the turn
  std::vector<ZoneSpan> spans;  // the first begins at INT64_MIN; one more follows the last
  std::string names;
};

// The instants of a local reading in nanoseconds, as LocalResolution has them.
struct LocalCandidates {
  enum Kind { kUnique, kGap, kFold };
  Kind kind;
  std::int64_t earlier, later, transition;
  bool operator==(const LocalCandidates&) const = default;
};

class ZoneTable {
 public:
  // A span, and its offset, which the lookup knows before it loads the span.
  struct Place {
    std::size_t span;
    std::int32_t offset;
  };

  // `data` must outlive the table.
  ZoneTable(std::string name, const ZoneData& data)
      : buckets_(data.buckets.data()),
        spans_(data.spans.data()),
        first_span_(data.first_span.data()),
        names_(data.names.data()),
        span_count_(data.spans.size() - 1),
        name_(std::move(name)),
        data_(&data),
        last_span_(spans_) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const ZoneData& data() const noexcept { return *data_; }
  [[nodiscard]] std::size_t span_count() const noexcept { return span_count_; }
  [[nodiscard]] const ZoneSpan& span(std::size_t i) const noexcept { return spans_[i]; }
  [[nodiscard]] std::string_view abbreviation(const ZoneSpan& span) const noexcept {
    return {names_ + span.name_at, span.name_size};
  }

  [[nodiscard]] std::int64_t to_local(std::int64_t utc) const noexcept {
    return add(utc, place_of(utc).offset);
  }

  // Always inline, so that a caller that uses one field computes one field.
  [[nodiscard]] [[gnu::always_inline]] Place place_of(std::int64_t utc) const noexcept {
    if (const ZoneBucket* const bucket = quick(utc)) {
      const std::int64_t second = seconds_of(utc);
      const auto turned = static_cast<std::size_t>(second >= bucket->turn);
      return {first_span_[bucket - buckets_] + turned, bucket->offset_at(second)};
    }
    const std::size_t span = plain_span_at(utc);
    return {span, spans_[span].offset};
  }

  // Always inline, as place_of.
  [[nodiscard]] [[gnu::always_inline]] LocalCandidates resolve(std::int64_t local) const noexcept {
    const ZoneBucket* const bucket = quick(local);
    if (bucket == nullptr) return plain_resolve(local);
    const bool was_before = seconds_of(local) - bucket->before < bucket->turn;
    const bool was_after = seconds_of(local) - bucket->after >= bucket->turn;
    if (was_before != was_after) {
      return unique(local - kSecond * (was_after ? bucket->after : bucket->before));
    }
    return two_candidates(was_before, local - kSecond * bucket->before,
                          local - kSecond * bucket->after, kSecond * bucket->turn);
  }

  // Returns the offset at a reading of a running clock. The span of the last call almost always contains
  // it, so the result does not wait for the reading: a comparison is predicted, an index is computed.
  [[nodiscard]] std::int32_t offset_now(std::int64_t utc) const noexcept {
    const ZoneSpan* span = last_span_.load(std::memory_order_relaxed);
    if (utc < span->begin || utc >= span[1].begin) [[unlikely]] {
      span = spans_ + place_of(utc).span;
      last_span_.store(span, std::memory_order_relaxed);
    }
    return span->offset;
  }

  // The binary search. plain_resolve is out of line: inlined, it doubles the time of convert_timezone.

  [[nodiscard]] std::size_t plain_span_at(std::int64_t utc) const noexcept {
    const auto after =
        std::upper_bound(spans_ + 1, spans_ + span_count_, utc,
                         [](std::int64_t t, const ZoneSpan& span) { return t < span.begin; });
    return static_cast<std::size_t>(after - spans_) - 1;
  }

  [[nodiscard]] [[gnu::noinline]] LocalCandidates plain_resolve(std::int64_t local) const noexcept {
    const std::size_t first = plain_span_at(saturating_sum(local, -kSecond * ZoneBucket::kReach));
    const std::size_t last = plain_span_at(saturating_sum(local, kSecond * ZoneBucket::kReach));
    // The span of the first pass, and the span of the last pass if the reading repeats.
    std::size_t pass = last + 1, again = last + 1;
    for (std::size_t i = first; i <= last; ++i) {
      const std::int64_t utc = add(local, -spans_[i].offset);
      if (utc < spans_[i].begin || (utc >= spans_[i + 1].begin && i + 1 < span_count_)) continue;
      (pass > last ? pass : again) = i;
    }
    if (again <= last) {
      return two_candidates(true, add(local, -spans_[pass].offset),
                            add(local, -spans_[again].offset), spans_[again].begin);
    }
    if (pass <= last) return unique(add(local, -spans_[pass].offset));
    std::size_t after = first + 1;  // the span that begins at the gap
    while (after < last && add(local, -spans_[after].offset) >= spans_[after].begin) ++after;
    return two_candidates(false, add(local, -spans_[after - 1].offset),
                          add(local, -spans_[after].offset), spans_[after].begin);
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;

  [[nodiscard]] static std::int64_t add(std::int64_t ns, std::int32_t seconds) noexcept {
    return saturating_sum(ns, kSecond * seconds);
  }

  // Returns the bucket of a reading, or null when the binary search must answer.
  [[nodiscard]] const ZoneBucket* quick(std::int64_t reading) const noexcept {
    const auto index = static_cast<std::uint64_t>(seconds_of(reading)) >> ZoneBucket::kShift;
    if (index >= ZoneBucket::kCount) return nullptr;
    const ZoneBucket* const bucket = buckets_ + index;
    return bucket->before == ZoneBucket::kSeveral ? nullptr : bucket;
  }
  // Returns the whole seconds of a reading from 1970 on. An earlier one wraps past the last bucket.
  [[nodiscard]] static std::int64_t seconds_of(std::int64_t ns) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(ns) / kSecond);
  }

  [[nodiscard]] static LocalCandidates unique(std::int64_t utc) noexcept {
    return {LocalCandidates::kUnique, utc, utc, utc};
  }
  // In a fold the offset before the change gives the earlier instant, in a gap the later one.
  [[nodiscard]] static LocalCandidates two_candidates(bool fold, std::int64_t by_before,
                                                      std::int64_t by_after,
                                                      std::int64_t turn) noexcept {
    if (fold) return {LocalCandidates::kFold, by_before, by_after, turn};
    return {LocalCandidates::kGap, by_after, by_before, turn};
  }

  const ZoneBucket* buckets_;
  const ZoneSpan* spans_;
  const std::uint16_t* first_span_;
  const char* names_;
  std::size_t span_count_;
  std::string name_;
  const ZoneData* data_;
  mutable std::atomic<const ZoneSpan*> last_span_;
};

// Returns the table of UTC, which needs no database.
[[nodiscard]] inline const ZoneTable& utc_table() {
  static const auto* const data = new ZoneData{
      .spans = {{INT64_MIN, 0, false, 3, 0}, {INT64_MAX, 0, false, 3, 0}}, .names = "UTC"};
  static const auto* const table = new ZoneTable("UTC", *data);
  return *table;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_ZONE_TABLE_H_
