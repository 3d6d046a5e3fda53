#include "common/terminal.h"

#include <gtest/gtest.h>

namespace {

TEST(ScreenFrame, ClearsTheRestOfEachLineAndScrollsNothing) {
  EXPECT_EQ(common::screen_frame("one\ntwo\n"), "\x1b[Hone\x1b[K\ntwo\x1b[K\x1b[J");
  EXPECT_EQ(common::screen_frame("one"), "\x1b[Hone\x1b[J");
  EXPECT_EQ(common::screen_frame(""), "\x1b[H\x1b[J");
}

}  // namespace
