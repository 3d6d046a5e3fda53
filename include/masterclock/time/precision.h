// How finely a clock reads: the one template axis of the library, at its rim.
//
// A precision policy names a duration and says how a nanosecond reading becomes one of its ticks.
// The four below floor: they keep the last tick that has passed, also before 1970, as a clock's
// display does. A reading therefore never lies in the future of the source it came from.
//
//   SecondPrecision       logs and walls; a `now` that two systems print alike
//   MillisecondPrecision  guides, as-run logs, interchange with JSON and databases
//   MicrosecondPrecision  the default: what the machine's clock is worth
//   NanosecondPrecision   stamps that will be subtracted from one another
//
// The policy shapes what `BasicMasterClock::now_utc` and `now_local` return and nothing else:
// offsets, frames and events always keep nanoseconds.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   static_assert(masterclock::SecondPrecision::quantize(masterclock::UtcTime(-1ns)) ==
//                 std::chrono::sys_seconds(-1s));
#ifndef MASTERCLOCK_TIME_PRECISION_H_
#define MASTERCLOCK_TIME_PRECISION_H_

#include "masterclock/version.h"

#include <chrono>
#include <concepts>
#include <ratio>

#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Satisfied by: the four policies below, and by any type of yours with a `duration` no finer than a
// nanosecond and a total, noexcept `quantize` to it.
template <class P>
concept PrecisionPolicy = requires(UtcTime reading) {
  typename P::duration;
  { P::quantize(reading) }
  noexcept->std::same_as<std::chrono::sys_time<typename P::duration>>;
};

// Floors to whole ticks of `Duration`, of which a second has a whole number.
template <class Duration>
requires(Duration::period::num == 1 &&
         Duration::period::den <= std::nano::den) struct FlooringPrecision {
  using duration = Duration;
  static constexpr std::chrono::sys_time<Duration> quantize(UtcTime reading) noexcept {
    return std::chrono::floor<Duration>(reading);
  }
};

struct SecondPrecision : FlooringPrecision<std::chrono::seconds> {};
struct MillisecondPrecision : FlooringPrecision<std::chrono::milliseconds> {};
struct MicrosecondPrecision : FlooringPrecision<std::chrono::microseconds> {};
struct NanosecondPrecision : FlooringPrecision<std::chrono::nanoseconds> {};

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_PRECISION_H_
