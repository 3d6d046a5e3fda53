#include "guide_reading.h"

#include <array>

#include "common/data_error.h"

namespace on_air {

std::size_t LineCounter::line_of(std::size_t offset) {
  if (offset < counted_to_) {
    counted_to_ = 0;
    line_ = 1;
  }
  line_ += common::line_at(text_.substr(counted_to_), offset - counted_to_) - 1;
  counted_to_ = offset;
  return line_;
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

std::string folded(std::string_view text) {
  // White space of Unicode beyond ASCII, which only counts at the ends.
  constexpr std::array<std::string_view, 5> kBlanks = {"\xc2\xa0", "\xe3\x80\x80", "\xef\xbb\xbf",
                                                       "\xe2\x80\x89", "\xe2\x80\xaf"};
  for (bool changed = true; changed;) {
    const std::string_view before = text = without_blanks(text);
    for (const std::string_view blank : kBlanks) {
      if (text.starts_with(blank)) text.remove_prefix(blank.size());
      if (text.ends_with(blank)) text.remove_suffix(blank.size());
    }
    changed = text.size() < before.size();
  }
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

}  // namespace on_air
