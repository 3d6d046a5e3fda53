// Appends whole lines to a file: a log that another program reads while this one writes.
//
// The file holds whole lines at every moment and after every end of the program. Each line is one
// write. A full disk leaves no part of a line.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_LINE_FILE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_LINE_FILE_H_

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace common {

// Threads: any.
class LineFile {
 public:
  enum class Mode {
    kReplace,  // removes the lines of earlier runs
    kAppend,   // keeps them, and removes only an incomplete last line
  };

  // Errors: Unavailable "FILE: what" when the file cannot be opened.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LineFile>> open(
      const std::filesystem::path& file, Mode mode);

  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile() { (void)close(); }

  // Writes `line` and its end.
  //
  // Errors: Unavailable "FILE: what" when the file cannot be written; it is then unchanged.
  //         FailedPrecondition after `close`.
  absl::Status write(std::string line);

  // Waits until the disk has the lines. Further writes fail.
  absl::Status close();

  // Returns the number of lines that this object wrote.
  [[nodiscard]] std::size_t lines() const;

 private:
  LineFile(std::filesystem::path file, Descriptor descriptor)
      : file_(std::move(file)), descriptor_(std::move(descriptor)) {}

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  Descriptor descriptor_;
  std::size_t lines_ = 0;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_LINE_FILE_H_
