// Converts between UTC and TAI with the table of leap seconds.
//
// The labels of UTC repeat or skip at a leap second: POSIX time has no label for 23:59:60 and reads the
// second after 23:59:59 twice. TAI counts SI seconds. Measure programmes, frames and offsets on the air in
// SI seconds (`si_elapsed`). Compare timetables by labels (`posix_elapsed`).
//
// The table holds every change since 1972 and is complete up to `leap_seconds_expiry()`. Each conversion
// returns its coverage. Outside the table it uses the nearest known offset. Before 1972, when the second
// of UTC was not an SI second, the offset is 10 s.
//
// Cost:   a walk from the newest entry backward; one comparison for a time since 2017. constexpr.
// Source: IERS Bulletin C, as published in leap-seconds.list (expires 28 June 2027).
//
// ## Example
//
//   using namespace std::chrono;
//   constexpr masterclock::UtcTime before = sys_days(2016y / December / 31) + 23h + 59min + 59s;
//   constexpr masterclock::UtcTime after = sys_days(2017y / January / 1);
//   static_assert(masterclock::posix_elapsed(before, after) == 1s);
//   static_assert(masterclock::si_elapsed(before, after) == 2s);
#ifndef MASTERCLOCK_TIME_LEAP_SECONDS_H_
#define MASTERCLOCK_TIME_LEAP_SECONDS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "masterclock/internal/int128.h"
#include "masterclock/internal/printable.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// TAI - UTC is `tai_minus_utc` from `effective` on.
struct LeapSecond {
  UtcTime effective;
  std::chrono::seconds tai_minus_utc;
};

// The position of a conversion relative to the table.
enum class LeapCoverage { kBefore1972, kCovered, kAfterExpiry };

[[nodiscard]] inline std::string to_string(LeapCoverage coverage) {
  return internal::name_of(coverage, {"before 1972", "covered", "after expiry"});
}

struct TaiReading : TaiTime {
  LeapCoverage coverage = LeapCoverage::kCovered;
};

// A UTC time with its coverage. Inside a positive leap second (23:59:60), `leap_second` is true and the
// label is that of the following second. The label then occurs once more.
struct UtcReading : UtcTime {
  bool leap_second = false;
  LeapCoverage coverage = LeapCoverage::kCovered;
};

namespace internal {

inline constexpr auto kLeapSeconds = [] {
  constexpr struct {
    int year;
    unsigned month;
  } kMonths[] = {{1972, 1}, {1972, 7}, {1973, 1}, {1974, 1}, {1975, 1}, {1976, 1}, {1977, 1},
                 {1978, 1}, {1979, 1}, {1980, 1}, {1981, 7}, {1982, 7}, {1983, 7}, {1985, 7},
                 {1988, 1}, {1990, 1}, {1991, 1}, {1992, 7}, {1993, 7}, {1994, 7}, {1996, 1},
                 {1997, 7}, {1999, 1}, {2006, 1}, {2009, 1}, {2012, 7}, {2015, 7}, {2017, 1}};
  std::array<LeapSecond, std::size(kMonths)> table{};
  std::chrono::seconds offset(10);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto [year, month] = kMonths[i];
    const std::chrono::sys_days day = std::chrono::year(year) / std::chrono::month(month) / 1;
    table[i] = {day, offset++};
  }
  return table;
}();

}  // namespace internal

// Returns every change of TAI - UTC since 1972, oldest first.
[[nodiscard]] constexpr std::span<const LeapSecond> leap_seconds() noexcept {
  return {internal::kLeapSeconds.data(), internal::kLeapSeconds.size()};
}

// Returns the first instant for which the table may be wrong.
[[nodiscard]] constexpr UtcTime leap_seconds_expiry() noexcept {
  using namespace std::chrono;
  return sys_days(year(2027) / June / 28);
}

// The table of a conversion: the built-in one, or a newer one (leap_seconds_file.h). `changes` refers to
// entries that must outlive the table; it is not empty, and its oldest entry is first.
struct LeapTable {
  std::span<const LeapSecond> changes = leap_seconds();
  UtcTime expiry = leap_seconds_expiry();
};

namespace internal {

// Returns the entry in effect at `utc`, or the oldest one.
constexpr const LeapSecond& leap_second_at(UtcTime utc, const LeapTable& by) noexcept {
  std::size_t i = by.changes.size() - 1;
  while (i > 0 && utc < by.changes[i].effective) --i;
  return by.changes[i];
}

constexpr LeapCoverage leap_coverage(UtcTime utc, const LeapTable& by) noexcept {
  return utc < by.changes[0].effective ? LeapCoverage::kBefore1972
         : utc >= by.expiry            ? LeapCoverage::kAfterExpiry
                                       : LeapCoverage::kCovered;
}

}  // namespace internal

// Returns the TAI time of a UTC time. A label that occurred twice means its second occurrence.
[[nodiscard]] constexpr TaiReading to_tai(UtcTime utc, const LeapTable& by = {}) noexcept {
  const std::chrono::seconds offset = internal::leap_second_at(utc, by).tai_minus_utc;
  return {TaiTime(saturating_add(utc.time_since_epoch(), offset)),
          internal::leap_coverage(utc, by)};
}

[[nodiscard]] constexpr UtcReading to_utc(TaiTime tai, const LeapTable& by = {}) noexcept {
  const auto table = by.changes;
  const auto begins = [&](std::size_t i) {
    return TaiTime(saturating_add(table[i].effective.time_since_epoch(), table[i].tai_minus_utc));
  };
  std::size_t i = table.size() - 1;
  while (i > 0 && tai < begins(i)) --i;
  const UtcTime utc(saturating_add(tai.time_since_epoch(), -table[i].tai_minus_utc));
  const bool leap = i + 1 < table.size() && utc >= table[i + 1].effective;
  return {utc, leap, internal::leap_coverage(utc, by)};
}

// Returns true when the second that ended at `utc` was 23:59:60, a positive leap second.
template <class Duration>
[[nodiscard]] constexpr bool leap_second_ended_at(std::chrono::sys_time<Duration> utc,
                                                  const LeapTable& by = {}) noexcept {
  const auto table = by.changes;
  const UtcTime instant(
      internal::saturating_floor<std::chrono::nanoseconds>(utc.time_since_epoch()));
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i].effective == instant) return table[i].tai_minus_utc > table[i - 1].tai_minus_utc;
  }
  return false;
}

// Returns the SI seconds from one UTC time to another, with the leap seconds between them. The result is
// negative when `to` is earlier.
[[nodiscard]] constexpr std::chrono::nanoseconds si_elapsed(UtcTime from, UtcTime to,
                                                            const LeapTable& by = {}) noexcept {
  const std::chrono::nanoseconds leaps = internal::leap_second_at(to, by).tai_minus_utc -
                                         internal::leap_second_at(from, by).tai_minus_utc;
  return std::chrono::nanoseconds(
      internal::saturate(internal::Int128{to.time_since_epoch().count()} -
                         from.time_since_epoch().count() + leaps.count()));
}

// Returns the difference of two labels, without leap seconds, as POSIX arithmetic does.
[[nodiscard]] constexpr std::chrono::nanoseconds posix_elapsed(UtcTime from, UtcTime to) noexcept {
  return saturating_difference(to, from);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_LEAP_SECONDS_H_
