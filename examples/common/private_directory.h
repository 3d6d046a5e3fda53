// Makes a private directory for temporary files beside an output file.
//
// Only this user may enter it (0700), so no other user can put a link in the place of a temporary file.
// The destructor removes it with its files. A process that was killed leaves it: the next one beside
// the same output removes it.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_PRIVATE_DIRECTORY_H_
#define MASTERCLOCK_EXAMPLES_COMMON_PRIVATE_DIRECTORY_H_

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace common {

// Threads: one owner.
class PrivateDirectory {
 public:
  // Makes the directory in `parent`, as ".on_air.XXXXXX" for the program "on_air". Removes the
  // directories of that program whose process has died.
  //
  // Errors: Unavailable "PARENT: what".
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<PrivateDirectory>> make(
      const std::filesystem::path& parent, const std::string& program);

  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  PrivateDirectory(std::filesystem::path path, Descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::filesystem::path path_;
  const Descriptor lock_;  // of the directory; the kernel unlocks it when the process dies
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_PRIVATE_DIRECTORY_H_
