// Sets the precision of a clock's printed readings: the one template parameter of the library.
//
// A precision policy names a duration and quantizes a nanosecond reading to it. The four policies floor,
// also before 1970: a reading is never later than its source.
//
//   NanosecondPrecision   the default; use it for every computation
//   MicrosecondPrecision, MillisecondPrecision, SecondPrecision
//                         printed times only: displays, guides, as-run logs, other systems' formats
//
// Compute nothing from a floored reading. The first nanosecond of a frame at 29.97, floored to a
// microsecond, lies in the frame before. Its frame number is wrong by one.
//
// The policy changes only the results of `BasicMasterClock::now_utc` and `now_local`. Offsets, frames and
// events always keep nanoseconds.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   static_assert(masterclock::SecondPrecision::quantize(masterclock::UtcTime(-1ns)) ==
//                 std::chrono::sys_seconds(-1s));
#ifndef MASTERCLOCK_TIME_PRECISION_H_
#define MASTERCLOCK_TIME_PRECISION_H_

#include <chrono>
#include <concepts>

#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Satisfied by: the four policies below, and your own types. `duration` is no finer than a nanosecond;
// `quantize` is noexcept and defined for every UtcTime.
template <class P>
concept PrecisionPolicy = requires(UtcTime reading) {
  typename P::duration;
  { P::quantize(reading) }
  noexcept->std::same_as<std::chrono::sys_time<typename P::duration>>;
};

// Floors to whole ticks of `Duration`. A policy of yours may derive from this type.
template <class Duration>
struct FlooringPrecision {
  using duration = Duration;
  static constexpr std::chrono::sys_time<Duration> quantize(UtcTime reading) noexcept {
    return std::chrono::floor<Duration>(reading);
  }
};

struct SecondPrecision : FlooringPrecision<std::chrono::seconds> {};
struct MillisecondPrecision : FlooringPrecision<std::chrono::milliseconds> {};
struct MicrosecondPrecision : FlooringPrecision<std::chrono::microseconds> {};
struct NanosecondPrecision : FlooringPrecision<std::chrono::nanoseconds> {};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_PRECISION_H_
