#include "common/text_cells.h"

#include <gtest/gtest.h>

#include <random>

namespace common::text_cells_test {
namespace {

TEST(TextCells, CountsCellsNotBytes) {
  const struct {
    const char* text;
    std::size_t expected;
  } cases[] = {
      {"", 0},         {"TG4", 3},      {"RTÉ", 3},       {"e\u0301", 1},
      {"日本", 4},     {"Ｗ", 2},       {"🎬", 2},         {"\u200b", 0},
      {"a\tb", 3},     {"\xff\xfe", 2}, {"\xc3", 1},      {"\xed\xa0\x80", 3},
      {"\xc0\xaf", 2}, {"…", 1},        {"\u202eabc", 3},
  };
  for (const auto& c : cases) EXPECT_EQ(cells(c.text), c.expected) << c.text;
}

// Whatever an input holds, a terminal gets one line of text.
TEST(Printable, LeavesNothingThatSteersATerminal) {
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"a title", "C\u00e9ad News \U0001f3ac", "C\u00e9ad News \U0001f3ac"},
      {"a colour", "\x1b[31mred", " [31mred"},
      {"a window title", "\x1b]0;mine\x07", " ]0;mine "},
      {"lines and tabs", "a\r\nb\tc\x7f", "a  b c "},
      {"NUL", std::string("a\0b", 3), "a b"},
      {"the 8-bit controls", "\u009b31m\u0090\u0085", " 31m  "},
      {"the line separators", "a\u2028b\u2029c", "a b c"},
      {"marks of direction", "\u202eright\u2066\u200f\u061c", "right"},
      {"invisible tags", "a\U000e0041\ufeff\u180eb", "ab"},
      {"a byte that is no text", "bad\xff", "bad\ufffd"},
      {"half a character", "bad\xc3", "bad\ufffd"},
      {"a control in too many bytes", "\xc0\x9b", "\ufffd\ufffd"},
  };
  for (const auto& c : cases) EXPECT_EQ(printable(c.text), c.expected) << c.name;
}

TEST(TextCells, FitsExactly) {
  const struct {
    const char* text;
    std::size_t width;
    const char* expected;
  } cases[] = {
      {"abc", 5, "abc  "},
      {"abc", 3, "abc"},
      {"abcd", 3, "ab…"},
      {"abcd", 1, "…"},
      {"abcd", 0, ""},
      {"", 2, "  "},
      {"日本語", 6, "日本語"},
      {"日本語", 5, "日本…"},
      {"日本語", 4, "日… "},
      {"RTÉ One", 4, "RTÉ…"},
      {"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
  };
  for (const auto& c : cases) EXPECT_EQ(fit(c.text, c.width), c.expected) << c.text << c.width;
  EXPECT_EQ(fit_right("7:05", 6), "  7:05");
}

TEST(TextCells, FitsWhateverTheBytes) {
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 20; n > 0; --n) text += static_cast<char>(random());
    const std::size_t width = random() % 12;
    ASSERT_EQ(cells(fit(text, width)), width);
    ASSERT_EQ(cells(printable(text)), cells(text));
    ASSERT_EQ(printable(printable(text)), printable(text));
  }
}

TEST(TextCells, DrawsABarInEighths) {
  EXPECT_EQ(bar(0.0, 4), "░░░░");
  EXPECT_EQ(bar(0.5, 4), "██░░");
  EXPECT_EQ(bar(0.56, 4), "██▏░");
  EXPECT_EQ(bar(1.0, 4), "████");
  EXPECT_EQ(bar(7.0, 2), "██");
  EXPECT_EQ(bar(-1.0, 2), "░░");
  EXPECT_EQ(bar(0.5, 0), "");
}

}  // namespace
}  // namespace common::text_cells_test
