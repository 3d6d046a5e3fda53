// A list of leap seconds is accepted as a whole or refused in one line. An accepted list converts there and
// back. The body also tries each input with its right checksum, or damage would never pass that check.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/leap_seconds_file.h"
#include "masterclock/time/internal/sha1.h"

namespace {

using namespace masterclock;
using namespace std::chrono_literals;

void require(bool kept) {
  if (!kept) std::abort();
}

// The checksum covers the digits after #$ and #@, and of the lines without a #.
std::string with_its_checksum(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  std::string digits;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#h")) continue;
    result += line + '\n';
    const bool stamp = line.starts_with("#$") || line.starts_with("#@");
    for (const char c : stamp ? line.substr(2) : line.substr(0, line.find('#'))) {
      if (c != ' ' && c != '\t' && c != '\r') digits += c;
    }
  }
  const std::array<std::uint32_t, 5> sum = internal::sha1(digits);
  std::array<char, 64> words{};
  std::snprintf(words.data(), words.size(), "#h %x %x %x %x %x\n", sum[0], sum[1], sum[2], sum[3],
                sum[4]);
  return result + words.data();
}

void try_list(std::string_view text) {
  const auto list = LeapSecondsFile::parse(text, "list");
  if (!list.ok()) {
    const std::string why(list.status().message());
    require(why.starts_with("list:") && why.find('\n') == std::string::npos);
    return;
  }
  const LeapTable table = list->table();
  require(!table.changes.empty() && table.changes[0].effective == leap_seconds()[0].effective &&
          table.changes[0].tai_minus_utc == 10s && table.expiry == list->expiry());
  for (std::size_t i = 1; i < table.changes.size(); ++i) {
    const UtcTime at = table.changes[i].effective;
    const std::chrono::seconds step =
        table.changes[i].tai_minus_utc - table.changes[i - 1].tai_minus_utc;
    require(at > table.changes[i - 1].effective && (step == 1s || step == -1s));
    require(at.time_since_epoch() % std::chrono::days(1) == 0s);
    require(to_utc(to_tai(at, table), table) == at);
    require(leap_second_ended_at(at, table) == (step == 1s));
    // The last second before it lasts two seconds of TAI, or none.
    require(to_tai(at, table) - to_tai(at - 1s, table) == 1s + step);
    const UtcReading inside = to_utc(to_tai(at, table) - 1ns, table);
    require(inside.leap_second == (step == 1s));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_list(text);
  try_list(with_its_checksum(std::string(text)));
  return 0;
}
