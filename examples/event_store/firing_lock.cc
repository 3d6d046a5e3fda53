#include "firing_lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "common/printable.h"

namespace event_store {
namespace {

// Byte 0 is locked while any event fires, byte N while the event of serial N does.
struct flock one_byte(short type, std::int64_t at) noexcept {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  return lock;
}

absl::Status failure(const std::string& file) {
  return absl::UnavailableError(common::printable(file) + ": " + std::strerror(errno));
}

bool set(int fd, short type, std::int64_t at) noexcept {
  struct flock lock = one_byte(type, at);
  while (::fcntl(fd, F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<FiringLock> FiringLock::open(const std::string& database) {
  std::string file = database + "-firing";
  common::Descriptor descriptor(
      ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (descriptor.get() < 0) return failure(file);
  // Of the same owner and mode as the database, as SQLite makes its own files.
  struct stat of_database = {};
  if (::stat(database.c_str(), &of_database) == 0) {
    (void)!::fchmod(descriptor.get(), of_database.st_mode & 0777);
    (void)!::fchown(descriptor.get(), of_database.st_uid, of_database.st_gid);
  }
  return FiringLock(std::move(file), std::move(descriptor));
}

absl::StatusOr<FiringLock::Held> FiringLock::lock(std::int64_t serial) const {
  if (!set(descriptor_.get(), F_WRLCK, 0)) return failure(file_);
  Held held(*this, serial);
  if (!set(descriptor_.get(), F_WRLCK, serial)) return failure(file_);
  return held;
}

FiringLock::Held::~Held() {
  if (lock_ == nullptr) return;
  set(lock_->descriptor_.get(), F_UNLCK, serial_);
  set(lock_->descriptor_.get(), F_UNLCK, 0);
}

bool FiringLock::held_elsewhere(std::int64_t serial) const noexcept {
  struct flock lock = one_byte(F_WRLCK, serial);
  return ::fcntl(descriptor_.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace event_store
