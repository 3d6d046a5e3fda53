#include "common/text_cells.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace common {
namespace {

struct Range {
  char32_t first, last;
};

// The blocks that occur in titles.
//
// Source: Unicode Standard Annex 11, and the General Category Mn.
constexpr std::array<Range, 12> kNoCells = {{{0x0300, 0x036f},
                                             {0x0483, 0x0489},
                                             {0x0591, 0x05bd},
                                             {0x064b, 0x065f},
                                             {0x0e34, 0x0e3a},
                                             {0x0e47, 0x0e4e},
                                             {0x1ab0, 0x1aff},
                                             {0x1dc0, 0x1dff},
                                             {0x20d0, 0x20ff},
                                             {0xfe00, 0xfe0f},
                                             {0xfe20, 0xfe2f},
                                             {0xe0100, 0xe01ef}}};
constexpr std::array<Range, 11> kTwoCells = {{{0x1100, 0x115f},
                                              {0x2e80, 0x303e},
                                              {0x3041, 0xa4cf},
                                              {0xac00, 0xd7a3},
                                              {0xf900, 0xfaff},
                                              {0xfe30, 0xfe6f},
                                              {0xff01, 0xff60},
                                              {0xffe0, 0xffe6},
                                              {0x1f300, 0x1f64f},
                                              {0x1f680, 0x1faff},
                                              {0x20000, 0x3fffd}}};
// Marks of direction, joiners and other format characters.
constexpr std::array<Range, 8> kDropped = {{{0x00ad, 0x00ad},
                                            {0x061c, 0x061c},
                                            {0x180e, 0x180e},
                                            {0x200b, 0x200f},
                                            {0x202a, 0x202e},
                                            {0x2060, 0x206f},
                                            {0xfeff, 0xfeff},
                                            {0xe0000, 0xe007f}}};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](Range r) { return r.first <= c && c <= r.last; });
}

// The first character of a text, and its number of bytes: 0 when they are not UTF-8.
struct Character {
  char32_t code = 0;
  std::size_t size = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t code = lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool overlong = code < (size == 3 ? 0x800u : size == 4 ? 0x10000u : 0x80u);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? Character{} : Character{code, size};
}

// Calls `take(bytes, width)` for each character of printable(text), until it returns false.
template <class Take>
void for_each_character(std::string_view text, Take take) {
  while (!text.empty()) {
    const auto [code, size] = first_character(text);
    std::string_view bytes = text.substr(0, std::max<std::size_t>(size, 1));
    text.remove_prefix(bytes.size());
    std::size_t width = 1;
    if (size == 0) {
      bytes = "\xef\xbf\xbd";
    } else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029) {
      bytes = " ";
    } else if (in(kDropped, code)) {
      continue;
    } else if (in(kNoCells, code)) {
      width = 0;
    } else if (in(kTwoCells, code)) {
      width = 2;
    }
    if (!take(bytes, width)) return;
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for_each_character(text, [&](std::string_view bytes, std::size_t) {
    out += bytes;
    return true;
  });
  return out;
}

std::size_t cells(std::string_view text) {
  std::size_t width = 0;
  for_each_character(text, [&](std::string_view, std::size_t more) {
    width += more;
    return true;
  });
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (cells(text) <= width) return printable(text);
  if (width == 0) return {};
  std::string out;
  std::size_t used = 1;  // by the ellipsis
  for_each_character(text, [&](std::string_view bytes, std::size_t more) {
    if (used + more > width) return false;
    out += bytes;
    used += more;
    return true;
  });
  return out + "\xe2\x80\xa6";
}

std::string fit(std::string_view text, std::size_t width) {
  std::string out = cut(text, width);
  return out.append(width - cells(out), ' ');
}

std::string fit_right(std::string_view text, std::size_t width) {
  const std::string out = cut(text, width);
  return std::string(width - cells(out), ' ') + out;
}

std::string bar(double part, std::size_t width) {
  constexpr std::array<const char*, 8> kEighths = {"",
                                                   "\xe2\x96\x8f",
                                                   "\xe2\x96\x8e",
                                                   "\xe2\x96\x8d",
                                                   "\xe2\x96\x8c",
                                                   "\xe2\x96\x8b",
                                                   "\xe2\x96\x8a",
                                                   "\xe2\x96\x89"};
  const auto eighths = static_cast<std::size_t>(
      std::floor(std::clamp(part, 0.0, 1.0) * static_cast<double>(8 * width)));
  std::string out;
  std::size_t used = eighths / 8;
  for (std::size_t i = 0; i < used; ++i) out += "\xe2\x96\x88";
  if (eighths % 8 != 0) {
    out += kEighths[eighths % 8];
    ++used;
  }
  for (; used < width; ++used) out += "\xe2\x96\x91";
  return out;
}

}  // namespace common
