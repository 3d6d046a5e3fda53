// Computes SHA-1, the checksum in leap-seconds.list. It protects against damage only, not against an
// attacker.
//
// Source: FIPS 180-4 section 6.1.
#ifndef MASTERCLOCK_TIME_INTERNAL_SHA1_H_
#define MASTERCLOCK_TIME_INTERNAL_SHA1_H_

#include "masterclock/version.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace masterclock::inline v0_2::internal {

[[nodiscard]] constexpr std::array<std::uint32_t, 5> sha1(std::string_view text) noexcept {
  std::array<std::uint32_t, 5> hash = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  const std::size_t blocks = (text.size() + 8) / 64 + 1;
  // The text, a one bit, zeros, and the length in the last eight bytes.
  const auto byte_at = [&](std::size_t i) -> std::uint32_t {
    if (i < text.size()) return static_cast<unsigned char>(text[i]);
    if (i == text.size()) return 0x80;
    const std::size_t from_end = blocks * 64 - 1 - i;
    return from_end < 8 ? static_cast<std::uint32_t>(bits >> (8 * from_end) & 0xff) : 0;
  };
  for (std::size_t block = 0; block < blocks; ++block) {
    std::array<std::uint32_t, 80> word{};
    for (std::size_t i = 0; i < 64; ++i) word[i / 4] = word[i / 4] << 8 | byte_at(block * 64 + i);
    for (std::size_t i = 16; i < 80; ++i) {
      word[i] = std::rotl(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
    }
    auto next = hash;
    for (std::size_t i = 0; i < 80; ++i) {
      const auto [a, b, c, d, e] = next;
      const std::uint32_t mix = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                                : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                                : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                         : (b ^ c ^ d) + 0xca62c1d6;
      next = {std::rotl(a, 5) + mix + e + word[i], a, std::rotl(b, 30), c, d};
    }
    for (std::size_t i = 0; i < hash.size(); ++i) hash[i] += next[i];
  }
  return hash;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_SHA1_H_
