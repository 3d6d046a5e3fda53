// Reports an error in an input file: one line that names the file and the line or the field.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_DATA_ERROR_H_
#define MASTERCLOCK_EXAMPLES_COMMON_DATA_ERROR_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/printable.h"

namespace common {

// Returns the line that contains `offset`, counted from 1. LF, CR and CR LF each end a line.
inline std::size_t line_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  std::size_t line = 1;
  for (std::size_t at = 0; (at = before.find('\n', at)) != std::string_view::npos; ++at) ++line;
  for (std::size_t at = 0; (at = before.find('\r', at)) != std::string_view::npos; ++at) {
    if (!text.substr(at + 1).starts_with('\n')) ++line;
  }
  return line;
}

// InvalidArgument "FILE:LINE: what".
inline absl::Status data_error(std::string_view file, std::size_t line, std::string_view what) {
  return absl::InvalidArgumentError(printable(file) + ":" + std::to_string(line) + ": " +
                                    std::string(what));
}

// InvalidArgument "FILE: what", for an error in a field.
inline absl::Status data_error(std::string_view file, std::string_view what) {
  return absl::InvalidArgumentError(printable(file) + ": " + std::string(what));
}

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_DATA_ERROR_H_
