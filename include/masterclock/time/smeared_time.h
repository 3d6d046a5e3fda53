// Smeared UTC: what the servers of some clouds hand out around a leap second, which is not UTC.
//
// From noon UTC before a leap second to noon after it, 24 hours as the labels have it, every smeared
// second is longer (or, for a negative one, shorter) by 1/86400. Smeared time thus never repeats or
// skips a label, and is up to half a second off: a second is 25 frames long in it and not quite 25 on
// the air. Outside those windows it reads as UTC.
//
// A smeared time is a type of its own, so it meets UTC or TAI only where it is converted by name. Nothing
// in a time that a server sends tells whether it was smeared: whoever configures the server knows.
//
// Conversions are exact in integers and floor to the nanosecond. From TAI and back again, or from
// smeared time and back, they return what they were given to within a nanosecond.
//
// Threads: pure functions of a constant table; all of this is constexpr.
// Cost:    that of the conversion between TAI and UTC, and a division inside a window.
// Source:  https://developers.google.com/time/smear, and the same for Amazon Time Sync.
//
// ## Example
//
//   using namespace std::chrono;
//   // The middle of the leap second of 2016, 23:59:60.5 UTC, is midnight where it is smeared.
//   constexpr masterclock::UtcTime midnight = sys_days(2017y / January / 1);
//   constexpr masterclock::TaiTime middle = masterclock::to_tai(midnight) - 500ms;
//   static_assert(masterclock::to_smeared(middle).time_since_epoch() == midnight.time_since_epoch());
//   static_assert(masterclock::to_tai(masterclock::to_smeared(middle)) == middle);
#ifndef MASTERCLOCK_TIME_SMEARED_TIME_H_
#define MASTERCLOCK_TIME_SMEARED_TIME_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// The label of the smeared timeline. Counted as POSIX time is, from 1970.
struct SmearedTimescale {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SmearedTimescale, duration>;
  static constexpr bool is_steady = false;
};
using SmearedTime = SmearedTimescale::time_point;

// A smeared time together with what is known about it. Usable wherever a SmearedTime is.
struct SmearedReading : SmearedTime {
  bool smearing = false;  // inside a window: it differs from UTC
  LeapCoverage coverage = LeapCoverage::kCovered;
};

namespace internal {

// One window: `smeared` + 86400 s of labels are `tai` + `si` of seconds.
struct Smear {
  SmearedTime smeared;
  TaiTime tai;
  std::chrono::seconds si;
};

inline constexpr std::chrono::seconds kSmearLabels = std::chrono::hours(24);

// The window of the i-th change of the table, i > 0.
constexpr Smear smear_of(std::span<const LeapSecond> table, std::size_t i) noexcept {
  const std::chrono::nanoseconds noon =
      table[i].effective.time_since_epoch() - std::chrono::hours(12);
  return {SmearedTime(noon), TaiTime(noon + table[i - 1].tai_minus_utc),
          kSmearLabels + (table[i].tai_minus_utc - table[i - 1].tai_minus_utc)};
}

// The window that `holds` is true of: none is within another, and they are asked newest first.
template <class Holds>
constexpr std::optional<Smear> find_smear(const LeapTable& by, Holds holds) noexcept {
  for (std::size_t i = by.changes.size() - 1; i > 0; --i) {
    const Smear smear = smear_of(by.changes, i);
    if (holds(smear)) return smear;
  }
  return std::nullopt;
}

}  // namespace internal

// Smeared time of a TAI time.
[[nodiscard]] constexpr SmearedReading to_smeared(TaiTime tai, const LeapTable& by = {}) noexcept {
  const UtcReading utc = to_utc(tai, by);
  const auto smear = internal::find_smear(
      by, [&](const internal::Smear& s) { return s.tai <= tai && tai < s.tai + s.si; });
  if (!smear) return {SmearedTime(utc.time_since_epoch()), false, utc.coverage};
  // At most 86401e9 times 86400: that fits.
  const std::int64_t elapsed = (tai - smear->tai).count();
  return {smear->smeared + std::chrono::nanoseconds(elapsed * internal::kSmearLabels.count() /
                                                    smear->si.count()),
          true, utc.coverage};
}

// Smeared time of a UTC reading; a label that occurred twice means the second occurrence.
[[nodiscard]] constexpr SmearedReading to_smeared(UtcTime utc, const LeapTable& by = {}) noexcept {
  return to_smeared(static_cast<const TaiTime&>(to_tai(utc, by)), by);
}

// TAI of a smeared time.
[[nodiscard]] constexpr TaiReading to_tai(SmearedTime smeared, const LeapTable& by = {}) noexcept {
  const auto smear = internal::find_smear(by, [&](const internal::Smear& s) {
    return s.smeared <= smeared && smeared < s.smeared + internal::kSmearLabels;
  });
  const UtcTime label(smeared.time_since_epoch());
  TaiReading result = to_tai(label, by);
  if (smear) {
    const std::int64_t labels = internal::kSmearLabels.count();
    const std::int64_t product = (smeared - smear->smeared).count() * smear->si.count();
    const std::int64_t rounded_up = product / labels + (product % labels != 0 ? 1 : 0);
    static_cast<TaiTime&>(result) = smear->tai + std::chrono::nanoseconds(rounded_up);
  }
  return result;
}

// UTC of a smeared time; says so when that is inside a leap second.
[[nodiscard]] constexpr UtcReading to_utc(SmearedTime smeared, const LeapTable& by = {}) noexcept {
  return to_utc(static_cast<const TaiTime&>(to_tai(smeared, by)), by);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_SMEARED_TIME_H_
