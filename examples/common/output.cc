#include "common/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <string>

namespace common {

absl::Status write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // a terminal or pipe that another program made non-blocking
      pollfd wait{STDOUT_FILENO, POLLOUT, 0};
      (void)::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return absl::UnavailableError(std::string("stdout cannot be written: ") +
                                    std::strerror(errno));
    }
  }
  return absl::OkStatus();
}

void write_if_ready(int fd, std::string_view line) {
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, 0) <= 0 || (ready.revents & POLLOUT) == 0) return;
  // A pipe that is ready takes PIPE_BUF bytes at once.
  (void)!::write(fd, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
}

bool stdout_is_writable() {
  const int flags = ::fcntl(STDOUT_FILENO, F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

void reserve_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open() returns the lowest free number. O_PATH can be neither read nor written.
    if (::fcntl(fd, F_GETFD) < 0) (void)!::open("/", O_PATH);
  }
}

}  // namespace common
