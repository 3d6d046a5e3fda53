// Turns Ctrl-C into something to wait for, so that a program finishes its log and its files.
//
// From its construction on, SIGINT, SIGTERM and SIGHUP do not end the process; they make `fd()`
// readable. Construct it before the first thread starts, because threads inherit the blocked signals.
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

  // Waits up to `longest`, or until the reader of the pipe `reader_fd`, if any, has left. Returns
  // requested().
  bool wait_for(std::chrono::nanoseconds longest, int reader_fd = -1);

  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Returns whether a signal has arrived since the construction.
  [[nodiscard]] bool requested();

 private:
  void look();

  int fd_;
  bool requested_ = false;
  sigset_t before_{};
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_STOP_SIGNAL_H_
