// Somebody else's text, fit to stand in an error message.
#ifndef MASTERCLOCK_INTERNAL_QUOTED_H_
#define MASTERCLOCK_INTERNAL_QUOTED_H_

#include "masterclock/version.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace masterclock::inline v0_2::internal {

// `text` in single quotes, with control and non-ASCII bytes as \xNN, cut at 80 bytes: one line that is
// safe on a terminal and in a log, whatever was in the input.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  out += text.size() > kLongest ? "...'" : "'";
  return out;
}

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_INTERNAL_QUOTED_H_
