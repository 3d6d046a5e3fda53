// A zone compiled for look-ups: a flat list of spans, and buckets of time that point into it.
//
// Time from 1970 to 2106 is cut into 1,024 buckets of 2^22 seconds, 48 days. A bucket states the
// one change of the clocks that matters to any reading in it, UTC or local, with the offsets on
// either side: an answer is one indexed load and a comparison, without a search to mispredict and
// without a hint to share between threads. The few buckets with two changes near (a Ramadan in
// Morocco) and all other times take the plain path, a binary search over the spans; that path is
// also the oracle of the quick one.
//
// Threads: immutable once built, any number of readers.
#ifndef MASTERCLOCK_ZONES_INTERNAL_ZONE_TABLE_H_
#define MASTERCLOCK_ZONES_INTERNAL_ZONE_TABLE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone_offset.h"

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

// The only change that matters to readings in one bucket: before `turn` (UTC) `before` holds, from
// then on `after`. `before` is kSeveral where more than one change is near. All in seconds: every
// change falls on a whole one, and whoever reads the kernel's clock has the seconds first.
struct ZoneBucket {
  static constexpr std::int32_t kSeveral = INT32_MIN;
  static constexpr std::int64_t kNever = INT64_MAX / 2;  // past the last bucket, far from overflow
  static constexpr int kShift = 22;
  static constexpr std::size_t kCount = 1024;
  // A local reading lies at most this far from its UTC: 26 hours cover every offset on record.
  static constexpr std::int64_t kReach = 26 * 3600;

  // The offset at `second`, chosen by arithmetic: at random times a branch here would be
  // mispredicted.
  [[nodiscard]] std::int32_t offset_at(std::int64_t second) const noexcept {
    return before + ((after - before) & -static_cast<std::int32_t>(second >= turn));
  }

  std::int64_t turn = kNever;
  std::int32_t before = 0, after = 0;
};

// What zones of the same history share.
struct ZoneData {
  std::vector<ZoneSpan> spans;  // the first begins at INT64_MIN; one more stands after the last
  std::vector<ZoneBucket> buckets;
  std::vector<std::uint16_t> first_span;  // by bucket: the span before its turn
  std::string names;
};

