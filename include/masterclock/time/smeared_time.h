// Converts the smeared UTC of some cloud servers, which is not UTC around a leap second.
//
// A window lasts from noon UTC before a leap second to noon after it, 24 hours of labels. Every smeared
// second in it is longer by 1/86400, or shorter for a negative leap second. Smeared time thus never repeats
// or skips a label, and is off by up to half a second. Outside the windows it equals UTC.
//
// A smeared time has its own type, so it meets UTC or TAI only in a named conversion. The time that a
// server sends does not show whether it is smeared: the operator who configures the server knows.
//
// Conversions are exact in integers and floor to the nanosecond. A conversion there and back returns its
// argument to within a nanosecond. A label that occurred twice means its second occurrence.
//
// Cost:   a conversion between TAI and UTC, and a division inside a window. constexpr.
// Source: https://developers.google.com/time/smear; Amazon Time Sync does the same.
//
// ## Example
//
//   using namespace std::chrono;
//   // The middle of the leap second of 2016, 23:59:60.5 UTC, is midnight in smeared time.
//   constexpr masterclock::UtcTime midnight = sys_days(2017y / January / 1);
//   constexpr masterclock::TaiTime middle = masterclock::to_tai(midnight) - 500ms;
//   static_assert(masterclock::to_smeared(middle).time_since_epoch() == midnight.time_since_epoch());
//   static_assert(masterclock::to_tai(masterclock::to_smeared(middle)) == middle);
#ifndef MASTERCLOCK_TIME_SMEARED_TIME_H_
#define MASTERCLOCK_TIME_SMEARED_TIME_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Counts from 1970 like POSIX time.
struct SmearedTimescale {};
using SmearedTime = TimeOn<SmearedTimescale>;

struct SmearedReading : SmearedTime {
  bool smearing = false;  // inside a window: the time differs from UTC
  LeapCoverage coverage = LeapCoverage::kCovered;
};

namespace internal {

// A window. 86,400 s of labels from `smeared` last `si` SI seconds from `tai`.
struct Smear {
  SmearedTime smeared;
  TaiTime tai;
  std::chrono::seconds si;
};

inline constexpr std::chrono::seconds kSmearLabels = std::chrono::hours(24);

// Returns the window that satisfies `holds`, if any. Windows do not overlap.
template <class Holds>
constexpr std::optional<Smear> find_smear(const LeapTable& by, Holds holds) noexcept {
  for (std::size_t i = by.changes.size() - 1; i > 0; --i) {
    const auto noon =
        saturating_add(by.changes[i].effective.time_since_epoch(), -std::chrono::hours(12));
    const std::chrono::seconds before = by.changes[i - 1].tai_minus_utc;
    const Smear smear{SmearedTime(noon), TaiTime(saturating_add(noon, before)),
                      kSmearLabels + by.changes[i].tai_minus_utc - before};
    if (holds(smear)) return smear;
  }
  return std::nullopt;
}

}  // namespace internal

[[nodiscard]] constexpr SmearedReading to_smeared(TaiTime tai, const LeapTable& by = {}) noexcept {
  const UtcReading utc = to_utc(tai, by);
  const auto smear = internal::find_smear(by, [&](const internal::Smear& s) {
    return s.tai <= tai && tai < saturating_add(s.tai, s.si);
  });
  if (!smear) return {SmearedTime(utc.time_since_epoch()), false, utc.coverage};
  // The product is at most 86401e9 times 86400 and fits.
  const std::int64_t elapsed = (tai - smear->tai).count();
  return {saturating_add(smear->smeared,
                         std::chrono::nanoseconds(elapsed * internal::kSmearLabels.count() /
                                                  smear->si.count())),
          true, utc.coverage};
}

[[nodiscard]] constexpr SmearedReading to_smeared(UtcTime utc, const LeapTable& by = {}) noexcept {
  return to_smeared(static_cast<const TaiTime&>(to_tai(utc, by)), by);
}

[[nodiscard]] constexpr TaiReading to_tai(SmearedTime smeared, const LeapTable& by = {}) noexcept {
  const auto smear = internal::find_smear(by, [&](const internal::Smear& s) {
    return s.smeared <= smeared && smeared < saturating_add(s.smeared, internal::kSmearLabels);
  });
  TaiReading result = to_tai(UtcTime(smeared.time_since_epoch()), by);
  if (smear) {
    const std::int64_t labels = internal::kSmearLabels.count();
    const std::int64_t product = (smeared - smear->smeared).count() * smear->si.count();
    const std::int64_t rounded_up = product / labels + (product % labels != 0 ? 1 : 0);
    static_cast<TaiTime&>(result) =
        saturating_add(smear->tai, std::chrono::nanoseconds(rounded_up));
  }
  return result;
}

[[nodiscard]] constexpr UtcReading to_utc(SmearedTime smeared, const LeapTable& by = {}) noexcept {
  return to_utc(static_cast<const TaiTime&>(to_tai(smeared, by)), by);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_SMEARED_TIME_H_
