// Combines an instant with the zone in which it is read.
//
// ## Example
//
//   masterclock::ZoneCache zones;
//   const masterclock::UtcTime start = std::chrono::sys_days(std::chrono::year(2026) / 7 / 1);
//   const masterclock::ZonedTime time(start, zones.find("Europe/Dublin").value());
//   assert(to_rfc3339(time, 3) == "2026-07-01T01:00:00.000+01:00");
//   assert(time.abbreviation() == "IST");
#ifndef MASTERCLOCK_ZONES_ZONED_TIME_H_
#define MASTERCLOCK_ZONES_ZONED_TIME_H_

#include <chrono>
#include <compare>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "masterclock/internal/hash.h"
#include "masterclock/internal/printable.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/internal/rfc3339_writer.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

// Zoned times are ordered by instant, then by zone.
//
// Cost: the constructor looks up the offset; `local()` is one addition.
template <class Duration>
struct BasicZonedTime {
  std::chrono::sys_time<Duration> utc;
  Zone zone;
  std::chrono::seconds offset{};  // local = utc + offset

  BasicZonedTime() = default;
  BasicZonedTime(std::chrono::sys_time<Duration> instant, Zone in) noexcept
      : utc(instant), zone(in), offset(in.utc_offset(instant)) {}
  // Requires the offset that `in` has at `instant`.
  BasicZonedTime(std::chrono::sys_time<Duration> instant, Zone in,
                 std::chrono::seconds known_offset) noexcept
      : utc(instant), zone(in), offset(known_offset) {}

  // Returns the local time. It stops at the end of the range of `Duration`.
  [[nodiscard]] std::chrono::local_time<Duration> local() const noexcept {
    using Local = std::chrono::local_time<Duration>;
    using Fine = std::common_type_t<Duration, std::chrono::seconds>;
    const Fine instant = internal::saturating_floor<Fine>(utc.time_since_epoch());
    const Fine local(internal::saturating_sum(instant.count(), Fine(offset).count()));
    return Local(std::chrono::duration_cast<Duration>(local));
  }
  // Returns "GMT" or "EDT", as ZoneOffset::abbreviation.
  [[nodiscard]] std::string_view abbreviation() const noexcept {
    using std::chrono::nanoseconds;
    const UtcTime instant(internal::saturating_floor<nanoseconds>(utc.time_since_epoch()));
    return zone.offset_at(instant).abbreviation;
  }

  friend bool operator==(const BasicZonedTime&, const BasicZonedTime&) = default;
  friend auto operator<=>(const BasicZonedTime&, const BasicZonedTime&) = default;
  template <class H>
  friend H AbslHashValue(H state, const BasicZonedTime& time) {
    return H::combine(std::move(state), time.utc.time_since_epoch().count(), time.zone);
  }
};

using ZonedTime = BasicZonedTime<std::chrono::nanoseconds>;

// Writes the local time and its offset, 2026-11-20T18:15:30.123-05:00, and a terminating zero.
// Returns the text in `out`. `digits` are the digits of the fraction, 0 to 9; it cuts the others.
//
// RFC 3339 offsets have no seconds, but local mean time before about 1920 has. The text then has
// the offset cut to a minute, and the local time at this offset. It still names the same instant.
//
// Cost: some tens of nanoseconds; does not allocate.
template <class Duration>
std::string_view write_rfc3339(Rfc3339Buffer out, const BasicZonedTime<Duration>& time,
                               int digits = internal::kFractionDigits<Duration>) noexcept {
  const auto offset = std::chrono::duration_cast<std::chrono::minutes>(time.offset);
  const internal::DayTime reading =
      internal::moved_by(internal::split_days(time.utc.time_since_epoch()), offset);
  char* end = internal::write_date_time(out.data(), reading, digits);
  end = internal::write_offset(end, offset);
  *end = '\0';
  return {out.data(), end};
}

// Returns the text of write_rfc3339 as a string.
template <class Duration>
[[nodiscard]] std::string to_rfc3339(const BasicZonedTime<Duration>& time,
                                     int digits = internal::kFractionDigits<Duration>) {
  char text[kRfc3339Size];
  return std::string(write_rfc3339(text, time, digits));
}

// Returns the instant with offset and zone, as to_rfc9557:
// 2026-11-20T18:15:30-05:00[America/New_York].
template <class Duration>
[[nodiscard]] std::string to_string(const BasicZonedTime<Duration>& time) {
  return to_rfc3339(time) + "[" + std::string(time.zone.name()) + "]";
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_ZONED_TIME_H_
