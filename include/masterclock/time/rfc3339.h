// Times as text: RFC 3339, strictly.
//
// What is written shows the precision of the time point (2026-11-20T18:15:30Z for seconds,
// 2026-11-20T18:15:30.123Z for milliseconds, and so on) and reads back as the same instant. What is
// read must be a date-time of the grammar from its first byte to its last: upper or lower case T
// and Z, up to nine digits of fraction, an offset. Second 60 is accepted only where a leap second
// really was, and means, as POSIX has it, the same number as the second that follows.
//
// ## Example
//
//   using namespace std::chrono;
//   assert(masterclock::to_rfc3339(sys_seconds(0s)) == "1970-01-01T00:00:00Z");
//   const auto when = masterclock::parse_rfc3339("2026-03-29T02:30:00.5+01:00");
//   assert(when.ok() && masterclock::to_rfc3339(floor<milliseconds>(*when)) ==
//                           "2026-03-29T01:30:00.500Z");
//   assert(!masterclock::parse_rfc3339("2026-02-29T00:00:00Z").ok());
#ifndef MASTERCLOCK_TIME_RFC3339_H_
#define MASTERCLOCK_TIME_RFC3339_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "masterclock/time/internal/rfc3339_text.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Writes an instant in UTC, with the letter Z, into at least kRfc3339Size bytes at `out`; tells
// where the text ends.
//
// Threads: any.
// Cost:    some tens of nanoseconds; does not allocate or throw.
template <class Duration>
char* write_rfc3339(char* out, std::chrono::sys_time<Duration> utc) noexcept {
  const LocalTime reading(std::chrono::nanoseconds(utc.time_since_epoch()));
  out = internal::write_date_time(out, reading, internal::kFractionDigits<Duration>);
  *out++ = 'Z';
  return out;
}

// The same as a string.
//
// Threads: any.
// Cost:    as above; allocates when the standard library's small string is too small.
template <class Duration>
[[nodiscard]] std::string to_rfc3339(std::chrono::sys_time<Duration> utc) {
  char text[kRfc3339Size];
  return std::string(text, write_rfc3339(text, utc));
}

// Reads an instant.
//
// Threads: any.
// Errors:  InvalidArgument with the offset of what is wrong; OutOfRange outside 1677 to 2262.
[[nodiscard]] inline absl::StatusOr<UtcTime> parse_rfc3339(std::string_view text) {
  const absl::StatusOr<internal::Rfc3339Fields> fields = internal::Rfc3339Reader(text).read();
  if (!fields.ok()) return fields.status();
  if (fields->length != text.size()) {
    return absl::InvalidArgumentError("Invalid RFC 3339 time " + internal::quoted(text) +
                                      ": expected the end at offset " +
                                      std::to_string(fields->length));
  }
  return internal::to_instant(*fields, text);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_RFC3339_H_
