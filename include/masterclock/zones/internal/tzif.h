// Reads a compiled zone file (TZif): the changes that it lists, and the rule at its end.
//
// posix_tz.h adds the changes after the last listed change, and zone_compiler.h compiles the result.
// The reader trusts no byte: it checks every index.
//
// Source: RFC 8536 section 3. The reader takes the 64-bit block of version 2 and later.
#ifndef MASTERCLOCK_ZONES_INTERNAL_TZIF_H_
#define MASTERCLOCK_ZONES_INTERNAL_TZIF_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/internal/big_endian.h"
#include "masterclock/internal/read_file.h"

namespace masterclock::inline v0_2::internal {

struct LocalTimeType {
  std::int32_t offset = 0;  // seconds east of Greenwich
  bool is_dst = false;      // as the database marks it; see ZoneOffset::daylight
  std::string abbreviation;
  bool operator==(const LocalTimeType&) const = default;
};

// `type` holds from `at` on, in POSIX seconds.
struct ZoneChange {
  std::int64_t at = 0;
  LocalTimeType type;
  bool operator==(const ZoneChange&) const = default;
};

// The history of a zone as its file states it.
struct ZoneRules {
  LocalTimeType first;              // before the first change
  std::vector<ZoneChange> changes;  // by instant, strictly increasing
  std::string footer;               // the POSIX TZ rule after the last change; may be empty
};

class TzifReader {
 public:
  // Returns no rules when `bytes` are not a well-formed TZif file.
  static std::optional<ZoneRules> read(std::string_view bytes) {
    TzifReader reader(bytes);
    Header header;
    if (!reader.take(header)) return std::nullopt;
    if (header.version == '\0') return reader.block<std::int32_t>(header);
    reader.at_ += header.size(4);  // the 32-bit block has the same data for fewer years
    if (!reader.take(header)) return std::nullopt;
    std::optional<ZoneRules> rules = reader.block<std::int64_t>(header);
    if (!rules || !reader.footer(rules->footer)) return std::nullopt;
    return rules;
  }

  static std::optional<ZoneRules> read_file(const std::string& path) {
    return read(internal::read_file(path).value_or(""));
  }

 private:
  struct Header {
    char version = '\0';
    std::size_t isutc = 0, isstd = 0, leaps = 0, times = 0, types = 0, chars = 0;
    [[nodiscard]] std::size_t size(std::size_t width) const {
      return times * width + times + types * 6 + chars + leaps * (width + 4) + isstd + isutc;
    }
  };

  explicit TzifReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool has(std::size_t n) const {
    return at_ <= bytes_.size() && n <= bytes_.size() - at_;
  }

  template <class Int>
  [[nodiscard]] std::int64_t number(std::size_t at) const {
    return big_endian<Int>(bytes_of(bytes_), at);
  }

  bool take(Header& h) {
    constexpr std::size_t kSize = 44;
    if (!has(kSize) || bytes_.substr(at_, 4) != "TZif") return false;
    h.version = bytes_[at_ + 4];
    std::size_t* const counts[] = {&h.isutc, &h.isstd, &h.leaps, &h.times, &h.types, &h.chars};
    for (std::size_t i = 0; i < 6; ++i) {
      const std::int64_t count = number<std::int32_t>(at_ + 20 + 4 * i);
      if (count < 0 || count > 50'000) return false;  // a span's number fits in 16 bits
      *counts[i] = static_cast<std::size_t>(count);
    }
    at_ += kSize;
    return true;
  }

  template <class Time>
  std::optional<ZoneRules> block(const Header& h) {
    constexpr std::size_t kWidth = sizeof(Time);
    if (!has(h.size(kWidth)) || h.types == 0) return std::nullopt;
    const std::size_t times = at_, indexes = times + h.times * kWidth, types = indexes + h.times;
    const std::string_view names = bytes_.substr(types + h.types * 6, h.chars);
    std::vector<LocalTimeType> known;
    for (std::size_t i = 0; i < h.types; ++i) {
      const std::size_t entry = types + i * 6;
      const auto name = static_cast<unsigned char>(bytes_[entry + 5]);
      if (name >= names.size()) return std::nullopt;
      const std::string_view rest = names.substr(name);
      const std::size_t end = rest.find('\0');
      const std::int64_t offset = number<std::int32_t>(entry);
      // Section 3.2 bounds the offsets, and ZoneBucket::kReach relies on the bound. No recorded
      // name has more than six letters.
      const bool sane = end <= 32 && offset >= -89'999 && offset <= 93'599;
      if (end == std::string_view::npos || !sane) return std::nullopt;
      known.push_back({static_cast<std::int32_t>(offset), bytes_[entry + 4] != 0,
                       std::string(rest.substr(0, end))});
    }
    ZoneRules rules;
    rules.first = known[0];
    for (std::size_t i = 0; i < h.times; ++i) {
      const std::int64_t at = number<Time>(times + i * kWidth);
      const auto type = static_cast<unsigned char>(bytes_[indexes + i]);
      if (type >= known.size() || (i > 0 && at <= rules.changes.back().at)) return std::nullopt;
      rules.changes.push_back({at, known[type]});
    }
    at_ += h.size(kWidth);
    return rules;
  }

  bool footer(std::string& out) {
    if (!has(2) || bytes_[at_] != '\n') return false;
    const std::size_t end = bytes_.find('\n', at_ + 1);
    if (end == std::string_view::npos) return false;
    out = bytes_.substr(at_ + 1, end - at_ - 1);
    return true;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_TZIF_H_
