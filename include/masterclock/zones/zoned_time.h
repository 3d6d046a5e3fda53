// An instant together with the wall it is read on.
//
// ## Example
//
//   masterclock::ZoneCache zones;
//   const masterclock::UtcTime start = std::chrono::sys_days(std::chrono::year(2026) / 7 / 1);
//   const masterclock::ZonedTime wall(start, zones.find("Europe/Dublin").value());
//   assert(masterclock::to_rfc3339(wall) == "2026-07-01T01:00:00.000000000+01:00");
//   assert(wall.abbreviation() == "IST");
#ifndef MASTERCLOCK_ZONES_ZONED_TIME_H_
#define MASTERCLOCK_ZONES_ZONED_TIME_H_

#include "masterclock/version.h"

#include <chrono>
#include <compare>
#include <string>
#include <string_view>

#include "masterclock/time/internal/rfc3339_text.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

// Two of them are equal when instant and zone are; they are ordered by instant through `utc`.
//
// Threads: a plain value.
// Cost:    making one looks up the offset; `local()` then is an addition.
template <class Duration>
struct BasicZonedTime {
  std::chrono::sys_time<Duration> utc;
  Zone zone;
  std::chrono::seconds offset{};  // local = utc + offset

  BasicZonedTime() = default;
  BasicZonedTime(std::chrono::sys_time<Duration> instant, Zone wall) noexcept
      : utc(instant), zone(wall), offset(wall.utc_offset(instant)) {}
  // With the offset that `wall` has at `instant`, where it is known already.
  BasicZonedTime(std::chrono::sys_time<Duration> instant, Zone wall,
                 std::chrono::seconds known_offset) noexcept
      : utc(instant), zone(wall), offset(known_offset) {}

  [[nodiscard]] std::chrono::local_time<Duration> local() const noexcept {
    return std::chrono::local_time<Duration>(
        std::chrono::duration_cast<Duration>(utc.time_since_epoch() + offset));
  }
  // "GMT", "EDT"; see ZoneOffset.
  [[nodiscard]] std::string_view abbreviation() const noexcept {
    return zone.offset_at(utc).abbreviation;
  }

  friend bool operator==(const BasicZonedTime&, const BasicZonedTime&) = default;
};

using ZonedTime = BasicZonedTime<std::chrono::nanoseconds>;

// Writes the wall reading with its offset, 2026-11-20T18:15:30.123-05:00, and a terminating zero.
// Returns the text in `out`. `digits` fraction digits are written, 0 to 9, and the remaining ones cut.
//
// RFC 3339 offsets have no seconds. Where a zone's does (local mean time, before about 1920) the
// offset is cut to the minute and the reading moves with it, so that the text still names the
// instant.
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

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_ZONED_TIME_H_
