// Adds, subtracts and multiplies 64-bit integers, and stops at the ends of their range.
//
// time/time_points.h has the same functions for time points and durations.
#ifndef MASTERCLOCK_INTERNAL_SATURATING_H_
#define MASTERCLOCK_INTERNAL_SATURATING_H_

#include "masterclock/internal/int128.h"

#include <cstdint>
#include <limits>

namespace masterclock::inline v0_2::internal {

[[nodiscard]] constexpr std::int64_t end_of_range(bool negative) noexcept {
  using Limits = std::numeric_limits<std::int64_t>;
  return negative ? Limits::min() : Limits::max();
}

[[nodiscard]] constexpr std::int64_t saturating_sum(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? end_of_range(b < 0) : sum;
}

[[nodiscard]] constexpr std::int64_t saturating_minus(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t difference = 0;
  return __builtin_sub_overflow(a, b, &difference) ? end_of_range(a < b) : difference;
}

[[nodiscard]] constexpr std::int64_t saturating_product(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? end_of_range((a < 0) != (b < 0)) : product;
}

// Returns value + (to - from). Stops only if this result does not fit, even if the difference does not.
[[nodiscard]] constexpr std::int64_t saturating_move(std::int64_t value, std::int64_t from,
                                                     std::int64_t to) noexcept {
  std::int64_t distance = 0, moved = 0;
  if (!__builtin_sub_overflow(to, from, &distance) &&
      !__builtin_add_overflow(value, distance, &moved)) [[likely]] {
    return moved;
  }
  return saturate(Int128{value} - from + to);
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_SATURATING_H_
