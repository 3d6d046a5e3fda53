// One value that one thread at a time replaces and any number read without waiting for one another.
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

// A reader copies the value between two looks at a counter, and again if a writer was at it. The
// words are atomic, so a torn copy is thrown away and never undefined.
//
// Threads: any. Writers exclude one another; a reader waits only while a value is being replaced.
template <class T>
class Seqlock {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Seqlock(const T& value) noexcept { write(value); }

  [[nodiscard]] T load() const noexcept { return load_first<T>(); }

  // The value's first member, for the price of that one.
  template <class Part>
  [[nodiscard]] Part load_first() const noexcept {
    static_assert(std::is_standard_layout_v<T> && std::is_trivially_copyable_v<Part>);
    static_assert(sizeof(Part) <= sizeof(T));
    std::array<std::uint64_t, (sizeof(Part) + 7) / 8> copy;
    std::uint32_t before = 0;
    do {
      before = turn_.load(std::memory_order_acquire);
      for (std::size_t i = 0; i < copy.size(); ++i) {
        copy[i] = words_[i].load(std::memory_order_acquire);
      }
    } while ((before & 1) != 0 || turn_.load(std::memory_order_relaxed) != before);
    Part part;
    std::memcpy(static_cast<void*>(&part), copy.data(), sizeof part);
    return part;
  }

  // Replaces the value by `make(value)`. Readers wait while `make` runs, so what it reads of a clock
  // is later than what any reader of the old value has read.
  template <class Make>
  void update(Make make) {
    const std::lock_guard lock(writers_);
    const T old = load();
    turn_.fetch_add(1, std::memory_order_seq_cst);
    write(make(old));
    turn_.fetch_add(1, std::memory_order_release);
  }

 private:
  static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;

  void write(const T& value) noexcept {
    std::array<std::uint64_t, kWords> copy{};
    std::memcpy(copy.data(), static_cast<const void*>(&value), sizeof value);
    for (std::size_t i = 0; i < kWords; ++i) words_[i].store(copy[i], std::memory_order_release);
  }

  std::mutex writers_;
  std::atomic<std::uint32_t> turn_{0};  // odd while the value is being replaced
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_INTERNAL_SEQLOCK_H_
