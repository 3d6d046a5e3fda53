#include "common/stop_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

namespace common {

StopSignal::StopSignal() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGINT);
  ::sigaddset(&wanted, SIGTERM);
  struct sigaction hang_up {};
  if (::sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) {
    ::sigaddset(&wanted, SIGHUP);  // unless nohup(1) ignores it
  }
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  fd_ = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

StopSignal::~StopSignal() {
  look();  // takes the pending signals, which would end the process now
  if (fd_ >= 0) ::close(fd_);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopSignal::wait_for(std::chrono::nanoseconds longest, int reader_fd) {
  longest = std::clamp<std::chrono::nanoseconds>(longest, std::chrono::nanoseconds(0),
                                                 std::chrono::hours(24));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(longest);
  const timespec timeout{static_cast<std::time_t>(seconds.count()),
                         static_cast<long>((longest - seconds).count())};
  pollfd waits[2] = {{fd_, POLLIN, 0}, {reader_fd, 0, 0}};
  if (!requested_) ::ppoll(waits, 2, &timeout, nullptr);
  look();
  return requested_;
}

bool StopSignal::requested() {
  look();
  return requested_;
}

void StopSignal::look() {
  signalfd_siginfo info;
  while (::read(fd_, &info, sizeof info) == sizeof info) requested_ = true;
}

}  // namespace common
