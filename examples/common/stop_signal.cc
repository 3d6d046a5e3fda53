#include "common/stop_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

namespace common {

namespace {

sigset_t wanted_signals() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGINT);
  ::sigaddset(&wanted, SIGTERM);
  struct sigaction hang_up {};
  if (::sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) {
    ::sigaddset(&wanted, SIGHUP);  // unless nohup(1) ignores it
  }
  return wanted;
}

}  // namespace

BlockedSignals::BlockedSignals() {
  const sigset_t wanted = wanted_signals();
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
}

BlockedSignals::~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

StopSignal::StopSignal() {
  const sigset_t wanted = wanted_signals();
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  fd_ = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

StopSignal::~StopSignal() {
  // Takes the pending signals, which would end the process now.
  signalfd_siginfo info;
  while (::read(fd_, &info, sizeof info) == sizeof info) {
  }
  if (fd_ >= 0) ::close(fd_);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopSignal::wait_for(std::chrono::nanoseconds longest, int reader_fd) const {
  longest = std::clamp<std::chrono::nanoseconds>(longest, std::chrono::nanoseconds(0),
                                                 std::chrono::hours(24));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(longest);
  const timespec timeout{static_cast<std::time_t>(seconds.count()),
                         static_cast<long>((longest - seconds).count())};
  pollfd waits[2] = {{fd_, POLLIN, 0}, {reader_fd, 0, 0}};
  ::ppoll(waits, 2, &timeout, nullptr);
  return requested();
}

bool StopSignal::requested() const {
  pollfd wait{fd_, POLLIN, 0};
  return ::poll(&wait, 1, 0) == 1;
}

}  // namespace common
