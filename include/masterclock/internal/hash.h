// Implements std::hash of the public values of this library by their AbslHashValue.
#ifndef MASTERCLOCK_INTERNAL_HASH_H_
#define MASTERCLOCK_INTERNAL_HASH_H_

#include <cstddef>
#include <cstdint>
#include <string>  // std::hash

#include "masterclock/internal/printable.h"

namespace masterclock::inline v0_2::internal {

// The hash state of AbslHashValue. Values that differ in few bits get distant hashes.
//
// Source: the finalizer of Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
//         OOPSLA 2014.
struct HashState {
  std::uint64_t hash = 0;

  template <class... Values>
  [[nodiscard]] static HashState combine(HashState state, const Values&... values) noexcept {
    const auto mix = [&hash = state.hash](std::uint64_t word) {
      hash += word + 0x9e3779b97f4a7c15;
      hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
      hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
      hash ^= hash >> 31;
    };
    (mix(std::hash<Values>()(values)), ...);
    return state;
  }
};

// Satisfied by: Zone, FrameRate, EventHandle and each other public value with an AbslHashValue.
template <class T>
concept Hashable = printable::Formattable<T> && requires(const T& value) {
  AbslHashValue(HashState(), value);
};

}  // namespace masterclock::inline v0_2::internal

template <masterclock::internal::Hashable T>
struct std::hash<T> {
  [[nodiscard]] std::size_t operator()(const T& value) const noexcept {
    return AbslHashValue(masterclock::internal::HashState(), value).hash;
  }
};

#endif  // MASTERCLOCK_INTERNAL_HASH_H_
