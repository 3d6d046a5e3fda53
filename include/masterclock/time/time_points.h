// Defines one type for each timeline, so that two timelines never mix by accident.
//
// Which type do you need?
//
//   UtcTime      "the programme starts at 20:00:00Z". POSIX UTC in nanoseconds, 1677-09-21 to 2262-04-11.
//                Every day has 86,400 seconds, so a leap second has no label of its own. UTC follows the
//                system clock and may jump.
//   LocalTime    the reading of a wall clock, without a zone. Together with a zone it names one instant,
//                none or two (see Resolve in local_clock.h).
//   SteadyTime   "in 500 ms". It never jumps, counts from an arbitrary origin, and means nothing outside
//                this machine and this boot.
//   TaiTime      SI seconds since 1970-01-01T00:00:00 TAI, the PTP epoch. It never repeats or skips;
//                frames are counted on it. leap_seconds.h converts it.
//   SmearedTime  the time of a server of smeared UTC (smeared_time.h). Around a leap second it is off by
//                up to half a second: convert it before you use it.
//
// The range of a type has an end, and two of its times may be further apart than a duration can say (292
// years). All arithmetic of this library stops at the end of the range: no result wraps around.
#ifndef MASTERCLOCK_TIME_TIME_POINTS_H_
#define MASTERCLOCK_TIME_TIME_POINTS_H_

#include <chrono>
#include <ratio>
#include <type_traits>

#include "masterclock/internal/int128.h"
#include "masterclock/internal/saturating.h"

namespace masterclock::inline v0_2 {

// A time in nanoseconds since the epoch of `Clock`.
template <class Clock>
using TimeOn = std::chrono::time_point<Clock, std::chrono::nanoseconds>;

using UtcTime = TimeOn<std::chrono::system_clock>;
using LocalTime = TimeOn<std::chrono::local_t>;
using SteadyTime = TimeOn<std::chrono::steady_clock>;

// Has no now(): convert the reading of a TimeSource.
struct TaiTimescale {};
using TaiTime = TimeOn<TaiTimescale>;

[[nodiscard]] constexpr std::chrono::nanoseconds saturating_add(
    std::chrono::nanoseconds a, std::chrono::nanoseconds b) noexcept {
  return std::chrono::nanoseconds(internal::saturating_sum(a.count(), b.count()));
}

// Returns a - b, and stops at the ends of the range.
[[nodiscard]] constexpr std::chrono::nanoseconds saturating_subtract(
    std::chrono::nanoseconds a, std::chrono::nanoseconds b) noexcept {
  return std::chrono::nanoseconds(internal::saturating_minus(a.count(), b.count()));
}

// Returns t + d, and stops at the ends of the range (1677 and 2262).
template <class Clock>
[[nodiscard]] constexpr TimeOn<Clock> saturating_add(TimeOn<Clock> t,
                                                     std::chrono::nanoseconds d) noexcept {
  return TimeOn<Clock>(saturating_add(t.time_since_epoch(), d));
}

// Returns t - d, and stops at the ends of the range.
template <class Clock>
[[nodiscard]] constexpr TimeOn<Clock> saturating_subtract(TimeOn<Clock> t,
                                                          std::chrono::nanoseconds d) noexcept {
  return TimeOn<Clock>(saturating_subtract(t.time_since_epoch(), d));
}

// Returns a - b, and stops at the ends of the range: the distance of 1677 from 2262 does not fit.
template <class Clock>
[[nodiscard]] constexpr std::chrono::nanoseconds saturating_difference(TimeOn<Clock> a,
                                                                       TimeOn<Clock> b) noexcept {
  return saturating_subtract(a.time_since_epoch(), b.time_since_epoch());
}

// Returns t + (to - from), and stops at the ends of the range. `from` and `to` may be on another timeline
// than `t`, and further apart than a duration can say.
template <class Clock, class Other>
[[nodiscard]] constexpr TimeOn<Clock> saturating_move(TimeOn<Clock> t, TimeOn<Other> from,
                                                      TimeOn<Other> to) noexcept {
  return TimeOn<Clock>(std::chrono::nanoseconds(
      internal::saturating_move(t.time_since_epoch().count(), from.time_since_epoch().count(),
                                to.time_since_epoch().count())));
}

namespace internal {

// Returns `d` in whole ticks of `To`, rounded down, and stops at the ends of the range of `To`.
template <class To, class Rep, class Period>
[[nodiscard]] constexpr To saturating_floor(std::chrono::duration<Rep, Period> d) noexcept {
  using Ratio = std::ratio_divide<Period, typename To::period>;
  if constexpr (std::is_same_v<To, std::chrono::duration<Rep, Period>>) {
    return d;
  } else if constexpr (std::is_floating_point_v<Rep> || Ratio::num == 1) {
    return std::chrono::floor<To>(d);
  } else {
    return To(saturate(floor_divide(Int128{d.count()} * Ratio::num, Int128{Ratio::den}).quotient));
  }
}

}  // namespace internal

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_TIME_POINTS_H_
