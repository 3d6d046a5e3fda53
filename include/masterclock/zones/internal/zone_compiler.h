// Compiles the rules of a zone: unrolls the footer, marks daylight time, and fills the buckets.
#ifndef MASTERCLOCK_ZONES_INTERNAL_ZONE_COMPILER_H_
#define MASTERCLOCK_ZONES_INTERNAL_ZONE_COMPILER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/zones/internal/posix_tz.h"
#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/internal/zone_table.h"

namespace masterclock::inline v0_2::internal {

class ZoneCompiler {
 public:
  static ZoneData compile(ZoneRules rules) {
    ZoneCompiler compiler;
    if (const auto footer = PosixTz::parse(rules.footer)) footer->unroll(rules, kLastYear);
    compiler.lay_spans(rules);
    compiler.normalize_negative_dst();
    compiler.lay_buckets();
    return std::move(compiler.data_);
  }

 private:
  static constexpr int kLastYear = 2262;
  static constexpr std::int64_t kSecond = 1'000'000'000;

  void lay_spans(const ZoneRules& rules) {
    add_span(INT64_MIN, rules.first);
    const LocalTimeType* current = &rules.first;
    for (const ZoneChange& change : rules.changes) {
      if (change.type == *current) continue;
      if (change.at > INT64_MAX / kSecond) break;
      current = &change.type;
      if (change.at < INT64_MIN / kSecond) {
        data_.spans.clear();  // before the range of time points
        add_span(INT64_MIN, change.type);
      } else {
        add_span(change.at * kSecond, change.type);
      }
    }
    data_.spans.push_back(data_.spans.back());
    data_.spans.back().begin = INT64_MAX;
  }

  void add_span(std::int64_t begin, const LocalTimeType& type) {
    // A NUL follows each name, so that no name is found inside another.
    const std::string name = type.abbreviation + '\0';
    std::size_t at = data_.names.find(name);
    if (at == std::string::npos || (at > 0 && data_.names[at - 1] != '\0')) {
      at = data_.names.size();
      data_.names += name;
    }
    data_.spans.push_back({begin, type.offset, type.is_dst,
                           static_cast<std::uint8_t>(type.abbreviation.size()),
                           static_cast<std::uint16_t>(at)});
  }

  // The database marks Ireland's winter and Morocco's Ramadan as daylight time behind standard
  // time. For users daylight time is the other part of the year. A marked span behind both its
  // neighbours is therefore standard time. A span between two such spans is daylight time.
  void normalize_negative_dst() {
    std::vector<ZoneSpan>& spans = data_.spans;
    const std::size_t count = spans.size() - 1;
    constexpr std::int64_t kYear = std::int64_t{366} * 86400 * kSecond;
    std::vector<bool> winter(count, false);
    for (std::size_t i = 1; i + 1 < count; ++i) {
      winter[i] = spans[i].daylight && !spans[i - 1].daylight && !spans[i + 1].daylight &&
                  spans[i].offset < spans[i - 1].offset && spans[i].offset < spans[i + 1].offset;
    }
    for (std::size_t i = 1; i < count; ++i) {
      if (winter[i]) spans[i].daylight = false;
      const bool between = winter[i - 1] && (i + 1 == count || winter[i + 1]);
      if (between && spans[i + 1].begin - kYear < spans[i].begin) spans[i].daylight = true;
    }
  }

  void lay_buckets() {
    const std::vector<ZoneSpan>& spans = data_.spans;
    const std::size_t count = spans.size() - 1;
    std::size_t first = 0;  // the span at the beginning of the bucket's reach
    for (std::size_t b = 0; b < ZoneBucket::kCount; ++b) {
      const std::int64_t begin = static_cast<std::int64_t>(b) << ZoneBucket::kShift;
      const std::int64_t end = begin + (std::int64_t{1} << ZoneBucket::kShift);
      const std::int64_t from = (begin - ZoneBucket::kReach) * kSecond;
      const std::int64_t until = (end + ZoneBucket::kReach) * kSecond;
      while (first + 1 < count && spans[first + 1].begin <= from) ++first;
      std::size_t last = first;
      while (last + 1 < count && spans[last + 1].begin < until) ++last;
      ZoneBucket& bucket = data_.buckets[b];
      data_.first_span[b] = static_cast<std::uint16_t>(first);
      bucket.before = last > first + 1 ? ZoneBucket::kSeveral : spans[first].offset;
      bucket.after = spans[last].offset;
      if (last > first) bucket.turn = spans[first + 1].begin / kSecond;
    }
  }

  ZoneData data_;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_ZONE_COMPILER_H_
