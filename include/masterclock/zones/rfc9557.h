// Zoned times as text: RFC 9557, the instant with its offset and the zone behind it in brackets, so
// that the zone survives a round trip: 2026-11-20T18:15:30.123-05:00[America/New_York].
//
// Reading is strict. The zone must be one of the database, its offset at that instant must be the
// one that is written (Z and -00:00 claim none), tags such as [u-ca=iso8601] are passed over, and a
// tag that is marked critical with '!' is refused, since none is understood here.
//
// Source: RFC 9557 sections 3 and 4.1.
//
// ## Example
//
//   masterclock::ZoneCache zones;
//   const auto read = masterclock::parse_rfc9557("2026-07-01T20:00:00+01:00[Europe/Dublin]",
//   zones); assert(read.ok() && read->zone.name() == "Europe/Dublin");
//   // The same wall reading with last winter's offset is refused, not silently moved.
//   assert(!masterclock::parse_rfc9557("2026-07-01T20:00:00+00:00[Europe/Dublin]", zones).ok());
#ifndef MASTERCLOCK_ZONES_RFC9557_H_
#define MASTERCLOCK_ZONES_RFC9557_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/internal/rfc3339_text.h"
#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zoned_time.h"

namespace masterclock::inline v0_2 {

// Threads: any.
template <class Duration>
[[nodiscard]] std::string to_rfc9557(const BasicZonedTime<Duration>& time) {
  return to_rfc3339(time) + "[" + std::string(time.zone.name()) + "]";
}

namespace internal {

// Reads the brackets after the date-time. `zone` is set to what stands in the first of them.
class Rfc9557Suffix {
 public:
  Rfc9557Suffix(std::string_view text, std::size_t at) noexcept : text_(text), at_(at) {}

  // Why the suffix is refused, or null.
  const char* read() {
    if (!accept('[')) return "expected '['";
    accept('!');  // critical or not, the zone is always honoured
    zone_at = at_;
    zone = take([](char c) { return c > ' ' && c < 0x7f && c != '[' && c != ']' && c != '='; });
    if (zone.empty()) return "expected a timezone";
    if (!accept(']')) return peek() == '=' ? "expected a timezone before any tag" : "expected ']'";
    while (accept('[')) {
      const std::size_t begin = at_;
      const bool critical = accept('!');
      if (const char* const wrong = tag()) return wrong;
      if (critical) {
        at_ = begin;
        return "a critical tag that is not understood";
      }
    }
    return at_ == text_.size() ? nullptr : "expected '[' or the end";
  }

  std::string_view zone;
  std::size_t zone_at = 0;
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

 private:
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) noexcept {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  template <class Is>
  std::string_view take(Is is) noexcept {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // key=value or key=value-value
  const char* tag() {
    const auto is_lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!is_lower(peek())) return "expected a tag";
    take([&](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
    if (!accept('=')) return "expected '='";
    do {
      const auto is_value = [&](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      };
      if (take(is_value).empty()) return "expected a value";
    } while (accept('-'));
    return accept(']') ? nullptr : "expected ']'";
  }

  std::string_view text_;
  std::size_t at_;
};

}  // namespace internal

// Reads an instant and its zone.
//
// Threads: any.
// Errors:  InvalidArgument with the offset of what is wrong, also where the written offset is not the
//          zone's; NotFound for a zone that the database does not have; OutOfRange outside 1677 to
//          2262.
[[nodiscard]] inline absl::StatusOr<ZonedTime> parse_rfc9557(std::string_view text,
                                                             ZoneCache& zones) {
  const auto invalid = [&](const std::string& what, std::size_t at) {
    return absl::InvalidArgumentError("Invalid RFC 9557 time " + internal::quoted(text) + ": " +
                                      what + " at offset " + std::to_string(at));
  };
  internal::TextCursor in(text);
  const internal::Rfc3339Fields fields = internal::read_rfc3339(in);
  if (in.failed()) return absl::InvalidArgumentError(in.error("RFC 3339 time"));
  internal::Rfc9557Suffix suffix(text, in.offset());
  if (const char* const wrong = suffix.read()) return invalid(wrong, suffix.at());
  const absl::StatusOr<UtcTime> utc = internal::to_instant(fields, text);
  if (!utc.ok()) return utc.status();
  const absl::StatusOr<Zone> zone = zones.find(suffix.zone);
  if (!zone.ok()) return zone.status();
  const ZonedTime time(*utc, *zone);
  // Offsets are written in whole minutes; see to_rfc3339(BasicZonedTime).
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time.offset);
  if (!fields.zulu && fields.offset != minutes) {
    char right[kRfc3339Size];
    const std::string offset(right, internal::write_offset(right, minutes));
    return invalid("the offset of " + std::string(suffix.zone) + " is " + offset + " then",
                   suffix.zone_at);
  }
  return time;
}

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_RFC9557_H_
