#include "common/seen_ids.h"

#include <gtest/gtest.h>

namespace {

TEST(SeenIds, KnowsTheLastTenThousand) {
  common::SeenIds seen;
  EXPECT_FALSE(seen.contains("x"));
  EXPECT_TRUE(seen.add("x"));
  EXPECT_TRUE(seen.contains("x"));
  EXPECT_FALSE(seen.add("x"));
  for (int i = 0; i < 9'999; ++i) EXPECT_TRUE(seen.add(std::to_string(i)));
  EXPECT_FALSE(seen.add("x"));
  EXPECT_TRUE(seen.add("y"));
  EXPECT_FALSE(seen.add("0"));
  EXPECT_TRUE(seen.add("x"));
}

}  // namespace
