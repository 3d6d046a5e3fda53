// A mutex whose unlocking is a plain store.
//
// std::mutex takes one atomic instruction to lock and one to unlock, to learn whether somebody
// waits. Here nobody is told when the lock is free: whoever waits looks again by himself (patience.h).
// That is dear and rare, since most often nothing is held for longer than it takes to find an event. The
// lock is not handed over in turn, as std::mutex is not.
//
// Threads: any; satisfies Lockable.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_LOCK_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_LOCK_H_

#include "masterclock/version.h"

#include <atomic>

#include "masterclock/events/internal/patience.h"

namespace masterclock::inline v0_2::internal {

class EventLock {
 public:
  EventLock() = default;
  EventLock(const EventLock&) = delete;
  EventLock& operator=(const EventLock&) = delete;

  [[gnu::always_inline]] bool try_lock() noexcept {
    return !held_.exchange(true, std::memory_order_acquire);
  }

  // Whether it had to be waited for.
  [[gnu::always_inline]] bool lock() noexcept {
    if (try_lock()) return false;
    wait();
    return true;
  }

  [[gnu::always_inline]] void unlock() noexcept { held_.store(false, std::memory_order_release); }

 private:
  [[gnu::noinline]] void wait() noexcept {
    Patience patience;
    while (held_.load(std::memory_order_relaxed) || !try_lock()) patience.wait();
  }

  std::atomic<bool> held_ = false;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_LOCK_H_
