// Writes to stdout, and reports each failure.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_OUTPUT_H_
#define MASTERCLOCK_EXAMPLES_COMMON_OUTPUT_H_

#include <string_view>

#include "absl/status/status.h"

namespace common {

// Writes `text` to stdout. Waits for a slow reader; has written all of it when it returns OK.
//
// Errors: Unavailable "stdout cannot be written: why". A reader that closed its end is an error too:
//         the program that calls this ignores SIGPIPE.
absl::Status write_stdout(std::string_view text);

// Writes one line to `fd` if its reader is ready, and drops the line otherwise. Never waits: for
// messages to stderr while signals are blocked. At most 4096 bytes.
void write_if_ready(int fd, std::string_view line);

// Returns whether stdout is open, and open for writing.
[[nodiscard]] bool stdout_is_writable();

// Makes the three standard descriptors exist, so that no file that is opened later takes the number of
// one. Reading and writing a descriptor that was missing still fail.
void reserve_standard_descriptors();

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_OUTPUT_H_
