#include "stream_follower.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace director::stream_follower_test {
namespace {

using masterclock::SteadyTime;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

StreamStatus code(nanoseconds timecode) { return {.streaming = true, .timecode = timecode}; }

TEST(StreamFollower, CorrectsByADifferenceThatStays) {
  StreamFollower follower;
  EXPECT_FALSE(follower.observe(SteadyTime(0s), 10s, code(17s)));
  EXPECT_FALSE(follower.observe(SteadyTime(1s), 11s, code(18s)));
  EXPECT_EQ(follower.observe(SteadyTime(2s), 12s, code(19s)), 7s);
}

TEST(StreamFollower, ALostStreamMovesNothing) {
  StreamFollower follower;
  EXPECT_FALSE(follower.observe(SteadyTime(0s), 10s, code(10s)));
  EXPECT_FALSE(follower.observe(SteadyTime(5s), 15s, {.streaming = false}));
  for (nanoseconds t = 8s; t < 20s; t += 1s) {
    EXPECT_FALSE(follower.observe(SteadyTime(t), 10s + t, code(t - 8s))) << t.count();
  }
}

TEST(StreamFollower, ACodeThatBeginsAgainMovesNothing) {
  StreamFollower follower;
  EXPECT_FALSE(follower.observe(SteadyTime(0s), 10s, code(10s)));
  for (nanoseconds t = 1s; t < 20s; t += 1s) {
    EXPECT_FALSE(follower.observe(SteadyTime(t), 10s + t, code(t))) << t.count();
  }
}

}  // namespace
}  // namespace director::stream_follower_test
