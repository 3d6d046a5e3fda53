#include "as_run_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "data_error.h"
#include "masterclock/zones/broadcast_day.h"
#include "time_text.h"

namespace on_air {
namespace {

using namespace std::chrono;
using masterclock::to_rfc3339;

absl::Status file_error(const std::filesystem::path& file, int error) {
  return absl::UnavailableError(printable(file.string()) + ": " + std::strerror(error));
}

// Where the last whole line ends.
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

std::string as_run_line(const AsRunEntry& entry, masterclock::Zone zone, seconds day_start) {
  const auto start = floor<milliseconds>(entry.real_start);
  nlohmann::ordered_json line;
  line["start"] = to_rfc3339(start);
  line["local_start"] = to_rfc3339(masterclock::BasicZonedTime<milliseconds>(start, zone));
  line["broadcast_date"] =
      date_text(masterclock::broadcast_day_at(entry.planned_start, zone, day_start).date);
  line["channel"] = entry.channel;
  line["title"] = entry.title;
  line["planned_start"] = utc_text(entry.planned_start);
  line["real_start"] = utc_text(entry.real_start);
  line["lateness_ms"] = duration<double, std::milli>(entry.lateness()).count();
  line["lateness_ns"] = entry.lateness().count();
  line["planned_duration_seconds"] = nullptr;
  if (entry.planned_duration) {
    line["planned_duration_seconds"] = duration<double>(*entry.planned_duration).count();
  }
  line["resumed"] = entry.resumed;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

absl::StatusOr<std::unique_ptr<AsRunLog>> AsRunLog::open(const std::filesystem::path& file,
                                                         Mode mode, masterclock::Zone zone,
                                                         seconds day_start) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return file_error(file, errno);
  std::unique_ptr<AsRunLog> log(new AsRunLog(file, fd, zone, day_start));
  struct stat info {};
  if (::fstat(fd, &info) != 0) return file_error(file, errno);
  if (S_ISREG(info.st_mode)) {  // not /dev/stdout, nor a pipe
    const off_t kept = mode == Mode::kReplace ? 0 : end_of_lines(fd, info.st_size);
    if (kept != info.st_size && ::ftruncate(fd, kept) != 0) return file_error(file, errno);
  }
  return log;
}

absl::Status AsRunLog::write(const AsRunEntry& entry) {
  const std::string line = as_run_line(entry, zone_, day_start_) + "\n";
  const std::lock_guard lock(mutex_);
  if (fd_ < 0)
    return absl::FailedPreconditionError(printable(file_.string()) + ": the log is closed");
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t put = ::write(fd_, line.data() + written, line.size() - written);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int error = errno;
      struct stat info {};
      if (written > 0 && ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) {
        if (::ftruncate(fd_, info.st_size - static_cast<off_t>(written)) != 0) {
          return file_error(file_, errno);
        }
      }
      return file_error(file_, error);
    }
    written += static_cast<std::size_t>(put);
  }
  ++lines_;
  return absl::OkStatus();
}

absl::Status AsRunLog::close() {
  const std::lock_guard lock(mutex_);
  if (fd_ < 0) return absl::OkStatus();
  const int fd = std::exchange(fd_, -1);
  absl::Status status;
  // A pipe or a terminal has no disk to write to, and says EINVAL.
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) {
    status = file_error(file_, errno);
  }
  if (::close(fd) != 0 && status.ok()) status = file_error(file_, errno);
  return status;
}

std::size_t AsRunLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

}  // namespace on_air
