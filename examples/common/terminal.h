// Describes the terminal of stdout, and draws whole screens on it.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_TERMINAL_H_
#define MASTERCLOCK_EXAMPLES_COMMON_TERMINAL_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace common {

struct Terminal {
  std::size_t width = 80;
  std::size_t height = 0;  // 0: no terminal, or one that takes no escape sequences
  bool colour = false;

  // Return an SGR escape sequence, or nothing without colours.
  [[nodiscard]] std::string_view bold() const noexcept { return colour ? "\x1b[1m" : ""; }
  [[nodiscard]] std::string_view dim() const noexcept { return colour ? "\x1b[2m" : ""; }
  [[nodiscard]] std::string_view green() const noexcept { return colour ? "\x1b[32m" : ""; }
  [[nodiscard]] std::string_view plain() const noexcept { return colour ? "\x1b[0m" : ""; }
};

// The width is COLUMNS, else the terminal's, else 80. Colours need a terminal other than "dumb", and
// NO_COLOR unset or empty.
//
// Source: https://no-color.org
[[nodiscard]] Terminal terminal_of_stdout();

// The bytes that take over the terminal, without its cursor, and that give the terminal back.
inline constexpr std::string_view kEnterScreen = "\x1b[?1049h\x1b[?25l";
inline constexpr std::string_view kLeaveScreen = "\x1b[?25h\x1b[?1049l";

// Returns the bytes that show `text` in place of the text before.
[[nodiscard]] std::string screen_frame(std::string_view text);

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_TERMINAL_H_
