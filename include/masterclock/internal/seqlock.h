// Shares one value between one writer at a time and any number of readers that take no lock.
//
// Source: Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012.
#ifndef MASTERCLOCK_INTERNAL_SEQLOCK_H_
#define MASTERCLOCK_INTERNAL_SEQLOCK_H_

#include "masterclock/version.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <type_traits>

namespace masterclock::inline v0_2::internal {

// A reader copies the value between two loads of a counter, and repeats when a writer changed the
// counter. The words are atomic, so a torn copy is discarded without undefined behaviour.
//
// Threads: any. Writers exclude one another. A reader spins while a writer replaces the value.
template <class T>
class Seqlock {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(std::uint64_t) == 0);

 public:
  explicit Seqlock(const T& value) noexcept { write(value); }

  [[nodiscard]] T load() const noexcept {
    T value;
    std::uint32_t before = 0;
    do {
      before = version_.load(std::memory_order_acquire);
      for (std::size_t i = 0; i < kWords; ++i) {
        const std::uint64_t word = words_[i].load(std::memory_order_acquire);
        std::memcpy(reinterpret_cast<std::byte*>(&value) + i * sizeof word, &word, sizeof word);
      }
    } while ((before & 1) != 0 || version_.load(std::memory_order_relaxed) != before);
    return value;
  }

  // Replaces the value by `make(value)`. Readers wait while `make` runs. A clock reading that `make`
  // takes is therefore later than each reading that a reader combined with the old value.
  template <class Make>
  void update(Make make) {
    const std::lock_guard lock(writers_);
    const T old = load();
    version_.fetch_add(1, std::memory_order_seq_cst);
    write(make(old));
    version_.fetch_add(1, std::memory_order_release);
  }

 private:
  static constexpr std::size_t kWords = sizeof(T) / sizeof(std::uint64_t);

  void write(const T& value) noexcept {
    std::array<std::uint64_t, kWords> copy{};
    std::memcpy(copy.data(), static_cast<const void*>(&value), sizeof value);
    for (std::size_t i = 0; i < kWords; ++i) words_[i].store(copy[i], std::memory_order_release);
  }

  std::mutex writers_;
  std::atomic<std::uint32_t> version_{0};  // odd while the value is being replaced
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_SEQLOCK_H_
