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
  std::size_t line = 1;
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    const bool cr_of_cr_lf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\n' || (text[i] == '\r' && !cr_of_cr_lf)) ++line;
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
