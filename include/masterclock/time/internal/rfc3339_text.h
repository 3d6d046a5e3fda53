// Writes and reads the parts of RFC 3339 text, for time/rfc3339.h and for zones/, which adds the zone.
#ifndef MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_
#define MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <ratio>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/internal/text_cursor.h"
#include "masterclock/time/leap_seconds.h"

namespace masterclock::inline v0_2::internal {

// The fraction digits that show every tick of `Duration` and no more: 0, 3, 6 or 9.
template <class Duration>
inline constexpr int kFractionDigits =
    Duration::period::den == 1 ? 0 : std::chrono::hh_mm_ss<Duration>::fractional_width;

// A day since 1970-01-01, and the time of that day. Unlike a count of nanoseconds it holds the first day
// of UtcTime, and every second of the years 0 to 9999.
struct DayTime {
  std::int64_t day;
  std::int64_t ns;  // 0 <= ns < 86,400 s
};

inline constexpr std::int64_t kNanosPerDay = 86'400'000'000'000;

template <class Duration>
[[nodiscard]] constexpr DayTime split_days(Duration since_epoch) noexcept {
  using PerDay = std::ratio_divide<std::chrono::days::period, typename Duration::period>;
  static_assert(PerDay::den == 1, "a day is a whole number of ticks");
  const auto [day, rest] = floor_divide<std::int64_t>(since_epoch.count(), PerDay::num);
  return {day, rest * (kNanosPerDay / PerDay::num)};
}

[[nodiscard]] constexpr DayTime moved_by(DayTime time, std::chrono::nanoseconds distance) noexcept {
  const auto [days, rest] = floor_divide(time.ns + distance.count(), kNanosPerDay);
  return {time.day + days, rest};
}

// The two digits of each number below 100: the writer divides once for two digits.
inline constexpr auto kDigitPairs = [] {
  std::array<char, 200> text{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
  }
  return text;
}();

inline char* write_pair(char* out, std::uint32_t value) noexcept {
  std::memcpy(out, kDigitPairs.data() + 2 * std::size_t{value}, 2);
  return out + 2;
}

// Writes 2026-11-20T18:15:30.123 with 0 to 9 `digits` of the fraction, and cuts the remaining digits.
// RFC 3339 has the years 0 to 9999: an earlier or later time becomes the first or the last of them.
inline char* write_date_time(char* out, DayTime time, int digits) noexcept {
  using namespace std::chrono;
  constexpr std::int64_t kFirst = sys_days(year(0) / 1 / 1).time_since_epoch().count();
  constexpr std::int64_t kLast = sys_days(year(9999) / 12 / 31).time_since_epoch().count();
  if (time.day < kFirst) time = {kFirst, 0};
  if (time.day > kLast) time = {kLast, kNanosPerDay - 1};
  const year_month_day date{local_days(days(time.day))};
  const auto ns = static_cast<std::uint64_t>(time.ns);
  const auto second = static_cast<std::uint32_t>(ns / 1'000'000'000);
  const auto y = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  write_pair(out, y / 100);
  write_pair(out + 2, y % 100);
  out[4] = '-';
  write_pair(out + 5, static_cast<unsigned>(date.month()));
  out[7] = '-';
  write_pair(out + 8, static_cast<unsigned>(date.day()));
  out[10] = 'T';
  write_pair(out + 11, second / 3600);
  out[13] = ':';
  write_pair(out + 14, second / 60 % 60);
  out[16] = ':';
  write_pair(out + 17, second % 60);
  if (digits <= 0) return out + 19;
  out[19] = '.';
  char* const fraction = out + 20;
  auto rest = static_cast<std::uint32_t>(ns % 1'000'000'000);
  int left = 9;
  for (; left > digits; --left) rest /= 10;
  for (; left >= 2; left -= 2, rest /= 100) write_pair(fraction + left - 2, rest % 100);
  if (left == 1) *fraction = static_cast<char>('0' + rest % 10);
  return fraction + (digits < 9 ? digits : 9);
}

// Writes +01:00. Requires less than 100 hours.
inline char* write_offset(char* out, std::chrono::minutes offset) noexcept {
  const auto size =
      static_cast<std::uint32_t>(offset.count() < 0 ? -offset.count() : offset.count());
  *out++ = offset.count() < 0 ? '-' : '+';
  out = write_pair(out, size / 60);
  *out++ = ':';
  return write_pair(out, size % 60);
}

// A date-time as read from text: a local reading and its distance from UTC.
struct Rfc3339Fields {
  std::chrono::local_seconds local;  // second 60 is the second that follows
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

// Reads 'Z' or an offset.
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

// Reads the date-time at the cursor and leaves the cursor behind it. The cursor keeps the error.
inline Rfc3339Fields read_rfc3339(TextCursor& in) {
  using namespace std::chrono;
  Rfc3339Fields fields;
  const local_days date = read_date(in);
  if (!in.accept("Tt")) in.fail("expected 'T'");
  const int h = in.number(2, 2, 0, 23, "no such hour");
  in.expect(':');
  const int m = in.number(2, 2, 0, 59, "no such minute");
  in.expect(':');
  const std::size_t second_at = in.offset();
  const int s = in.number(2, 2, 0, 60, "no such second");
  fields.fraction = read_fraction(in);
  read_offset(in, fields);
  fields.local = date + hours(h) + minutes(m) + seconds(s);
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
