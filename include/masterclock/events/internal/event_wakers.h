// Those who wait for a scheduler's first event.
//
// Threads: any, for every member.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_WAKERS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_WAKERS_H_

#include "masterclock/version.h"

#include <atomic>
#include <mutex>
#include <vector>

#include "masterclock/events/scheduler_options.h"

namespace masterclock::inline v0_2::internal {

class EventWakers {
 public:
  [[nodiscard]] bool any() const noexcept { return any_; }

  void add(EventWaker& waker) {
    const std::lock_guard lock(mutex_);
    wakers_.push_back(&waker);
    any_ = true;
  }
  // When this returns `waker` is not being called, and will not be again.
  void remove(EventWaker& waker) {
    const std::lock_guard lock(mutex_);
    std::erase(wakers_, &waker);
    any_ = !wakers_.empty();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    for (EventWaker* const waker : wakers_) waker->wake();
  }

 private:
  std::mutex mutex_;  // guards wakers_
  std::vector<EventWaker*> wakers_;
  std::atomic<bool> any_ = false;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_WAKERS_H_
