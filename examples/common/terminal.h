// What stdout is: how wide, and whether colours would be welcome.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_TERMINAL_H_
#define MASTERCLOCK_EXAMPLES_COMMON_TERMINAL_H_

#include <cstddef>
#include <string_view>

namespace common {

struct Terminal {
  std::size_t width = 80;
  bool colour = false;

  // An escape sequence (SGR parameters), where there are colours.
  [[nodiscard]] std::string_view bold() const noexcept { return colour ? "\x1b[1m" : ""; }
  [[nodiscard]] std::string_view dim() const noexcept { return colour ? "\x1b[2m" : ""; }
  [[nodiscard]] std::string_view green() const noexcept { return colour ? "\x1b[32m" : ""; }
  [[nodiscard]] std::string_view plain() const noexcept { return colour ? "\x1b[0m" : ""; }
};

// The width is COLUMNS if that is set, the terminal's if there is one, else 80. Colours need a
// terminal that is not "dumb", and NO_COLOR unset or empty.
//
// Source: https://no-color.org for the latter.
[[nodiscard]] Terminal terminal_of_stdout();

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_TERMINAL_H_
