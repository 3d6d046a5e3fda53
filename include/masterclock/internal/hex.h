// Writes hexadecimal digits.
#ifndef MASTERCLOCK_INTERNAL_HEX_H_
#define MASTERCLOCK_INTERNAL_HEX_H_

#include "masterclock/version.h"

#include <cstdint>
#include <string>

namespace masterclock::inline v0_2::internal {

// Returns the lowest `width` digits of `value`, 1 to 16, with leading zeros: hex(0xa, 2) is "0a".
[[nodiscard]] inline std::string hex(std::uint64_t value, int width) {
  std::string text;
  for (int shift = 4 * (width - 1); shift >= 0; shift -= 4) {
    text += "0123456789abcdef"[value >> shift & 15];
  }
  return text;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_HEX_H_
