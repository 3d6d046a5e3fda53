// Hashes the public values for std::hash.
#ifndef MASTERCLOCK_INTERNAL_HASH_H_
#define MASTERCLOCK_INTERNAL_HASH_H_

#include "masterclock/version.h"

#include <cstddef>
#include <cstdint>

namespace masterclock::inline v0_2::internal {

// Combines 64-bit words. Values that differ in few bits get distant hashes.
//
// Source: the finalizer of Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
//         OOPSLA 2014.
template <class... Words>
[[nodiscard]] constexpr std::size_t hash_of(Words... words) noexcept {
  std::uint64_t hash = 0;
  const auto mix = [&hash](std::uint64_t word) {
    hash += word + 0x9e3779b97f4a7c15;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
    hash ^= hash >> 31;
  };
  (mix(static_cast<std::uint64_t>(words)), ...);
  return static_cast<std::size_t>(hash);
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_HASH_H_
