// What a time is: one type for each timeline, so that two of them never meet by accident.
//
// Which one do I want?
//
//   UtcTime     "the programme starts at 20:00:00Z". POSIX UTC in nanoseconds: every day has 86,400
//               seconds, so a leap second has no label of its own. It follows the system clock and
//               may therefore jump. 1677-09-21 to 2262-04-11.
//   LocalTime   what a clock on the wall reads, with no zone attached. It names an instant only
//               together with a zone, and then none, one or two of them (see resolve.h).
//   SteadyTime  "in 500 ms". Never jumps, counts from an arbitrary origin, means nothing outside
//               this machine and this boot.
//   TaiTime     SI seconds since 1970-01-01T00:00:00 TAI, the PTP epoch. Never repeats, never skips;
//               what frames are counted on. Converted by leap_seconds.h.
//   SmearedTime what a server of smeared UTC sent (smeared_time.h): off by up to half a second around
//               a leap second, and converted before it is used for anything.
//
// Threads: plain values.
#ifndef MASTERCLOCK_TIME_TIME_POINTS_H_
#define MASTERCLOCK_TIME_TIME_POINTS_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>

namespace masterclock::inline v0_2 {

using UtcTime = std::chrono::sys_time<std::chrono::nanoseconds>;
using LocalTime = std::chrono::local_time<std::chrono::nanoseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

// The label of the TAI timeline. It has no now(): a reading comes from a TimeSource and the table.
struct TaiTimescale {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<TaiTimescale, duration>;
  static constexpr bool is_steady = true;
};
using TaiTime = TaiTimescale::time_point;

// Adds two durations and stays at the end of the type's range instead of wrapping past it.
[[nodiscard]] constexpr std::chrono::nanoseconds saturating_add(
    std::chrono::nanoseconds a, std::chrono::nanoseconds b) noexcept {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.count(), b.count(), &sum)) {
    return b.count() < 0 ? std::chrono::nanoseconds::min() : std::chrono::nanoseconds::max();
  }
  return std::chrono::nanoseconds(sum);
}

// `t + d`, saturating at the ends of the representable range (1677 and 2262).
template <class Clock>
[[nodiscard]] constexpr std::chrono::time_point<Clock, std::chrono::nanoseconds> saturating_add(
    std::chrono::time_point<Clock, std::chrono::nanoseconds> t,
    std::chrono::nanoseconds d) noexcept {
  return std::chrono::time_point<Clock, std::chrono::nanoseconds>(
      saturating_add(t.time_since_epoch(), d));
}

// `a - b`, saturating: the distance of 1677 from 2262 does not fit in 63 bits of nanoseconds.
template <class Clock>
[[nodiscard]] constexpr std::chrono::nanoseconds saturating_difference(
    std::chrono::time_point<Clock, std::chrono::nanoseconds> a,
    std::chrono::time_point<Clock, std::chrono::nanoseconds> b) noexcept {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.time_since_epoch().count(), b.time_since_epoch().count(),
                             &difference)) {
    return a < b ? std::chrono::nanoseconds::min() : std::chrono::nanoseconds::max();
  }
  return std::chrono::nanoseconds(difference);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_TIME_POINTS_H_
