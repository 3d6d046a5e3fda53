// Reads the parts of RFC 3339 text. rfc3339_writer.h writes them.
#ifndef MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_
#define MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/internal/text_cursor.h"
#include "masterclock/time/leap_seconds.h"

namespace masterclock::inline v0_2::internal {

// A date-time as read from text: a local reading and its distance from UTC.
struct Rfc3339Fields {
  std::chrono::local_seconds local{};  // second 60 is the second that follows
  std::chrono::nanoseconds fraction{};
  std::chrono::seconds offset{};
  bool zulu = false;  // 'Z' or "-00:00": the text states UTC, and no local offset
};

inline std::chrono::local_days read_date(TextCursor& in) {
  const int y = in.number(4, 4, 0, 9999, "no such year");
  in.expect('-');
  const int m = in.number(2, 2, 1, 12, "no such month");
  in.expect('-');
  const std::size_t day_at = in.offset();
  const int d = in.number(2, 2, 1, 31, "no such day");
  const auto date = std::chrono::year(y) / m / d;
  if (!date.ok()) in.fail_at(day_at, "no such day in this month");
  return std::chrono::local_days(date);
}

// Reads ".123", or nothing.
inline std::chrono::nanoseconds read_fraction(TextCursor& in) {
  if (!in.accept('.')) return {};
  const std::size_t begin = in.offset();
  const std::string_view digits = in.take_while(is_digit);
  if (digits.empty()) in.fail("expected a digit");
  if (digits.size() > 9) in.fail_at(begin + 9, "finer than a nanosecond");
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  return std::chrono::nanoseconds(value);
}

inline void read_offset(TextCursor& in, Rfc3339Fields& fields) {
  fields.zulu = in.accept("Zz");
  if (fields.zulu) return;
  const bool negative = in.accept('-');
  if (!negative && !in.accept('+')) in.fail("expected 'Z' or an offset");
  const int h = in.number(2, 2, 0, 23, "no such offset");
  in.expect(':');
  const int m = in.number(2, 2, 0, 59, "no such offset");
  const std::chrono::seconds size = std::chrono::hours(h) + std::chrono::minutes(m);
  fields.offset = negative ? -size : size;
  fields.zulu = negative && size.count() == 0;  // RFC 3339 section 4.3
}

// An instant states its seconds and its offset. A local time may state its seconds, and states no offset.
enum class Rfc3339Form { kInstant, kLocal };

inline Rfc3339Fields read_rfc3339(TextCursor& in, Rfc3339Form form = Rfc3339Form::kInstant) {
  using namespace std::chrono;
  const bool is_local = form == Rfc3339Form::kLocal;
  Rfc3339Fields fields{.local = read_date(in)};
  if (!in.accept(is_local ? "Tt " : "Tt")) {
    in.fail(is_local ? "expected 'T' or a blank" : "expected 'T'");
  }
  fields.local += hours(in.number(2, 2, 0, 23, "no such hour"));
  in.expect(':');
  fields.local += minutes(in.number(2, 2, 0, 59, "no such minute"));
  if (is_local && in.peek() != ':') return fields;
  in.expect(':');
  const std::size_t second_at = in.offset();
  const int s = in.number(2, 2, 0, is_local ? 59 : 60, "no such second");
  fields.local += seconds(s);
  fields.fraction = read_fraction(in);
  if (is_local) return fields;
  read_offset(in, fields);
  const sys_seconds utc(fields.local.time_since_epoch() - fields.offset);
  if (s == 60 && !leap_second_ended_at(utc)) in.fail_at(second_at, "there was no leap second");
  return fields;
}

// Returns the time point of a reading in `text`, which is a `kind`.
//
// Errors: OutOfRange where 64 bits cannot hold the nanoseconds.
template <class Time>
absl::StatusOr<Time> time_point_of(std::chrono::seconds since_1970,
                                   std::chrono::nanoseconds fraction, const char* kind,
                                   std::string_view text) {
  const Int128 ns = Int128{since_1970.count()} * 1'000'000'000 + fraction.count();
  if (ns == saturate(ns)) return Time(std::chrono::nanoseconds(saturate(ns)));
  return absl::OutOfRangeError(std::string("Invalid ") + kind + " " + quoted(text) +
                               ": outside 1677-09-21 to 2262-04-11");
}

// Returns the instant of a date-time in `text`.
inline absl::StatusOr<UtcTime> to_instant(const Rfc3339Fields& fields, std::string_view text) {
  return time_point_of<UtcTime>(fields.local.time_since_epoch() - fields.offset, fields.fraction,
                                "RFC 3339 time", text);
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_
