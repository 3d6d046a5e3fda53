// Adds, subtracts and multiplies 64-bit integers, and stops at the ends of their range.
//
// time/time_points.h has the same for time points and durations, for users.
#ifndef MASTERCLOCK_INTERNAL_SATURATING_H_
#define MASTERCLOCK_INTERNAL_SATURATING_H_

#include "masterclock/version.h"

#include <cstdint>

#include "masterclock/internal/int128.h"

namespace masterclock::inline v0_2::internal {

[[nodiscard]] constexpr std::int64_t saturating_sum(std::int64_t a, std::int64_t b) noexcept {
  return saturate(Int128{a} + b);
}

[[nodiscard]] constexpr std::int64_t saturating_minus(std::int64_t a, std::int64_t b) noexcept {
  return saturate(Int128{a} - b);
}

[[nodiscard]] constexpr std::int64_t saturating_product(std::int64_t a, std::int64_t b) noexcept {
  return saturate(Int128{a} * b);
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_SATURATING_H_
