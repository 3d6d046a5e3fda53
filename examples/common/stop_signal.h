// Turns Ctrl-C into something to wait for, so that a program finishes its log and its files.
//
// From its construction on, SIGINT, SIGTERM and SIGHUP do not end the process; they make `fd()`
// readable, for each thread that waits for it. Construct it before the first thread starts, because
// threads inherit the blocked signals. While it exists, make no call that can block without an end: no
// signal interrupts it.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_STOP_SIGNAL_H_
#define MASTERCLOCK_EXAMPLES_COMMON_STOP_SIGNAL_H_

#include <signal.h>

#include <chrono>

namespace common {

// Blocks SIGINT, SIGTERM and SIGHUP for the threads that start while it exists. A signal then ends the
// process by the main thread, until there is a StopSignal. Calls that block stay interruptible.
//
// Threads: one owner.
class BlockedSignals {
 public:
  BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals();

 private:
  sigset_t before_{};
};

// Threads: one owner.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  // Waits up to `longest`, or until the reader of the pipe `reader_fd`, if any, has left. Returns
  // requested().
  bool wait_for(std::chrono::nanoseconds longest, int reader_fd = -1) const;

  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Returns whether a signal has arrived since the construction.
  [[nodiscard]] bool requested() const;

 private:
  int fd_;
  sigset_t before_{};
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_STOP_SIGNAL_H_
