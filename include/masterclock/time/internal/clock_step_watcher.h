// Calls back when the machine's clock is set, without polling. Linux only: elsewhere `active()` is false.
//
// A timer on CLOCK_REALTIME with TFD_TIMER_CANCEL_ON_SET wakes its reader when that clock jumps, also at a
// resume from suspend. One thread waits for it from construction to destruction. `active()` is false too
// where the kernel refuses the timer.
//
// Threads: `on_set` runs on the watcher's thread. The destructor joins it, but for two cases: `on_set` called
//          exit(), or this process is a child of fork() and has no such thread.
// Source:  timerfd_create(2).
#ifndef MASTERCLOCK_TIME_INTERNAL_CLOCK_STEP_WATCHER_H_
#define MASTERCLOCK_TIME_INTERNAL_CLOCK_STEP_WATCHER_H_

#include "masterclock/internal/home_process.h"

#include <cerrno>
#include <cstdint>
#include <functional>
#include <limits>
#include <thread>
#include <utility>

#if defined(__linux__)
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#endif

namespace masterclock::inline v0_2::internal {

class ClockStepWatcher {
 public:
  ClockStepWatcher(const ClockStepWatcher&) = delete;
  ClockStepWatcher& operator=(const ClockStepWatcher&) = delete;

#if defined(__linux__)
  explicit ClockStepWatcher(std::function<void()> on_set)
      : on_set_(std::move(on_set)),
        timer_(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
        stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (timer_ >= 0 && stop_ >= 0 && arm()) thread_ = std::thread([this] { watch(); });
  }

  ~ClockStepWatcher() {
    if (home_.left() || thread_.get_id() == std::this_thread::get_id()) {
      internal::begin_anew(thread_);
    } else if (thread_.joinable()) {
      const std::uint64_t one = 1;
      while (::write(stop_, &one, sizeof one) < 0 && errno == EINTR) {
      }
      thread_.join();
    }
    if (timer_ >= 0) ::close(timer_);
    if (stop_ >= 0) ::close(stop_);
  }

  [[nodiscard]] bool active() const noexcept { return thread_.joinable(); }

 private:
  // The timer is set far ahead: only its cancellation matters.
  bool arm() noexcept {
    itimerspec never{};
    never.it_value.tv_sec = std::numeric_limits<std::int32_t>::max();
    return ::timerfd_settime(timer_, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never,
                             nullptr) == 0;
  }

  void watch() {
    pollfd waits[2] = {{timer_, POLLIN, 0}, {stop_, POLLIN, 0}};
    for (;;) {
      if (::poll(waits, 2, -1) < 0 && errno != EINTR) return;
      if ((waits[1].revents & POLLIN) != 0) return;
      std::uint64_t expirations = 0;
      if (::read(timer_, &expirations, sizeof expirations) < 0 && errno == ECANCELED) {
        if (!arm()) return;  // arms first, so a step during the call counts
        on_set_();
      }
    }
  }

  std::function<void()> on_set_;
  int timer_ = -1;
  int stop_ = -1;
  HomeProcess home_;
  std::thread thread_;
#else
  explicit ClockStepWatcher(std::function<void()>) {}
  [[nodiscard]] bool active() const noexcept { return false; }
#endif
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_CLOCK_STEP_WATCHER_H_