class ZoneTable {
 public:
  ZoneTable(std::string name, std::shared_ptr<const ZoneData> data)
      : buckets_(data->buckets.data()),
        spans_(data->spans.data()),
        first_span_(data->first_span.data()),
        names_(data->names.data()),
        span_count_(data->spans.size() - 1),
        name_(std::move(name)),
        data_(std::move(data)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::shared_ptr<const ZoneData>& data() const noexcept { return data_; }
  [[nodiscard]] std::size_t span_count() const noexcept { return span_count_; }

  [[nodiscard]] std::int64_t to_local(std::int64_t utc) const noexcept {
    if (const ZoneBucket* const bucket = quick_ns(utc)) {
      return utc + kSecond * bucket->offset_at(seconds_of(utc));
    }
    return add(utc, spans_[plain_span_at(utc)].offset);
  }

  [[nodiscard]] std::int32_t offset_seconds(std::int64_t utc) const noexcept {
    if (const ZoneBucket* const bucket = quick_ns(utc)) {
      return bucket->offset_at(seconds_of(utc));
    }
    return spans_[plain_span_at(utc)].offset;
  }

  // For an instant given in whole seconds, within what nanoseconds can hold. This is the path of
  // the clock, whose times follow one another: here the branch is predicted, and nothing waits for
  // it.
  [[nodiscard]] std::int32_t offset_at_second(std::int64_t utc) const noexcept {
    if (const ZoneBucket* const bucket = quick(utc)) {
      return utc < bucket->turn ? bucket->before : bucket->after;
    }
    return spans_[plain_span_at(utc * kSecond)].offset;
  }

  [[nodiscard]] std::size_t span_at(std::int64_t utc) const noexcept { return place_of(utc).span; }

  [[nodiscard]] [[gnu::always_inline]] ZoneOffset offset_at(std::int64_t utc) const noexcept {
    const Place place = place_of(utc);
    const ZoneSpan& s = spans_[place.span];
    return {std::chrono::seconds(place.offset), s.daylight,
            std::string_view(names_ + s.name_at, s.name_size), instant(s.begin),
            instant(spans_[place.span + 1].begin)};
  }

  [[nodiscard]] ZoneOffset offset(std::size_t span) const noexcept {
    const ZoneSpan& s = spans_[span];
    return {std::chrono::seconds(s.offset), s.daylight,
            std::string_view(names_ + s.name_at, s.name_size), instant(s.begin),
            instant(spans_[span + 1].begin)};
  }

  [[nodiscard]] LocalResolution resolve(std::int64_t local) const noexcept {
    const ZoneBucket* const bucket = quick_ns(local);
    if (bucket == nullptr) return plain_resolve(local);
    const bool was_before = seconds_of(local) - bucket->before < bucket->turn;
    const bool was_after = seconds_of(local) - bucket->after >= bucket->turn;
    const std::int64_t by_before = local - kSecond * bucket->before;
    const std::int64_t by_after = local - kSecond * bucket->after;
    if (was_before != was_after) [[likely]] {
      const UtcTime only = instant(was_before ? by_before : by_after);
      return {LocalResolution::kUnique, only, only, only};
    }
    return two_ways(was_before, by_before, by_after, kSecond * bucket->turn);
  }

  // The plain path. Kept out of line, so that the quick one is short enough to be taken in.

  [[nodiscard]] [[gnu::noinline]] std::size_t plain_span_at(std::int64_t utc) const noexcept {
    const auto after =
        std::upper_bound(spans_ + 1, spans_ + span_count_, utc,
                         [](std::int64_t t, const ZoneSpan& span) { return t < span.begin; });
    return static_cast<std::size_t>(after - spans_) - 1;
  }

  [[nodiscard]] [[gnu::noinline]] LocalResolution plain_resolve(std::int64_t local) const noexcept {
    const std::size_t first = plain_span_at(saturated(local, -kSecond * ZoneBucket::kReach));
    const std::size_t last = plain_span_at(saturated(local, kSecond * ZoneBucket::kReach));
    // The span of the first pass, and of the last one if there is another.
    std::size_t pass = last + 1, again = last + 1;
    for (std::size_t i = first; i <= last; ++i) {
      const std::int64_t utc = add(local, -spans_[i].offset);
      if (utc < spans_[i].begin || (utc >= spans_[i + 1].begin && i + 1 < span_count_)) continue;
      (pass > last ? pass : again) = i;
    }
    if (again <= last) {
      return two_ways(true, add(local, -spans_[pass].offset), add(local, -spans_[again].offset),
                      spans_[again].begin);
    }
    if (pass <= last) {
      const UtcTime only = instant(add(local, -spans_[pass].offset));
      return {LocalResolution::kUnique, only, only, only};
    }
    std::size_t after = first + 1;  // the span that begins at the gap
    while (after < last && add(local, -spans_[after].offset) >= spans_[after].begin) ++after;
    return two_ways(false, add(local, -spans_[after - 1].offset), add(local, -spans_[after].offset),
                    spans_[after].begin);
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;

  [[nodiscard]] static UtcTime instant(std::int64_t ns) noexcept {
    return UtcTime(std::chrono::nanoseconds(ns));
  }
  [[nodiscard]] static std::int64_t saturated(std::int64_t a, std::int64_t b) noexcept {
    return saturating_add(std::chrono::nanoseconds(a), std::chrono::nanoseconds(b)).count();
  }
  [[nodiscard]] static std::int64_t add(std::int64_t ns, std::int32_t seconds) noexcept {
    return saturated(ns, kSecond * seconds);
  }

  // The span that holds an instant, and its offset, which need not wait for the span to be loaded.
  struct Place {
    std::size_t span;
    std::int32_t offset;
  };
  [[nodiscard]] [[gnu::always_inline]] Place place_of(std::int64_t utc) const noexcept {
    if (const ZoneBucket* const bucket = quick_ns(utc)) [[likely]] {
      const std::int64_t second = seconds_of(utc);
      const auto turned = static_cast<std::size_t>(second >= bucket->turn);
      return {first_span_[bucket - buckets_] + turned, bucket->offset_at(second)};
    }
    const std::size_t span = plain_span_at(utc);
    return {span, spans_[span].offset};
  }

  // The bucket of a reading, or null where the plain path has to answer.
  [[nodiscard]] const ZoneBucket* quick(std::int64_t reading) const noexcept {
    const std::uint64_t index = static_cast<std::uint64_t>(reading) >> ZoneBucket::kShift;
    if (index >= ZoneBucket::kCount) [[unlikely]]
      return nullptr;
    const ZoneBucket* const bucket = buckets_ + index;
    return bucket->before == ZoneBucket::kSeveral ? nullptr : bucket;
  }
  // The same for nanoseconds. Those before 1970 wrap to what is past the last bucket.
  [[nodiscard]] const ZoneBucket* quick_ns(std::int64_t reading) const noexcept {
    return quick(seconds_of(reading));
  }
  // Whole seconds of a reading from 1970 on; anything past the last bucket for an earlier one.
  [[nodiscard]] static std::int64_t seconds_of(std::int64_t ns) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(ns) / kSecond);
  }

  // In a fold the offset before the change gives the earlier instant, in a gap the later one.
  [[nodiscard]] static LocalResolution two_ways(bool fold, std::int64_t by_before,
                                                std::int64_t by_after, std::int64_t turn) noexcept {
    if (fold) return {LocalResolution::kFold, instant(by_before), instant(by_after), instant(turn)};
    return {LocalResolution::kGap, instant(by_after), instant(by_before), instant(turn)};
  }

  const ZoneBucket* buckets_;
  const ZoneSpan* spans_;
  const std::uint16_t* first_span_;
  const char* names_;
  std::size_t span_count_;
  std::string name_;
  std::shared_ptr<const ZoneData> data_;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_ZONE_TABLE_H_
