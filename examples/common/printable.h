// Makes foreign text safe for a person's terminal. The programs print no foreign text without it.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_PRINTABLE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_PRINTABLE_H_

#include <string>
#include <string_view>

#include "masterclock/internal/quoted.h"

namespace common {

// Returns `text` in one line of valid UTF-8. Control characters, which could steer the terminal, become
// blanks. Marks that turn the direction of text are left out. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string printable(std::string_view text);

// Returns `text` in single quotes, with control and non-ASCII bytes as \xNN, cut at 80 bytes.
inline std::string in_quotes(std::string_view text) { return masterclock::internal::quoted(text); }

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_PRINTABLE_H_
