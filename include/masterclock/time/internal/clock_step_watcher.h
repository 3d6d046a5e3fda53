// Calls back when the machine's clock is set, without polling. Linux only: elsewhere nothing calls.
//
// A timer on CLOCK_REALTIME with TFD_TIMER_CANCEL_ON_SET wakes its reader when that clock jumps, also at a
// resume from suspend. One thread waits for the timer, unless the kernel refuses it.
//
// Threads: `on_set` runs on the watcher's thread. The destructor joins it, but for two cases: `on_set` called
//          exit(), or this process is a child of fork() and has no such thread.
// Source:  timerfd_create(2).
#ifndef MASTERCLOCK_TIME_INTERNAL_CLOCK_STEP_WATCHER_H_
#define MASTERCLOCK_TIME_INTERNAL_CLOCK_STEP_WATCHER_H_

#include "masterclock/internal/home_process.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <limits>
#include <system_error>
#include <utility>

#if defined(__linux__)
#include <pthread.h>
#include <sys/timerfd.h>
#include <unistd.h>
#endif

namespace masterclock::inline v0_2::internal {

class ClockStepWatcher {
 public:
  ClockStepWatcher() = default;
  ClockStepWatcher(const ClockStepWatcher&) = delete;
  ClockStepWatcher& operator=(const ClockStepWatcher&) = delete;

#if defined(__linux__)
  // Call it once, and again only if it threw.
  void start(std::function<void()> on_set) {
    on_set_ = std::move(on_set);
    home_ = HomeProcess();
    if (timer_ < 0) timer_ = ::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
    if (timer_ < 0 || !set_timer(kFarAhead)) return;
    // <thread> would lengthen the compilation of each program with a clock.
    const int refused = ::pthread_create(&thread_, nullptr, &ClockStepWatcher::run, this);
    if (refused != 0) throw std::system_error(refused, std::generic_category());
    started_ = true;
  }

  ~ClockStepWatcher() {
    if (started_ && !home_.left() && ::pthread_equal(thread_, ::pthread_self()) == 0) {
      stop_ = true;
      set_timer(kLongAgo);
      ::pthread_join(thread_, nullptr);
    }
    if (timer_ >= 0) ::close(timer_);
  }

 private:
  // Times of the timer in seconds since 1970. Only its cancellation and the end of the thread matter.
  static constexpr std::int32_t kFarAhead = std::numeric_limits<std::int32_t>::max(), kLongAgo = 1;

  // Returns true if the timer is set, also if the clock was set meanwhile.
  bool set_timer(std::int32_t second) noexcept {
    itimerspec at{};
    at.it_value.tv_sec = second;
    constexpr int kFlags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    return ::timerfd_settime(timer_, kFlags, &at, nullptr) == 0 || errno == ECANCELED;
  }

  static void* run(void* self) {
    static_cast<ClockStepWatcher*>(self)->watch();
    return nullptr;
  }

  void watch() {
    std::uint64_t expirations = 0;
    while (!stop_) {
      if (::read(timer_, &expirations, sizeof expirations) >= 0 || errno == EINTR) continue;
      if (errno != ECANCELED || !set_timer(kFarAhead)) return;
      // The timer is set before the call, so that a step during the call counts.
      if (!stop_) on_set_();
    }
  }

  std::function<void()> on_set_;
  int timer_ = -1;
  std::atomic<bool> stop_ = false;
  HomeProcess home_;
  bool started_ = false;
  pthread_t thread_{};
#else
  void start(const std::function<void()>&) {}
#endif
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_CLOCK_STEP_WATCHER_H_
