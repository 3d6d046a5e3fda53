// Leap seconds: between UTC, whose labels repeat or skip, and TAI, which counts SI seconds.
//
// POSIX time has no label for 23:59:60; it reads the second after 23:59:59 twice. Whoever measures a
// programme, a frame or an offset on the air wants SI seconds (`si_elapsed`); whoever compares two
// timetables wants labels (`posix_elapsed`). They differ by the leap seconds in between.
//
// The table holds every change since 1972. It is known to be complete up to `leap_seconds_expiry()`;
// a conversion says whether it lies inside. Outside, the nearest known offset is used: 10 s before
// 1972 (when the second of UTC was not an SI second) and the last known one after the expiry.
//
// Threads: pure functions of a constant table; all of this is constexpr.
// Cost:    a walk from the newest entry backward; one comparison for any time since 2017.
// Source:  IERS Bulletin C, as published in leap-seconds.list (expires 28 June 2027).
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

#include "masterclock/version.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>

#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// From `effective` on, TAI - UTC is `tai_minus_utc`.
struct LeapSecond {
  UtcTime effective;
  std::chrono::seconds tai_minus_utc;
};

// Where a conversion lies with respect to the table.
enum class LeapCoverage { kBefore1972, kCovered, kAfterExpiry };

// A TAI time together with what is known about it. Usable wherever a TaiTime is.
struct TaiReading : TaiTime {
  LeapCoverage coverage = LeapCoverage::kCovered;
};

// A UTC time together with what is known about it. Usable wherever a UtcTime is.
//
// Inside a positive leap second (23:59:60) it carries the POSIX label, that of the following second,
// and `leap_second` is true: the label will come once more.
struct UtcReading : UtcTime {
  bool leap_second = false;
  LeapCoverage coverage = LeapCoverage::kCovered;
};

namespace internal {

constexpr UtcTime leap_date(int year, unsigned month) noexcept {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / 1);
}

inline constexpr std::array<LeapSecond, 28> kLeapSeconds = {{
    {leap_date(1972, 1), std::chrono::seconds(10)}, {leap_date(1972, 7), std::chrono::seconds(11)},
    {leap_date(1973, 1), std::chrono::seconds(12)}, {leap_date(1974, 1), std::chrono::seconds(13)},
    {leap_date(1975, 1), std::chrono::seconds(14)}, {leap_date(1976, 1), std::chrono::seconds(15)},
    {leap_date(1977, 1), std::chrono::seconds(16)}, {leap_date(1978, 1), std::chrono::seconds(17)},
    {leap_date(1979, 1), std::chrono::seconds(18)}, {leap_date(1980, 1), std::chrono::seconds(19)},
    {leap_date(1981, 7), std::chrono::seconds(20)}, {leap_date(1982, 7), std::chrono::seconds(21)},
    {leap_date(1983, 7), std::chrono::seconds(22)}, {leap_date(1985, 7), std::chrono::seconds(23)},
    {leap_date(1988, 1), std::chrono::seconds(24)}, {leap_date(1990, 1), std::chrono::seconds(25)},
    {leap_date(1991, 1), std::chrono::seconds(26)}, {leap_date(1992, 7), std::chrono::seconds(27)},
    {leap_date(1993, 7), std::chrono::seconds(28)}, {leap_date(1994, 7), std::chrono::seconds(29)},
    {leap_date(1996, 1), std::chrono::seconds(30)}, {leap_date(1997, 7), std::chrono::seconds(31)},
    {leap_date(1999, 1), std::chrono::seconds(32)}, {leap_date(2006, 1), std::chrono::seconds(33)},
    {leap_date(2009, 1), std::chrono::seconds(34)}, {leap_date(2012, 7), std::chrono::seconds(35)},
    {leap_date(2015, 7), std::chrono::seconds(36)}, {leap_date(2017, 1), std::chrono::seconds(37)},
}};

}  // namespace internal

// Every change of TAI - UTC since 1972, oldest first.
[[nodiscard]] constexpr std::span<const LeapSecond> leap_seconds() noexcept {
  return internal::kLeapSeconds;
}

// The first instant for which the table may be wrong.
[[nodiscard]] constexpr UtcTime leap_seconds_expiry() noexcept {
  using namespace std::chrono;
  return sys_days(year(2027) / June / 28);
}

// A table to convert by: this one, or a newer one that was read from a file (leap_seconds_list.h). A
// view; what it looks at must outlive it. `changes` is not empty, and its oldest entry is first.
struct LeapTable {
  std::span<const LeapSecond> changes = leap_seconds();
  UtcTime expiry = leap_seconds_expiry();
};

// TAI of a UTC reading. A label that occurred twice means the second occurrence, after the leap.
[[nodiscard]] constexpr TaiReading to_tai(UtcTime utc, const LeapTable& by = {}) noexcept {
  const auto table = by.changes;
  std::size_t i = table.size() - 1;
  while (i > 0 && utc < table[i].effective) --i;
  const LeapCoverage coverage = utc < table[0].effective ? LeapCoverage::kBefore1972
                                : utc >= by.expiry       ? LeapCoverage::kAfterExpiry
                                                         : LeapCoverage::kCovered;
  return {TaiTime(saturating_add(utc.time_since_epoch(), table[i].tai_minus_utc)), coverage};
}

// UTC of a TAI time; says so when that is inside a leap second.
[[nodiscard]] constexpr UtcReading to_utc(TaiTime tai, const LeapTable& by = {}) noexcept {
  const auto table = by.changes;
  const auto begins = [&](std::size_t i) {
    return TaiTime(table[i].effective.time_since_epoch() + table[i].tai_minus_utc);
  };
  std::size_t i = table.size() - 1;
  while (i > 0 && tai < begins(i)) --i;
  const UtcTime utc(saturating_add(tai.time_since_epoch(), -table[i].tai_minus_utc));
  const bool leap = i + 1 < table.size() && utc >= table[i + 1].effective;
  const LeapCoverage coverage = utc < table[0].effective ? LeapCoverage::kBefore1972
                                : utc >= by.expiry       ? LeapCoverage::kAfterExpiry
                                                         : LeapCoverage::kCovered;
  return {utc, leap, coverage};
}

// Whether the second that ended at `utc` was 23:59:60, a positive leap second.
// Takes any precision, and with whole seconds any time at all.
template <class Duration>
[[nodiscard]] constexpr bool leap_second_ended_at(std::chrono::sys_time<Duration> utc,
                                                  const LeapTable& by = {}) noexcept {
  const auto table = by.changes;
  for (std::size_t i = 1; i < table.size(); ++i) {
    const auto effective = std::chrono::floor<std::chrono::seconds>(table[i].effective);
    if (effective == utc) return table[i].tai_minus_utc > table[i - 1].tai_minus_utc;
  }
  return false;
}

// SI seconds from one UTC reading to another, leap seconds counted. Negative when `to` is earlier.
[[nodiscard]] constexpr std::chrono::nanoseconds si_elapsed(UtcTime from, UtcTime to,
                                                            const LeapTable& by = {}) noexcept {
  return saturating_difference<TaiTimescale>(to_tai(to, by), to_tai(from, by));
}

// The difference of two labels, leap seconds not counted: what POSIX arithmetic gives.
[[nodiscard]] constexpr std::chrono::nanoseconds posix_elapsed(UtcTime from, UtcTime to) noexcept {
  return saturating_difference(to, from);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_LEAP_SECONDS_H_
