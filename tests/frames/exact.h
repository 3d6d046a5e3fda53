// Multiplies 64-bit factors exactly and compares the products. The library divides; the tests check
// its results by multiplication, an independent method.
#ifndef MASTERCLOCK_TESTS_FRAMES_EXACT_H_
#define MASTERCLOCK_TESTS_FRAMES_EXACT_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "masterclock/frames/frame_rate.h"

namespace masterclock::exact {

// A product in sign and magnitude, schoolbook multiplication in base 2^32. Room for four factors.
struct Product {
  bool negative = false;
  std::array<std::uint32_t, 8> limbs{};  // the least significant first

  Product(std::initializer_list<std::int64_t> factors) : Product() {
    limbs[0] = 1;
    for (const std::int64_t factor : factors) multiply(factor);
  }

  // The magnitude 0 has no sign.
  friend std::strong_ordering operator<=>(const Product& a, const Product& b) {
    if (a.negative != b.negative) {
      return a.negative ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    for (std::size_t i = a.limbs.size(); i-- > 0;) {
      if (a.limbs[i] == b.limbs[i]) continue;
      return (a.limbs[i] < b.limbs[i]) != a.negative ? std::strong_ordering::less
                                                     : std::strong_ordering::greater;
    }
    return std::strong_ordering::equal;
  }
  friend bool operator==(const Product& a, const Product& b) { return (a <=> b) == 0; }

 private:
  Product() = default;

  void multiply(std::int64_t factor) {
    const std::uint64_t size =
        factor < 0 ? 0 - static_cast<std::uint64_t>(factor) : static_cast<std::uint64_t>(factor);
    const std::uint32_t halves[] = {static_cast<std::uint32_t>(size),
                                    static_cast<std::uint32_t>(size >> 32)};
    std::array<std::uint32_t, 8> result{};
    for (std::size_t h = 0; h < 2; ++h) {
      std::uint64_t carry = 0;
      for (std::size_t i = 0; i + h < limbs.size(); ++i) {
        carry += result[i + h] + std::uint64_t{limbs[i]} * halves[h];
        result[i + h] = static_cast<std::uint32_t>(carry);
        carry >>= 32;
      }
    }
    limbs = result;
    negative = factor != 0 && negative != (factor < 0);
    if (limbs == std::array<std::uint32_t, 8>{}) negative = false;
  }
};

inline constexpr std::int64_t kGiga = 1'000'000'000;

// Returns true when the exact, unrounded start of frame `index` is at `ns` or earlier.
inline bool begins_by(std::int64_t index, std::int64_t ns, FrameRate rate) {
  return Product{index, rate.denominator, kGiga} <= Product{ns, rate.numerator};
}

}  // namespace masterclock::exact

#endif  // MASTERCLOCK_TESTS_FRAMES_EXACT_H_
