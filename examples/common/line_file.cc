#include "common/line_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "common/printable.h"

namespace common {
namespace {

absl::Status file_error(const std::filesystem::path& file, int error) {
  return absl::UnavailableError(printable(file.string()) + ": " + std::strerror(error));
}

bool is_regular_file(int fd, struct stat& info) {
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

absl::Status interrupted(const std::filesystem::path& file) {
  return absl::CancelledError(printable(file.string()) + ": interrupted");
}

// Waits until `fd` has `events`, or an error. Returns false when `interrupt_fd` became readable.
bool wait_for(int fd, short events, int interrupt_fd, int milliseconds = -1) {
  pollfd waits[2] = {{fd, events, 0}, {interrupt_fd, POLLIN, 0}};
  while (::poll(waits, 2, milliseconds) < 0 && errno == EINTR) {
  }
  return waits[1].revents == 0;
}

// Returns the offset at which the last whole line ends.
off_t end_of_lines(int fd, off_t size) {
  char chunk[4'096];
  while (size > 0) {
    const off_t begin = size > off_t{sizeof chunk} ? size - off_t{sizeof chunk} : 0;
    const ssize_t got = ::pread(fd, chunk, static_cast<std::size_t>(size - begin), begin);
    if (got <= 0) return size;
    for (ssize_t at = got; at > 0; --at) {
      if (chunk[at - 1] == '\n') return begin + at;
    }
    size = begin;
  }
  return 0;
}

// Returns whether a file begins with `expected`, or is a beginning of it.
bool begins_with(int fd, const std::string& expected) {
  std::string head(expected.size(), '\0');
  const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
  return got >= 0 && expected.starts_with(head.substr(0, static_cast<std::size_t>(got)));
}

// Opens for writing only: the reader of a pipe must not be this process. Waits for that reader.
absl::StatusOr<Descriptor> open_for_writing(const std::filesystem::path& file, int interrupt_fd) {
  constexpr int kOften = 50;  // milliseconds
  for (;;) {
    Descriptor descriptor(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666));
    if (descriptor.get() >= 0) return descriptor;
    const int error = errno;
    std::error_code ignored;
    if (error != ENXIO || !std::filesystem::is_fifo(file, ignored)) return file_error(file, error);
    if (!wait_for(-1, 0, interrupt_fd, kOften)) return interrupted(file);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineFile>> LineFile::open(const std::filesystem::path& file,
                                                         LineFileOptions options) {
  absl::StatusOr<Descriptor> descriptor = open_for_writing(file, options.interrupt_fd);
  if (!descriptor.ok()) return descriptor.status();
  struct stat info {};
  if (is_regular_file(descriptor->get(), info) && info.st_size > 0) {
    const Descriptor reading(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (reading.get() < 0) return file_error(file, errno);
    if (!begins_with(reading.get(), options.first_bytes)) {
      return absl::FailedPreconditionError(printable(file.string()) + ": is not an " +
                                           options.kind + "; it is left as it is");
    }
    const off_t kept =
        options.mode == Mode::kReplace ? 0 : end_of_lines(reading.get(), info.st_size);
    if (kept != info.st_size && ::ftruncate(descriptor->get(), kept) != 0) {
      return file_error(file, errno);
    }
  }
  return std::unique_ptr<LineFile>(
      new LineFile(file, *std::move(descriptor), options.interrupt_fd));
}

absl::Status LineFile::write(std::string line) {
  line += '\n';
  const std::lock_guard lock(mutex_);
  const int fd = descriptor_.get();
  if (fd < 0) {
    return absl::FailedPreconditionError(printable(file_.string()) + ": the file is closed");
  }
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t put = ::write(fd, line.data() + written, line.size() - written);
    if (put >= 0) {
      written += static_cast<std::size_t>(put);
    } else if (errno == EAGAIN) {
      if (!wait_for(fd, POLLOUT, interrupt_fd_)) return interrupted(file_);
    } else if (errno != EINTR) {
      const int error = errno;
      struct stat info {};
      if (written > 0 && is_regular_file(fd, info) &&
          ::ftruncate(fd, info.st_size - static_cast<off_t>(written)) != 0) {
        return file_error(file_, errno);
      }
      return file_error(file_, error);
    }
  }
  ++lines_;
  return absl::OkStatus();
}

bool LineFile::reader_has_left() const {
  pollfd poll{reader_fd(), 0, 0};
  return ::poll(&poll, 1, 0) == 1 && (poll.revents & POLLERR) != 0;
}

int LineFile::reader_fd() const {
  const std::lock_guard lock(mutex_);
  return descriptor_.get();
}

absl::Status LineFile::close() {
  const std::lock_guard lock(mutex_);
  const int fd = descriptor_.release();
  if (fd < 0) return absl::OkStatus();
  absl::Status status;
  // fsync fails with EINVAL for a pipe or a terminal.
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) {
    status = file_error(file_, errno);
  }
  if (::close(fd) != 0 && status.ok()) status = file_error(file_, errno);
  return status;
}

std::size_t LineFile::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

}  // namespace common
