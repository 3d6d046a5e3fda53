#include "cli_options.h"

#include <gtest/gtest.h>

namespace on_air::cli_options_test {
namespace {

using namespace std::chrono_literals;

TEST(ParseDayStart, ReadsHoursAndMinutes) {
  EXPECT_EQ(parse_day_start("06:00").value(), 6h);
  EXPECT_EQ(parse_day_start("00:00").value(), 0h);
  EXPECT_EQ(parse_day_start("23:59:59").value(), 24h - 1s);
  for (const char* text : {"", "6:00", "24:00", "06:60", "06", "06:00:60", "06:00:00.5", "06:00Z",
                           "-6:00", "noon", "06:00:00:00"}) {
    EXPECT_FALSE(parse_day_start(text).ok()) << text;
  }
}

}  // namespace
}  // namespace on_air::cli_options_test
