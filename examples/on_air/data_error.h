// What is wrong with a file, and where: one line that names the file, and the line in it.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_DATA_ERROR_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_DATA_ERROR_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "masterclock/internal/quoted.h"

namespace on_air {

// Somebody else's text in quotes, fit for a one-line message.
inline std::string in_quotes(std::string_view text) { return masterclock::internal::quoted(text); }

// A file name fit for a one-line message: control characters become '?'.
inline std::string printable(std::string_view name) {
  std::string out(name);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

// The line, from 1, on which `offset` stands. LF, CR and CR LF each end one.
inline std::size_t line_at(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    const bool first_of_two = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\n' || (text[i] == '\r' && !first_of_two)) ++line;
  }
  return line;
}

// "FILE:LINE: what"
inline absl::Status data_error(std::string_view file, std::size_t line, const std::string& what) {
  return absl::InvalidArgumentError(printable(file) + ":" + std::to_string(line) + ": " + what);
}

// "FILE: what", where the place is a field and not a line.
inline absl::Status data_error(std::string_view file, const std::string& what) {
  return absl::InvalidArgumentError(printable(file) + ": " + what);
}

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_DATA_ERROR_H_
