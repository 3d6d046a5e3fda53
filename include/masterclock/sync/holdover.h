// Bounds the error of an uncorrected clock by its drift and the age of the last correction.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   assert(masterclock::held_over(10us, 2s, masterclock::drift_ppm(1)) == 12us);
#ifndef MASTERCLOCK_SYNC_HOLDOVER_H_
#define MASTERCLOCK_SYNC_HOLDOVER_H_

#include <chrono>
#include <cstdint>

#include "masterclock/internal/int128.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// The largest drift of an oscillator, either way. A negative rate counts as zero.
//
// Units: 1 part per billion is a nanosecond a second.
struct DriftRate {
  std::int64_t parts_per_billion = 0;
  [[nodiscard]] constexpr bool operator==(const DriftRate&) const noexcept = default;
};

[[nodiscard]] constexpr DriftRate drift_ppm(std::int64_t parts_per_million) noexcept {
  return {internal::saturating_product(parts_per_million, 1'000)};
}

// Returns the drift in `age`, rounded up and saturating; zero for a negative age.
[[nodiscard]] constexpr std::chrono::nanoseconds drifted(std::chrono::nanoseconds age,
                                                         DriftRate rate) noexcept {
  constexpr std::int64_t kBillion = 1'000'000'000;
  if (age.count() <= 0 || rate.parts_per_billion <= 0) return {};
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(age.count(), rate.parts_per_billion, &product)) [[likely]] {
    return std::chrono::nanoseconds((product - 1) / kBillion + 1);
  }
  return std::chrono::nanoseconds(internal::saturate(
      (internal::Int128{age.count()} * rate.parts_per_billion + kBillion - 1) / kBillion));
}

// Returns the present size of a bound that was stated `age` ago.
[[nodiscard]] constexpr std::chrono::nanoseconds held_over(std::chrono::nanoseconds bound,
                                                           std::chrono::nanoseconds age,
                                                           DriftRate rate) noexcept {
  return saturating_add(bound, drifted(age, rate));
}

struct HoldoverOptions {
  DriftRate drift = drift_ppm(50);  // the worst crystals of common machines
  std::chrono::nanoseconds fresh_for = std::chrono::seconds(16);  // older: at best free-running
  std::chrono::nanoseconds lost_after = std::chrono::hours(24);   // older: unknown
  // A clock does not believe a provider that contradicts itself for this long.
  std::chrono::nanoseconds distrust_for = std::chrono::minutes(10);
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_HOLDOVER_H_
