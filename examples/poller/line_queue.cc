#include "line_queue.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace poller {

void LineQueue::add_bytes(std::string bytes) {
  if (has_left_) return;
  bytes_ += bytes.size();
  lines_.push_back(std::move(bytes));
  while (bytes_ > kMostBytes && lines_.size() > 2) {
    const auto oldest = lines_.begin() + (begun_ ? 1 : 0);
    bytes_ -= oldest->size();
    lines_.erase(oldest);
  }
}

void LineQueue::flush() {
  while (!lines_.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) <= 0) return;
    std::string& line = lines_.front();
    // A pipe that is ready takes PIPE_BUF bytes at once.
    const ssize_t written = ::write(fd_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE || errno == EBADF || errno == EIO) {
        has_left_ = true;
        lines_.clear();
        bytes_ = 0;
      }
      failed_ = errno != EAGAIN;
      return;
    }
    failed_ = false;
    const auto count = static_cast<std::size_t>(written);
    bytes_ -= count;
    begun_ = count < line.size();
    if (begun_) {
      line.erase(0, count);
    } else {
      lines_.pop_front();
    }
  }
}

}  // namespace poller
