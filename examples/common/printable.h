// Makes foreign text safe for a message of one line.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_PRINTABLE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_PRINTABLE_H_

#include <algorithm>
#include <string>
#include <string_view>

#include "masterclock/internal/quoted.h"

namespace common {

// Returns `text` in single quotes, with control and non-ASCII bytes as \xNN, cut at 80 bytes.
inline std::string in_quotes(std::string_view text) { return masterclock::internal::quoted(text); }

// Returns `text` with '?' in place of each control character.
inline std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_PRINTABLE_H_
