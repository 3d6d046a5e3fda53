// Appends whole lines to a file: a log that another program reads while this one writes.
//
// The file holds whole lines at every moment and after every end of the program. Each line is one
// write. A full disk leaves no part of a line.
//
// The file may be a pipe. No call then blocks without an end: `interrupt_fd` ends each wait for a slow
// reader. `reader_has_left` shows that writing is of no use.
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

struct LineFileOptions {
  enum class Mode {
    kReplace,  // removes the lines of earlier runs
    kAppend,   // keeps them, and removes only an incomplete last line
  };
  Mode mode = Mode::kAppend;

  // A file that is not empty must begin so. Another file is refused and left as it is.
  std::string first_bytes = {};
  std::string kind = "log";  // for that error: "notes.txt: is not an as-run log"

  int interrupt_fd = -1;  // waits end when it becomes readable
};

// Threads: any.
class LineFile {
 public:
  using Mode = LineFileOptions::Mode;

  // Errors: Unavailable "FILE: what" when the file cannot be opened. FailedPrecondition when it does
  //         not begin with `first_bytes`. Cancelled when `interrupt_fd` ended the wait for the reader
  //         of a pipe.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LineFile>> open(
      const std::filesystem::path& file, LineFileOptions options);

  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile() { (void)close(); }

  // Writes `line` and its end.
  //
  // Errors: Unavailable "FILE: what" when the file cannot be written; it is then unchanged.
  //         Cancelled when `interrupt_fd` ended the wait for a slow reader.
  //         FailedPrecondition after `close`.
  absl::Status write(std::string line);

  // Waits until the disk has the lines. Further writes fail.
  absl::Status close();

  // Returns whether the reader of a pipe has left. `reader_fd` is a descriptor for poll(2), which then
  // has POLLERR. It is valid until `close`.
  [[nodiscard]] bool reader_has_left() const;
  [[nodiscard]] int reader_fd() const;

  // Returns the number of lines that this object wrote.
  [[nodiscard]] std::size_t lines() const;

 private:
  LineFile(std::filesystem::path file, Descriptor descriptor, int interrupt_fd)
      : file_(std::move(file)), interrupt_fd_(interrupt_fd), descriptor_(std::move(descriptor)) {}

  const std::filesystem::path file_;
  const int interrupt_fd_;
  mutable std::mutex mutex_;
  Descriptor descriptor_;
  std::size_t lines_ = 0;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_LINE_FILE_H_
