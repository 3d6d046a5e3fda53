// Defines 128-bit integers, and the operations on them that the rooms share.
#ifndef MASTERCLOCK_INTERNAL_INT128_H_
#define MASTERCLOCK_INTERNAL_INT128_H_

#include "masterclock/version.h"

#include <cstdint>
#include <limits>

namespace masterclock::inline v0_2::internal {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

// Returns the nearest value of 64 bits.
[[nodiscard]] constexpr std::int64_t saturate(Int128 value) noexcept {
  using Limits = std::numeric_limits<std::int64_t>;
  return value > Limits::max()   ? Limits::max()
         : value < Limits::min() ? Limits::min()
                                 : static_cast<std::int64_t>(value);
}

template <class Int>
struct Division {
  Int quotient, rest;
};

// Divides and rounds the quotient down, so that 0 <= rest < b. Requires b > 0.
template <class Int>
[[nodiscard]] constexpr Division<Int> floor_divide(Int a, Int b) noexcept {
  const Int quotient = a / b;
  const Int rest = a % b;
  return rest < 0 ? Division<Int>{quotient - 1, rest + b} : Division<Int>{quotient, rest};
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_INT128_H_
