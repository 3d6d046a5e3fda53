// Quotes untrusted text for an error message.
#ifndef MASTERCLOCK_INTERNAL_QUOTED_H_
#define MASTERCLOCK_INTERNAL_QUOTED_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "masterclock/internal/hex.h"

namespace masterclock::inline v0_2::internal {

// Returns `text` in single quotes: one line, safe on a terminal and in a log. Control and non-ASCII
// bytes become \xNN. The text is cut after 80 bytes.
[[nodiscard]] inline std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x" + hex(byte, 2);
    } else {
      out += c;
    }
  }
  out += text.size() > kLongest ? "...'" : "'";
  return out;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_QUOTED_H_
