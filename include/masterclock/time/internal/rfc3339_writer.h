// Writes the parts of RFC 3339 text. zones/zone.h includes this header without the parser.
#ifndef MASTERCLOCK_TIME_INTERNAL_RFC3339_WRITER_H_
#define MASTERCLOCK_TIME_INTERNAL_RFC3339_WRITER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ratio>
#include <string>

#include "masterclock/internal/int128.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// The fraction digits that show every tick of `Duration` and no more: 0, 3, 6 or 9.
template <class Duration>
inline constexpr int kFractionDigits =
    Duration::period::den == 1 ? 0 : std::chrono::hh_mm_ss<Duration>::fractional_width;

// A day since 1970-01-01, and the time of that day. Unlike a count of nanoseconds it holds the
// first day of UtcTime, and every second of the years 0 to 9999.
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
  const auto [days, rest] = floor_divide<std::int64_t>(time.ns + distance.count(), kNanosPerDay);
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

// Writes 2026-11-20T18:15:30.123 with 0 to 9 `digits` of the fraction, and cuts the remaining
// digits. A time outside the years 0 to 9999 becomes the first or the last of these years. Requires
// room for 9 digits: the digits that are cut are written too.
inline char* write_date_time(char* out, DayTime time, int digits) noexcept {
  using namespace std::chrono;
  constexpr std::int64_t kFirst = sys_days(year(0) / 1 / 1).time_since_epoch().count();
  constexpr std::int64_t kLast = sys_days(year(9999) / 12 / 31).time_since_epoch().count();
  if (time.day < kFirst) time = {kFirst, 0};
  if (time.day > kLast) time = {kLast, kNanosPerDay - 1};
  const year_month_day date{local_days(days(time.day))};
  const auto ns = static_cast<std::uint64_t>(time.ns);
  const auto second = static_cast<std::uint32_t>(ns / 1'000'000'000), minute = second / 60;
  const auto y = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  write_pair(out, y / 100);
  write_pair(out + 2, y % 100);
  out[4] = '-';
  write_pair(out + 5, static_cast<unsigned>(date.month()));
  out[7] = '-';
  write_pair(out + 8, static_cast<unsigned>(date.day()));
  out[10] = 'T';
  write_pair(out + 11, minute / 60);
  out[13] = ':';
  write_pair(out + 14, minute % 60);
  out[16] = ':';
  write_pair(out + 17, second % 60);
  if (digits <= 0) return out + 19;
  out[19] = '.';
  const auto rest = static_cast<std::uint32_t>(ns % 1'000'000'000), milli = rest / 1'000'000;
  write_pair(out + 20, milli / 10);
  out[22] = static_cast<char>('0' + milli % 10);
  if (digits > 3) {
    write_pair(out + 23, rest / 10'000 % 100);
    write_pair(out + 25, rest / 100 % 100);
    write_pair(out + 27, rest % 100);
  }
  return out + 20 + (digits < 9 ? digits : 9);
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

// Returns the text of an instant in UTC, for messages.
inline std::string utc_text(UtcTime utc, int digits) {
  char text[sizeof("2026-11-20T18:15:30.123456789")];
  return std::string(text, write_date_time(text, split_days(utc.time_since_epoch()), digits)) + "Z";
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_RFC3339_WRITER_H_
