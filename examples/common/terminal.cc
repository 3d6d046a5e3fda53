#include "common/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>

namespace common {
namespace {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

std::optional<std::size_t> positive(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

}  // namespace

Terminal terminal_of_stdout() {
  Terminal terminal;
  winsize size{};
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  const bool sized = is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  const bool escapes = is_terminal && environment("TERM") != "dumb";
  if (const auto columns = positive(environment("COLUMNS"))) {
    terminal.width = *columns;
  } else if (sized && size.ws_col > 0) {
    terminal.width = size.ws_col;
  }
  if (escapes) terminal.height = sized && size.ws_row > 0 ? size.ws_row : 24;
  terminal.colour = escapes && environment("NO_COLOR").empty();
  return terminal;
}

std::string screen_frame(std::string_view text) {
  std::string bytes = "\x1b[H";
  for (const char c : text) {
    if (c == '\n') bytes += "\x1b[K";
    bytes += c;
  }
  // The last line end would scroll a full screen.
  if (!text.empty() && text.back() == '\n') bytes.pop_back();
  return bytes + "\x1b[J";
}

}  // namespace common
