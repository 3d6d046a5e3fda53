// The letters of RFC 3339: writing one into a buffer, reading one strictly. Shared by rfc3339.h,
// which speaks of instants, and by zones/rfc9557.h, which adds the zone. A program wants those two.
#ifndef MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_
#define MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Room for any time that this library writes: nanoseconds, and an offset. No NUL is written.
inline constexpr std::size_t kRfc3339Size = sizeof("2026-11-20T18:15:30.123456789+00:00") - 1;

namespace internal {

// Fraction digits that show every tick of `Duration` and no more: 0, 3, 6 or 9.
template <class Duration>
inline constexpr int kFractionDigits =
    Duration::period::den == 1 ? 0 : std::chrono::hh_mm_ss<Duration>::fractional_width;

// Two digits at a time, from a table: what is written most often is written without a division a
// digit.
struct DigitPairs {
  char text[200] = {};
  constexpr DigitPairs() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
inline constexpr DigitPairs kDigitPairs;

inline char* write_pair(char* out, std::uint32_t value) noexcept {
  std::memcpy(out, kDigitPairs.text + 2 * std::size_t{value}, 2);
  return out + 2;
}

// The decimal digits of `value`, right-aligned in `width` places with leading zeros.
inline char* write_digits(char* out, std::uint32_t value, int width) noexcept {
  int left = width;
  for (; left >= 2; left -= 2, value /= 100) write_pair(out + left - 2, value % 100);
  if (left == 1) *out = static_cast<char>('0' + value % 10);
  return out + width;
}

// 2026-11-20T18:15:30.123, `digits` of the fraction; the rest is cut (floored). Years 0 to 9999.
inline char* write_date_time(char* out, LocalTime local, int digits) noexcept {
  using namespace std::chrono;
  // Divided by hand: the first day of the range begins before what nanoseconds can hold.
  constexpr std::int64_t kDay = nanoseconds(days(1)).count();
  std::int64_t day = local.time_since_epoch().count() / kDay;
  std::int64_t of_day = local.time_since_epoch().count() % kDay;
  if (of_day < 0) {
    of_day += kDay;
    --day;
  }
  const year_month_day date{local_days(days(day))};
  const auto second =
      static_cast<std::uint32_t>(static_cast<std::uint64_t>(of_day) / 1'000'000'000);
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
  if (digits == 0) return out + 19;
  out[19] = '.';
  auto fraction = static_cast<std::uint32_t>(static_cast<std::uint64_t>(of_day) % 1'000'000'000);
  for (int i = digits; i < 9; i += 3) fraction /= 1000;
  return write_digits(out + 20, fraction, digits);
}

// +01:00. The grammar has no seconds.
inline char* write_offset(char* out, std::chrono::minutes offset) noexcept {
  const auto size =
      static_cast<std::uint32_t>(offset.count() < 0 ? -offset.count() : offset.count());
  *out++ = offset.count() < 0 ? '-' : '+';
  out = write_pair(out, size / 60);
  *out++ = ':';
  return write_pair(out, size % 60);
}

// A date-time read from text: a local reading, and how far it stands from UTC.
struct Rfc3339Fields {
  std::chrono::local_seconds local;  // second 60 stands here as the second that follows
  std::chrono::nanoseconds fraction{};
  std::chrono::seconds offset{};
  bool zulu = false;       // 'Z' or "-00:00": UTC is known, the local offset is not
  std::size_t length = 0;  // how much of the text was read
};

// Reads the date-time at the beginning of a text; what follows is the caller's.
//
// Errors: InvalidArgument with the offset of the first byte that cannot stand where it stands.
class Rfc3339Reader {
 public:
  explicit Rfc3339Reader(std::string_view text) noexcept : text_(text) {}

  absl::StatusOr<Rfc3339Fields> read() {
    using namespace std::chrono;
    const int y = number(4, 0, 9999, "no such year");
    literal('-');
    const int mo = number(2, 1, 12, "no such month");
    literal('-');
    const std::size_t day_at = at_;
    const int d = number(2, 1, 31, "no such day");
    if (!failed() && !(year(y) / mo / d).ok()) fail_at(day_at, "no such day in this month");
    if (!failed() && (peek() == 'T' || peek() == 't'))
      ++at_;
    else
      fail("expected 'T'");
    const int h = number(2, 0, 23, "no such hour");
    literal(':');
    const int m = number(2, 0, 59, "no such minute");
    literal(':');
    const std::size_t second_at = at_;
    const int s = number(2, 0, 60, "no such second");
    Rfc3339Fields fields;
    fields.fraction = fraction();
    offset(fields);
    if (failed()) return error();
    fields.local = local_days(year(y) / mo / d) + hours(h) + minutes(m) + seconds(s);
    const sys_seconds utc(fields.local.time_since_epoch() - fields.offset);
    if (s == 60 && !leap_second_ended_at(utc)) {
      fail_at(second_at, "there was no leap second");
      return error();
    }
    fields.length = at_;
    return fields;
  }

 private:
  [[nodiscard]] bool failed() const noexcept { return what_ != nullptr; }
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

  void fail_at(std::size_t where, const char* what) noexcept {
    if (failed()) return;
    what_ = what;
    failed_at_ = where;
  }
  void fail(const char* what) noexcept { fail_at(at_, what); }

  [[nodiscard]] absl::Status error() const {
    std::string message = "Invalid RFC 3339 time " + quoted(text_) + ": " + what_ + " at offset " +
                          std::to_string(failed_at_);
    return absl::InvalidArgumentError(message);
  }

  void literal(char c) {
    if (failed()) return;
    if (peek() == c) {
      ++at_;
    } else {
      fail(c == '-' ? "expected '-'" : "expected ':'");
    }
  }

  // Exactly `width` digits, from `low` to `high`.
  int number(int width, int low, int high, const char* what) {
    if (failed()) return low;
    const std::size_t begin = at_;
    int value = 0;
    for (int i = 0; i < width; ++i, ++at_) {
      if (!is_digit(peek())) {
        fail("expected a digit");
        return low;
      }
      value = value * 10 + (peek() - '0');
    }
    if (value < low || value > high) fail_at(begin, what);
    return failed() ? low : value;
  }

  std::chrono::nanoseconds fraction() {
    if (failed() || peek() != '.') return {};
    ++at_;
    std::int64_t value = 0;
    int digits = 0;
    for (; is_digit(peek()); ++digits, ++at_) {
      if (digits == 9) {
        fail("finer than a nanosecond");
        return {};
      }
      value = value * 10 + (peek() - '0');
    }
    if (digits == 0) fail("expected a digit");
    for (; digits < 9; ++digits) value *= 10;
    return std::chrono::nanoseconds(value);
  }

  void offset(Rfc3339Fields& fields) {
    if (failed()) return;
    const char sign = peek();
    if (sign == 'Z' || sign == 'z') {
      ++at_;
      fields.zulu = true;
      return;
    }
    if (sign != '+' && sign != '-') return fail("expected 'Z' or an offset");
    ++at_;
    const int h = number(2, 0, 23, "no such offset");
    literal(':');
    const int m = number(2, 0, 59, "no such offset");
    const std::chrono::seconds size = std::chrono::hours(h) + std::chrono::minutes(m);
    fields.offset = sign == '-' ? -size : size;
    fields.zulu = sign == '-' && size.count() == 0;  // RFC 3339 section 4.3
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t failed_at_ = 0;
  const char* what_ = nullptr;
};

// The instant that a date-time names.
//
// Errors: OutOfRange outside 1677-09-21 to 2262-04-11, what nanoseconds can hold.
inline absl::StatusOr<UtcTime> to_instant(const Rfc3339Fields& fields, std::string_view text) {
  using namespace std::chrono;
  const seconds whole = fields.local.time_since_epoch() - fields.offset;
  std::int64_t ns = 0;
  // Before the epoch the last whole second may overflow although its fraction brings it back.
  const std::int64_t borrow = whole.count() < 0 ? 1 : 0;
  if (__builtin_mul_overflow(whole.count() + borrow, std::int64_t{1'000'000'000}, &ns) ||
      __builtin_add_overflow(ns, fields.fraction.count() - borrow * 1'000'000'000, &ns)) {
    return absl::OutOfRangeError("Invalid RFC 3339 time " + quoted(text) +
                                 ": outside 1677-09-21 to 2262-04-11");
  }
  return UtcTime(nanoseconds(ns));
}

}  // namespace internal
}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_INTERNAL_RFC3339_TEXT_H_
