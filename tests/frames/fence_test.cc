#include "masterclock/frames/fence.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "exact.h"

namespace masterclock::fence_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

static_assert(first_frame_at_or_after(30s, k59_94) == 1'799 && first_frame_at_or_after(30s, k29_97) == 900);
static_assert(first_frame_at_or_after(0s, k59_94) == 0 && first_frame_at_or_after(1ns, k59_94) == 1);
static_assert(first_frame_at_or_after(-1ns, k25) == 0 && first_frame_at_or_after(-40ms, k25) == -1);
static_assert(first_frame_at_or_after(30s, k25) == 750 && first_frame_at_or_after(30s + 1ns, k25) == 751);
static_assert(first_frame_at_or_after(TaiTime(30s), k59_94) == 1'799);
static_assert(first_frame_at_or_after(5s, FrameRate{}) == 0);

// The first frame that starts here or later is the one before which no other does.
TEST(Fence, IsTheFirstFrameFromThereOn) {
  std::mt19937_64 random(7);
  const FrameRate rates[] = {k23_976, k25, k29_97, k59_94, k119_88, {1, 7}, {999'999'937, 1}};
  for (int i = 0; i < 200'000; ++i) {
    const FrameRate rate = rates[static_cast<std::size_t>(i) % std::size(rates)];
    // Half of the instants are near a frame's start, where floor and ceiling part.
    const auto any = static_cast<std::int64_t>(random()) >> (random() % 62 + 1);
    const nanoseconds at = i % 2 == 0
                               ? nanoseconds(any)
                               : frame_start(any >> 32, rate) + nanoseconds(random() % 3) - 1ns;
    const std::int64_t fence = first_frame_at_or_after(at, rate);
    ASSERT_TRUE(!exact::begins_by(fence, at.count() - 1, rate)) << at.count();
    ASSERT_TRUE(exact::begins_by(fence - 1, at.count() - 1, rate)) << at.count();
    ASSERT_GE(frame_start(fence, rate), at);
    ASSERT_LT(frame_start(fence - 1, rate), at);
  }
}

TEST(Fence, OnAFramesOwnStartIsThatFrame) {
  for (const FrameRate rate : {k23_976, k29_97, k59_94, k119_88, k25}) {
    for (std::int64_t frame = -2'000; frame < 2'000; ++frame) {
      ASSERT_EQ(first_frame_at_or_after(frame_start(frame, rate), rate), frame) << to_string(rate);
    }
  }
}

TEST(Fence, StaysInRange) {
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::min(), k120), frame_index(nanoseconds::min(), k120) + 1);
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::max(), k120), frame_index(nanoseconds::max(), k120) + 1);
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(first_frame_at_or_after(nanoseconds::max(), FrameRate{kMax, 1}), kMax);
}

}  // namespace
}  // namespace masterclock::fence_test
