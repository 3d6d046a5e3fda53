// Whether one thread alone counts ticks, or several do: alone, it need not wait for its loads.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_READERS_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_READERS_H_

#include "masterclock/version.h"

#include <atomic>
#include <cstdint>

namespace masterclock::inline v0_2::internal {

// As many ticks as a count may be early by, with room to spare.
inline constexpr std::uint64_t kTscJustBefore = std::uint64_t{1} << 20;

// A count that is never less than one that this thread has taken, or has heard of from another.
//
// Threads: any. Whoever counts second makes it known, with a full fence, before its own count is
//          taken: so whoever sees anything of that count sees this as well, and waits from then on. A
//          thread that begins on the memory of one that has ended is taken for it, which is no
//          harm: it began after that one's last count.
class TscReaders {
 public:
  // Cost: a load, and the counter.
  template <class Counter>
  [[nodiscard]] std::uint64_t count(const Counter& counter) noexcept {
    const std::uintptr_t me = this_thread();
    if (reader_.load(std::memory_order_acquire) != me && !alone(me)) {
      return counter.read_in_order();
    }
    // Two counts of one thread may be taken out of order as well.
    const std::uint64_t last = last_.load(std::memory_order_relaxed);
    std::uint64_t ticks = counter.read();
    if (last - ticks < kTscJustBefore) ticks = last;
    last_.store(ticks, std::memory_order_relaxed);
    return ticks;
  }

 private:
  static constexpr std::uintptr_t kMany = 1;  // not the address of anything of a thread

  // The address of something that is the thread's own.
  static std::uintptr_t this_thread() noexcept {
    static thread_local char here = 0;
    return reinterpret_cast<std::uintptr_t>(&here);
  }

  // Whether nobody else has ever counted.
  [[nodiscard]] bool alone(std::uintptr_t me) noexcept {
    if (reader_.load(std::memory_order_acquire) == kMany) return false;
    std::uintptr_t nobody = 0;
    if (reader_.compare_exchange_strong(nobody, me)) return true;
    reader_.store(kMany);
    return false;
  }

  // 0, a thread, or kMany. Written by the first two readers and by nobody after them.
  alignas(64) std::atomic<std::uintptr_t> reader_{0};
  std::atomic<std::uint64_t> last_{0};  // of a reader that is alone: nobody else's business
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_READERS_H_
