// Writes and reads zoned times as RFC 9557 text: 2026-11-20T18:15:30.123-05:00[America/New_York].
//
// The brackets contain the zone, so that the zone survives a round trip. The parser is strict. The
// zone must be in the database, and must have the offset of the text at that instant. Z and -00:00
// state no offset. The parser skips tags such as [u-ca=iso8601]. It refuses a tag marked with '!'
// and an offset in place of the zone, [+01:00].
//
// Source: RFC 9557 sections 3 and 4.1.
//
// ## Example
//
//   masterclock::ZoneCache zones;
//   const auto time = masterclock::parse_rfc9557("2026-07-01T20:00:00+01:00[Europe/Dublin]", zones);
//   assert(time.ok() && time->zone.name() == "Europe/Dublin");
//   // The winter offset in summer is an error.
//   assert(!masterclock::parse_rfc9557("2026-07-01T20:00:00+00:00[Europe/Dublin]", zones).ok());
#ifndef MASTERCLOCK_ZONES_RFC9557_H_
#define MASTERCLOCK_ZONES_RFC9557_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/text_cursor.h"
#include "masterclock/time/internal/rfc3339_text.h"
#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zoned_time.h"

namespace masterclock::inline v0_2 {

template <class Duration>
[[nodiscard]] std::string to_rfc9557(const BasicZonedTime<Duration>& time) {
  return to_string(time);
}

namespace internal {

// Reads key=value or key=value-value of a tag.
inline void read_rfc9557_tag(TextCursor& in) {
  const auto is_lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_value = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (!is_lower(in.peek())) in.fail("expected a tag");
  in.take_while([&](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
  in.expect('=');
  do {
    if (in.take_while(is_value).empty()) in.fail("expected a value");
  } while (in.accept('-'));
  in.expect(']');
}

// Reads the brackets after a date-time, and returns the name in the first brackets.
inline std::string_view read_rfc9557_zone(TextCursor& in) {
  in.expect('[');
  in.accept('!');  // the parser honours the zone with and without the critical mark
  if (in.peek() == '+' || in.peek() == '-') {
    in.fail("parse_rfc9557 does not accept an offset as the timezone");
  }
  const std::string_view zone =
      in.take_while([](char c) { return c > ' ' && c < 0x7f && c != '[' && c != ']' && c != '='; });
  if (zone.empty()) in.fail("expected a timezone");
  if (in.peek() == '=') in.fail("expected a timezone before any tag");
  in.expect(']');
  while (in.accept('[')) {
    const std::size_t tag_at = in.offset();
    const bool critical = in.accept('!');
    read_rfc9557_tag(in);
    if (critical) in.fail_at(tag_at, "unknown critical tag");
  }
  if (!in.at_end()) in.fail("expected '[' or the end");
  return zone;
}

}  // namespace internal

// Reads an instant and its zone.
//
// Errors: InvalidArgument with the offset of the error in the text, also for a UTC offset that the
//         zone does not have then. NotFound for an unknown zone. OutOfRange outside 1677 to 2262.
[[nodiscard]] inline absl::StatusOr<ZonedTime> parse_rfc9557(std::string_view text,
                                                             ZoneCache& zones) {
  internal::TextCursor in(text);
  const internal::Rfc3339Fields fields = internal::read_rfc3339(in);
  const std::size_t zone_at = in.offset() + 1;
  const std::string_view name = internal::read_rfc9557_zone(in);
  if (in.failed()) return absl::InvalidArgumentError(in.error("RFC 9557 time"));
  const absl::StatusOr<UtcTime> utc = internal::to_instant(fields, text);
  if (!utc.ok()) return utc.status();
  const absl::StatusOr<Zone> zone = zones.find(name);
  if (!zone.ok()) return zone.status();
  const ZonedTime time(*utc, *zone);
  // The text has whole minutes; see write_rfc3339(BasicZonedTime).
  const auto offset = std::chrono::duration_cast<std::chrono::minutes>(time.offset);
  if (fields.zulu || fields.offset == offset) return time;
  in.fail_at(zone_at, "the offset of " + std::string(name) + " is " +
                          internal::offset_text(offset) + " then");
  return absl::InvalidArgumentError(in.error("RFC 9557 time"));
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_RFC9557_H_
