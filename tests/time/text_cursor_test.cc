#include "masterclock/internal/text_cursor.h"

#include <gtest/gtest.h>

namespace masterclock::text_cursor_test {
namespace {

using namespace internal;

TEST(TextCursor, ReadsFromLeftToRight) {
  TextCursor in("ab:07;x");
  EXPECT_EQ(in.peek(), 'a');
  EXPECT_FALSE(in.accept('b'));
  EXPECT_TRUE(in.accept("xa"));
  EXPECT_EQ(in.take_while([](char c) { return c != ':'; }), "b");
  in.expect(':');
  EXPECT_EQ(in.number(1, 2, 0, 59, "no such minute"), 7);
  EXPECT_EQ(in.offset(), 5u);
  in.expect(';');
  EXPECT_FALSE(in.at_end());
  EXPECT_EQ(in.take_while([](char) { return true; }, 1), "x");
  in.expect_end();
  EXPECT_FALSE(in.failed());
  EXPECT_EQ(in.peek(), '\0');
}

TEST(TextCursor, KeepsTheFirstErrorAndStopsAtIt) {
  TextCursor in("12:x\n");
  in.number(2, 2, 0, 9, "no such hour");
  in.expect(':');
  in.fail("too late");
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(in.error("time"), "Invalid time '12:x\\x0a': no such hour at offset 0");
}

TEST(TextCursor, NamesWhatItExpected) {
  const struct {
    const char* name;
    void (*read)(TextCursor&);
    const char* error;
  } cases[] = {
      {"a character", [](TextCursor& in) { in.expect('7'); }, "expected '7' at offset 0"},
      {"the end", [](TextCursor& in) { in.expect_end(); }, "expected the end at offset 0"},
      {"a digit", [](TextCursor& in) { in.number(4, 4, 0, 9999, ""); },
       "expected a digit at offset 3"},
      {"an offset", [](TextCursor& in) { in.fail_at(1, "odd"); }, "odd at offset 1"},
  };
  for (const auto& c : cases) {
    TextCursor in("123");
    c.read(in);
    EXPECT_TRUE(in.failed()) << c.name;
    EXPECT_EQ(in.error("text"), std::string("Invalid text '123': ") + c.error);
  }
}

TEST(TextCursor, ReadsAZeroByteLikeAnyOther) {
  TextCursor in(std::string_view("\0a", 2));
  EXPECT_FALSE(in.at_end());
  EXPECT_TRUE(in.accept('\0'));
  EXPECT_EQ(in.peek(), 'a');
}

}  // namespace
}  // namespace masterclock::text_cursor_test
