// Ctrl-C as something to wait for, so that a program ends by its own hand: the log whole, the child
// ended, no half a file left.
//
// From construction on SIGINT, SIGTERM and SIGHUP no longer kill the process; they make `fd()`
// readable. Make one before any other thread is started: threads inherit what is blocked.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_STOP_SIGNAL_H_
#define MASTERCLOCK_EXAMPLES_COMMON_STOP_SIGNAL_H_

#include <signal.h>

#include <chrono>

namespace common {

// Threads: one owner.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  // Waits up to `longest`, less when `wake_fd`, if any, becomes readable. True: somebody wants us
  // to stop, now or at an earlier call.
  bool wait_for(std::chrono::nanoseconds longest, int wake_fd = -1);

  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Somebody wanted us to stop, some time.
  [[nodiscard]] bool requested();

 private:
  void look();

  int fd_;
  bool requested_ = false;
  sigset_t before_{};
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_STOP_SIGNAL_H_
