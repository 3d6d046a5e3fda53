#include "masterclock/frames/frame_rate.h"

#include <absl/hash/hash_testing.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <unordered_map>

namespace masterclock::frame_rate_test {
namespace {

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

static_assert(FrameRate{50, 2} == k25 && FrameRate{50, 2} != k50);
static_assert(k23_976 < k24 && k24 < k25 && k25 < k29_97 && k29_97 < k30 && k119_88 < k120);
static_assert(FrameRate{kMax, kMax - 1} > FrameRate{1, 1}, "compared in 128 bits");
static_assert(FrameRate{kMax, kMax} == FrameRate{1, 1});
static_assert(!FrameRate{}.valid() && !FrameRate{25, 0}.valid() && !FrameRate{-25, -1}.valid());
static_assert(FrameRate{} < k24 && FrameRate{25, 0} < k24 && FrameRate{25, 0} == FrameRate{});
static_assert(FrameRate{0, 0} != k25, "0 * x == 0 * y is no equality");
static_assert(reduced({60'000, 2'002}).numerator == 30'000);

TEST(FrameRate, ReadsWhatPeopleWrite) {
  const struct {
    const char* text;
    FrameRate rate;
  } cases[] = {
      {"25", k25},
      {"50/2", k25},
      {"25.0", k25},
      {"30000/1001", k29_97},
      {"29.97", k29_97},
      {"29.970", k29_97},
      {"29.97003", k29_97},
      {"23.976", k23_976},
      {"23.98", k23_976},
      {"23.97", k23_976},
      {"23.976024", k23_976},
      {"59.9401", k59_94},
      {"47.95", k47_95},
      {"47.952", k47_95},
      {"59.94", k59_94},
      {"119.88", k119_88},
      {"120", k120},
      {"12.5", {25, 2}},
      {"14.985", {15'000, 1'001}},
      {"0.5", {1, 2}},
      {"1/3600", {1, 3'600}},
      {"9223372036854775807", {kMax, 1}},
  };
  for (const auto& c : cases) {
    const auto rate = parse_frame_rate(c.text);
    ASSERT_TRUE(rate.ok()) << c.text << ": " << rate.status();
    EXPECT_EQ(*rate, c.rate) << c.text;
  }
}

TEST(FrameRate, RefusesTheRestWithAReason) {
  const struct {
    const char* text;
    const char* reason;
  } cases[] = {
      {"", "expected a number"},
      {" 25", "expected a number"},
      {"-25", "expected a number"},
      {"abc", "expected a number"},
      {"59.94i", "counts fields"},
      {"50I", "counts fields"},
      {"29.97DF", "drop-frame is a way to label"},
      {"29.97df", "drop-frame is a way to label"},
      {"25p", "unexpected 'p'"},
      {"25 ", "unexpected ' '"},
      {"25fps", "unexpected 'fps'"},
      {"3e1", "unexpected 'e1'"},
      {"0", "not greater than zero"},
      {"0.0", "not greater than zero"},
      {"0/1", "not greater than zero"},
      {"25/0", "not greater than zero"},
      {"25/", "expected a whole number after '/'"},
      {"25/1/1", "expected a whole number after '/'"},
      {"25/1.5", "expected a whole number after '/'"},
      {"25.", "expected digits after '.'"},
      {".5", "expected a number"},
      {"25.0.0", "expected digits after '.'"},
      {"29.98", "near 30000/1001"},
      {"29.9", "near 30000/1001"},
      {"59.9402", "near 60000/1001"},
      {"1.0000000001", "write it as a ratio"},
      {"9223372036854775808", "fits in 63 bits"},
      {"1/9223372036854775808", "expected a whole number after '/'"},
      {"9223372036854775807.5", "write it as a ratio"},
      {"25\n", "unexpected '\\x0a'"},
  };
  for (const auto& c : cases) {
    const auto rate = parse_frame_rate(c.text);
    ASSERT_FALSE(rate.ok()) << c.text;
    EXPECT_EQ(rate.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(rate.status().message());
    EXPECT_NE(message.find(c.reason), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("Invalid frame rate '")) << message;
  }
}

TEST(FrameRate, PrintsTheNameThatReadsBack) {
  const struct {
    FrameRate rate;
    const char* name;
  } cases[] = {{k23_976, "23.976"},
               {k24, "24"},
               {k25, "25"},
               {k29_97, "29.97"},
               {k30, "30"},
               {k47_95, "47.95"},
               {k48, "48"},
               {k50, "50"},
               {k59_94, "59.94"},
               {k60, "60"},
               {k100, "100"},
               {k119_88, "119.88"},
               {k120, "120"},
               {{50, 2}, "25"},
               {{60'000, 2'002}, "29.97"},
               {{25, 2}, "25/2"},
               {{2'500, 1'001}, "2500/1001"}};
  for (const auto& c : cases) {
    EXPECT_EQ(to_string(c.rate), c.name);
    const auto back = parse_frame_rate(c.name);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, c.rate) << c.name;
  }
}

TEST(FrameRate, IsAKeyByValue) {
  const std::unordered_map<FrameRate, int> channels = {{k25, 1}, {k50, 2}};
  EXPECT_EQ(channels.at(FrameRate{50, 2}), 1);
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
      {k25, FrameRate{50, 2}, k29_97, FrameRate{}, FrameRate{25, 0}, FrameRate{-1, -1}}));
  std::ostringstream text;
  text << k29_97;
  EXPECT_EQ(text.str(), "29.97");
}

}  // namespace
}  // namespace masterclock::frame_rate_test
