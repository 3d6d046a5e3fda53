// Names this end of a UNIX datagram socket, so that a daemon can answer.
//
// ptp4l answers to an abstract name, which has no file, needs no permission and ends with its socket.
// chronyd answers only to a file. ReplyFile makes a directory for the file, in which no other user can write
// or replace the file by a link. The mode of the file is changed by descriptor, never by path.
#ifndef MASTERCLOCK_SYNC_INTERNAL_REPLY_ADDRESS_H_
#define MASTERCLOCK_SYNC_INTERNAL_REPLY_ADDRESS_H_

#include "masterclock/version.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace masterclock::inline v0_2::internal {

// Lets the kernel choose an abstract name. Returns false, with errno, if that fails.
[[nodiscard]] inline bool bind_abstract_name(int socket) noexcept {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name.sun_family) == 0;
}

// Threads: one at a time.
class ReplyFile {
 public:
  ReplyFile() = default;
  ReplyFile(const ReplyFile&) = delete;
  ReplyFile& operator=(const ReplyFile&) = delete;
  ~ReplyFile() { remove(); }

  // Binds `socket` to a file in a new directory inside `parent`. Returns false, with errno, if that
  // fails; nothing is left behind.
  [[nodiscard]] bool bind_in(const std::string& parent, int socket) {
    std::string made = parent + "/masterclock.XXXXXX";
    if (::mkdtemp(made.data()) == nullptr) return false;
    path_ = made;
    directory_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const bool bound = directory_ >= 0 && is_own(directory_) && bind_file(socket) &&
                       ::fchmod(directory_, 0711) == 0;  // the daemon may be another user
    if (!bound) {
      const int error = errno;
      remove();
      errno = error;
    }
    return bound;
  }

  void remove() noexcept {
    if (directory_ >= 0) {
      ::unlinkat(directory_, kName, 0);
      ::close(directory_);
      directory_ = -1;
    }
    if (!path_.empty()) ::rmdir(path_.c_str());
    path_.clear();
  }

 private:
  static constexpr const char* kName = "s";

  // The owner of `parent` may have replaced the directory.
  static bool is_own(int directory) noexcept {
    struct stat found {};
    if (::fstat(directory, &found) != 0) return false;
    errno = EPERM;
    return found.st_uid == ::geteuid() && (found.st_mode & 0777) == 0700;
  }

  bool bind_file(int socket) const {
    const std::string file = path_ + "/" + kName;
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    errno = ENAMETOOLONG;
    if (file.size() >= sizeof name.sun_path) return false;
    std::copy(file.begin(), file.end(), name.sun_path);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return false;
    // The daemon must be able to write to the file.
    const int found = ::openat(directory_, kName, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (found < 0) return false;
    const std::string descriptor = "/proc/self/fd/" + std::to_string(found);
    const bool changed = ::chmod(descriptor.c_str(), 0622) == 0;
    ::close(found);
    return changed;
  }

  std::string path_;
  int directory_ = -1;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_REPLY_ADDRESS_H_
