#include "masterclock/time/duration_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace masterclock::duration_text_test {
namespace {

using namespace std::chrono;
using ::testing::HasSubstr;

TEST(ParseDuration, ReadsBothNotations) {
  const struct {
    const char* text;
    nanoseconds expected;
  } cases[] = {
      {"90s", 90s},
      {"1h30m", 90min},
      {"250ms", 250ms},
      {"PT1H30M", 90min},
      {"0s", 0ns},
      {"-0s", 0ns},
      {"1.5s", 1'500ms},
      {"0.1h", 6min},
      {"1.000000001s", 1s + 1ns},
      {"1.00000000100000000000000000s", 1s + 1ns},
      {"0.0001220703125h", 439'453'125ns},
      {"1h0m0s0ms0us1ns", 1h + 1ns},
      {"1h1ns", 1h + 1ns},
      {"36h", 36h},
      {"120m", 2h},
      {"-1h30m", -90min},
      {"-PT1H30M", -90min},
      {"PT36H", 36h},
      {"PT0.5S", 500ms},
      {"PT1H0.25S", 1h + 250ms},
      {"PT0S", 0s},
      {"000000000000000000000000001s", 1s},
      {"9223372036854775807ns", nanoseconds::max()},
      {"-9223372036854775808ns", nanoseconds::min()},
      {"2562047h47m16.854775807s", nanoseconds::max()},
      {"-2562047h47m16.854775808s", nanoseconds::min()},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_duration(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(parsed->count(), c.expected.count()) << c.text;
  }
}

TEST(ParseDuration, RefusesTheRestWithItsOffset) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"", "Invalid duration '': expected a number at offset 0"},
      {"-", "expected a number at offset 1"},
      {"+1s", "expected a number at offset 0"},
      {"--1s", "expected a number at offset 1"},
      {"90", "expected h, m, s, ms, us or ns at offset 2"},
      {"90 s", "expected h, m, s, ms, us or ns at offset 2"},
      {"s", "expected a number at offset 0"},
      {".5s", "expected a number at offset 0"},
      {"1.s", "expected a number at offset 2"},
      {"1,5s", "expected h, m, s, ms, us or ns at offset 1"},
      {"1S", "expected h, m, s, ms, us or ns at offset 1"},
      {"1d", "expected h, m, s, ms, us or ns at offset 1"},
      {"1h 30m", "expected a number at offset 2"},
      {"1h-30m", "expected a number at offset 2"},
      {"30m1h", "units must decrease at offset 4"},
      {"1s1s", "units must decrease at offset 3"},
      {"1.5h30m", "a fraction before the last unit at offset 0"},
      {"0.5ns", "finer than a nanosecond at offset 0"},
      {"1h1.0000000001s", "finer than a nanosecond at offset 2"},
      {"0.00000000000001h", "finer than a nanosecond at offset 0"},
      {"PT", "expected a number at offset 2"},
      {"P1D", "expected 'T'; write days as hours at offset 1"},
      {"P1DT2H", "expected 'T'; write days as hours at offset 1"},
      {"P1M", "expected 'T'; write days as hours at offset 1"},
      {"PT1h", "expected 'H', 'M' or 'S' at offset 3"},
      {"PT1MS", "expected 'H', 'M' or 'S' at offset 3"},
      {"pt1h", "expected a number at offset 0"},
      {"PT1", "expected 'H', 'M' or 'S' at offset 3"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_duration(c.text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(c.message)) << c.text;
  }
}

TEST(ParseDuration, RefusesMoreThanTheRange) {
  for (const std::string& text :
       {std::string("9223372036854775808ns"), std::string("-9223372036854775809ns"),
        std::string("2562047h47m16.854775808s"), std::string("99999999999999999999h"),
        std::string(10'000, '9') + "ns", "-" + std::string(10'000, '9') + "h",
        std::string("1") + std::string(100, '0') + "s"}) {
    const auto parsed = parse_duration(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kOutOfRange) << text.substr(0, 40);
    EXPECT_LT(parsed.status().message().size(), 150u);
  }
}

TEST(DurationText, IsShort) {
  const struct {
    nanoseconds duration;
    const char* text;
  } cases[] = {
      {0ns, "0s"},
      {1ns, "1ns"},
      {-1ns, "-1ns"},
      {1'500ns, "1.5us"},
      {250ms, "250ms"},
      {1'000'001ns, "1.000001ms"},
      {90s, "1m30s"},
      {90min, "1h30m"},
      {1h, "1h"},
      {1h + 1ns, "1h0.000000001s"},
      {1min + 500ms, "1m0.5s"},
      {-1'500ms, "-1.5s"},
      {-1'500us, "-1.5ms"},
      {25h + 1s, "25h1s"},
      {nanoseconds::max(), "2562047h47m16.854775807s"},
      {nanoseconds::min(), "-2562047h47m16.854775808s"},
  };
  for (const auto& c : cases) EXPECT_EQ(to_string(c.duration), c.text);
}

TEST(DurationText, RoundTrips) {
  std::mt19937_64 random(20261126);
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = static_cast<std::int64_t>(random());
    const nanoseconds duration(bits >> (random() % 64));
    ASSERT_EQ(parse_duration(to_string(duration)).value(), duration) << duration.count();
  }
}

}  // namespace
}  // namespace masterclock::duration_text_test
