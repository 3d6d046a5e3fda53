// From which picture on: the first frame that starts at or after an instant.
//
// A join floors, for it asks what is on. A fence ceils, for it asks what is next: a break of 30 s
// at 59.94 ends before frame 1799 and not in the middle of 1798. The start of a frame is what
// `frame_start` gives, so that a fence put on a frame's own start is that frame.
//
// Threads: pure functions, constexpr.
// Cost:    as frame_index.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   static_assert(masterclock::first_frame_at_or_after(30s, masterclock::k59_94) == 1'799);
//   static_assert(masterclock::frame_index(30s, masterclock::k59_94) == 1'798);
#ifndef MASTERCLOCK_FRAMES_FENCE_H_
#define MASTERCLOCK_FRAMES_FENCE_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <limits>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Errors: none. At a rate that is not valid, frame 0 is the answer to everything.
[[nodiscard]] constexpr std::int64_t first_frame_at_or_after(std::chrono::nanoseconds since_origin,
                                                 FrameRate rate) noexcept {
  if (!rate.valid()) return 0;
  // Frames start on whole nanoseconds (the ceiling), so the first from here on is the one after
  // that which was on a nanosecond ago.
  const bool first = since_origin == std::chrono::nanoseconds::min();
  const std::chrono::nanoseconds ago(first ? 0 : 1);
  const std::int64_t before = frame_index(since_origin - ago, rate);
  return before == std::numeric_limits<std::int64_t>::max() ? before : before + 1;
}

// The same on the frames of the SMPTE epoch.
[[nodiscard]] constexpr std::int64_t first_frame_at_or_after(TaiTime tai, FrameRate rate) noexcept {
  return first_frame_at_or_after(tai.time_since_epoch(), rate);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_FENCE_H_
