#include "common/private_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "common/printable.h"

namespace common {
namespace {

namespace fs = std::filesystem;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// Removes `directory` when it is private to this user and no process has locked it.
void remove_leftover(const fs::path& directory) {
  const Descriptor descriptor(::open(directory.c_str(), kDirectory));
  struct stat info {};
  if (descriptor.get() < 0 || ::fstat(descriptor.get(), &info) != 0) return;
  if (info.st_uid != ::geteuid() || (info.st_mode & 0777) != 0700) return;
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) return;
  std::error_code ignored;
  fs::remove_all(directory, ignored);  // follows no link
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateDirectory>> PrivateDirectory::make(
    const fs::path& parent, const std::string& program) {
  const std::string prefix = "." + program + ".";
  std::error_code error;
  for (fs::directory_iterator entry(parent, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && name.size() == prefix.size() + 6)
      remove_leftover(entry->path());
  }
  for (;;) {
    std::string name = (parent / (prefix + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) {
      return absl::UnavailableError(printable(parent.string()) + ": " + std::strerror(errno));
    }
    Descriptor lock(::open(name.c_str(), kDirectory));
    struct stat info {};
    // Another process may have removed it before it was locked: then there is no link to it.
    if (lock.get() >= 0 && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0 &&
        ::fstat(lock.get(), &info) == 0 && info.st_nlink > 0) {
      return std::unique_ptr<PrivateDirectory>(new PrivateDirectory(name, std::move(lock)));
    }
  }
}

PrivateDirectory::~PrivateDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace common
