// Reads and writes big-endian numbers in datagrams and files.
#ifndef MASTERCLOCK_INTERNAL_BIG_ENDIAN_H_
#define MASTERCLOCK_INTERNAL_BIG_ENDIAN_H_

#include "masterclock/version.h"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace masterclock::inline v0_2::internal {

using Bytes = std::span<const std::uint8_t>;  // untrusted input

[[nodiscard]] inline Bytes bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Returns the number at `offset`, or 0 where the number does not fit inside `bytes`. A caller that must
// tell the two apart checks the length first.
template <std::integral Int>
[[nodiscard]] constexpr Int big_endian(Bytes bytes, std::size_t offset) noexcept {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Int)) return 0;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(offset, sizeof(Int))) value = value << 8 | byte;
  return static_cast<Int>(static_cast<std::make_unsigned_t<Int>>(value));
}

// Writes `value` at `offset`. Requires offset + sizeof value <= bytes.size().
template <std::integral Int>
constexpr void put_big_endian(std::span<std::uint8_t> bytes, std::size_t offset,
                              Int value) noexcept {
  auto rest = static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<Int>>(value));
  for (std::size_t i = sizeof(Int); i-- > 0; rest >>= 8) {
    bytes[offset + i] = static_cast<std::uint8_t>(rest);
  }
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_BIG_ENDIAN_H_
