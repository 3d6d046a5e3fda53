// A mutex whose unlocking is a plain store.
//
// std::mutex takes one atomic instruction to lock and one to unlock, to learn whether somebody
// waits. Here whoever must wait says so and has the kernel make it known (asymmetric_fence.h), before
// it looks at the lock for the last time and sleeps; so unlocking only has to look. Waiting is
// dear and rare, since nothing is held for longer than it takes to find an event.
//
// A waiter tries for about a microsecond and then sleeps, on a condition variable: nobody spins while the
// holder is off the processor. Where the kernel no longer makes it known, nobody may wake him: then he
// looks again every millisecond. The lock is not handed over in turn, as std::mutex is not.
//
// Threads: any; satisfies Lockable.
#ifndef MASTERCLOCK_EVENTS_EVENT_LOCK_H_
#define MASTERCLOCK_EVENTS_EVENT_LOCK_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "masterclock/events/asymmetric_fence.h"

namespace masterclock::internal {

template <class Fence>
class BasicEventLock {
 public:
  BasicEventLock() = default;
  BasicEventLock(const BasicEventLock&) = delete;
  BasicEventLock& operator=(const BasicEventLock&) = delete;

  [[gnu::always_inline]] bool try_lock() noexcept { return !held_.exchange(true, std::memory_order_acquire); }

  [[gnu::always_inline]] void lock() {
    if (!try_lock()) wait();
  }

  [[gnu::always_inline]] void unlock() noexcept {
    held_.store(false, std::memory_order_release);
    Fence::light();
    if (sleepers_.load(std::memory_order_relaxed) != 0) wake();
  }

 private:
  [[gnu::noinline]] void wait() {
    constexpr int kTries = 50;
    for (int i = 0; i < kTries; ++i) {
      if (!held_.load(std::memory_order_relaxed) && try_lock()) return;
      pause();
    }
    std::unique_lock lock(bed_);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    // From here on whoever unlocks sees a sleeper, or has let go where try_lock sees it.
    const bool seen = Fence::heavy();
    while (!try_lock()) {
      if (seen) {
        morning_.wait(lock);
      } else {
        morning_.wait_for(lock, std::chrono::milliseconds(1));
      }
    }
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }

  [[gnu::noinline]] void wake() noexcept {
    const std::lock_guard lock(bed_);
    morning_.notify_one();
  }

  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }

  std::atomic<bool> held_ = false;
  std::atomic<int> sleepers_ = 0;
  std::mutex bed_;
  std::condition_variable morning_;
};

using EventLock = BasicEventLock<AsymmetricFence>;

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_EVENT_LOCK_H_
