#include "common/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/printable.h"

namespace common {
namespace {

absl::Status file_error(const std::filesystem::path& file, int error) {
  return absl::UnavailableError(printable(file.string()) + ": " + std::strerror(error));
}

bool is_regular_file(int fd, struct stat& info) {
  return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
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

}  // namespace

absl::StatusOr<std::unique_ptr<LineFile>> LineFile::open(const std::filesystem::path& file,
                                                         Mode mode) {
  Descriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  const int fd = descriptor.get();
  if (fd < 0) return file_error(file, errno);
  struct stat info {};
  if (is_regular_file(fd, info)) {
    const off_t kept = mode == Mode::kReplace ? 0 : end_of_lines(fd, info.st_size);
    if (kept != info.st_size && ::ftruncate(fd, kept) != 0) return file_error(file, errno);
  }
  return std::unique_ptr<LineFile>(new LineFile(file, std::move(descriptor)));
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
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int error = errno;
      struct stat info {};
      if (written > 0 && is_regular_file(fd, info) &&
          ::ftruncate(fd, info.st_size - static_cast<off_t>(written)) != 0) {
        return file_error(file_, errno);
      }
      return file_error(file_, error);
    }
    written += static_cast<std::size_t>(put);
  }
  ++lines_;
  return absl::OkStatus();
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
