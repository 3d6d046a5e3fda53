// Checks that rates and timecodes survive a round trip through their text. The input is "RATE LABEL".
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/timecode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t blank = text.find(' ');
  const auto rate = masterclock::parse_frame_rate(text.substr(0, blank));
  if (!rate.ok() || blank == std::string_view::npos) return 0;
  const auto same_rate = masterclock::parse_frame_rate(masterclock::to_string(*rate));
  if (!same_rate.ok() || *same_rate != *rate) std::abort();

  const auto code = masterclock::Timecode::parse(text.substr(blank + 1), *rate);
  if (!code.ok()) return 0;
  const auto again = masterclock::Timecode::parse(code->to_string(), *rate);
  if (!again.ok() || again->frame() != code->frame()) std::abort();
  return 0;
}
