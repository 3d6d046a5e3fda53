// Wakes the threads that wait for the first event of a scheduler.
//
// Threads: any. A callback runs with the mutexes of this file held, and with none of the scheduler.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_WAKERS_H_
#define MASTERCLOCK_EVENTS_INTERNAL_WAKERS_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "masterclock/internal/guarded_call.h"
#include "masterclock/internal/mutex.h"

namespace masterclock::inline v0_2::internal {

class Waker {
 public:
  explicit Waker(std::function<void()> earlier) : earlier_(std::move(earlier)) {}

  // Returns false after end().
  bool wake() noexcept {
    const MutexLock lock(mutex_);
    if (earlier_ == nullptr) return false;
    guarded_call(earlier_);
    return true;
  }
  // Waits while the callback runs. The callback never runs again.
  void end() noexcept {
    std::function<void()> gone;
    const MutexLock lock(mutex_);
    gone.swap(earlier_);
  }

 private:
  Mutex mutex_;
  std::function<void()> earlier_ ABSL_GUARDED_BY(mutex_);
};

class Wakers {
 public:
  [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_relaxed); }

  std::shared_ptr<Waker> add(std::function<void()> earlier) {
    auto waker = std::make_shared<Waker>(std::move(earlier));
    const MutexLock lock(mutex_);
    wakers_.push_back(waker);
    any_ = true;
    return waker;
  }
  void wake() noexcept {
    const MutexLock lock(mutex_);
    for (std::size_t i = wakers_.size(); i-- > 0;) {
      if (wakers_[i]->wake()) continue;
      wakers_[i].swap(wakers_.back());
      wakers_.pop_back();
    }
    any_ = !wakers_.empty();
  }

 private:
  Mutex mutex_;
  std::vector<std::shared_ptr<Waker>> wakers_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> any_ = false;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_WAKERS_H_
