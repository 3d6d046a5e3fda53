// How fast an oscillator that nobody corrects may go wrong, and how wrong it is after a while.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   assert(masterclock::held_over(10us, 2s, masterclock::drift_ppm(1)) == 12us);
#ifndef MASTERCLOCK_SYNC_DRIFT_RATE_H_
#define MASTERCLOCK_SYNC_DRIFT_RATE_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>

#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// At most this much, either way. A negative rate counts as none.
//
// Units:   parts per billion: 1 is a nanosecond a second.
// Threads: a plain value.
struct DriftRate {
  std::int64_t parts_per_billion = 0;
  [[nodiscard]] constexpr bool operator==(const DriftRate&) const noexcept = default;
};

[[nodiscard]] constexpr DriftRate drift_ppm(std::int64_t parts_per_million) noexcept {
  return {parts_per_million * 1'000};
}

// What `rate` amounts to in `age`, rounded up: a bound is never stated too small.
// Saturating; nothing for a negative age.
[[nodiscard]] constexpr std::chrono::nanoseconds drifted(std::chrono::nanoseconds age,
                                                         DriftRate rate) noexcept {
  using std::chrono::nanoseconds;
  constexpr std::int64_t kBillion = 1'000'000'000;
  if (age.count() <= 0 || rate.parts_per_billion <= 0) return nanoseconds(0);
  std::int64_t whole = 0;
  std::int64_t rest = 0;
  if (__builtin_mul_overflow(age.count() / kBillion, rate.parts_per_billion, &whole) ||
      __builtin_mul_overflow(age.count() % kBillion, rate.parts_per_billion, &rest)) {
    return nanoseconds::max();
  }
  return saturating_add(nanoseconds(whole),
                        nanoseconds(rest / kBillion + (rest % kBillion != 0 ? 1 : 0)));
}

// A bound of `age` ago, today.
[[nodiscard]] constexpr std::chrono::nanoseconds held_over(std::chrono::nanoseconds bound,
                                                           std::chrono::nanoseconds age,
                                                           DriftRate rate) noexcept {
  return saturating_add(bound, drifted(age, rate));
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_DRIFT_RATE_H_
