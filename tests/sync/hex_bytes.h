// Datagrams as tests write them down.
#ifndef MASTERCLOCK_TESTS_SYNC_HEX_BYTES_H_
#define MASTERCLOCK_TESTS_SYNC_HEX_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace masterclock::tests {

// The bytes of "06 02 0000"; blanks are skipped.
inline std::vector<std::uint8_t> hex_bytes(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != '\n') digits += c;
  }
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace masterclock::tests

#endif  // MASTERCLOCK_TESTS_SYNC_HEX_BYTES_H_
