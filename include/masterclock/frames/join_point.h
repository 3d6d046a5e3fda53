// Where a viewer comes in: how far into the programme, on which frame, and how far into that frame.
//
// A programme runs in SI time: one that began at 23:59:00 before a leap second is 61 s in at
// midnight. The offset is therefore `si_elapsed`, not the difference of two labels, and never a
// local time: a change to summer time moves no picture.
//
// A join before the start is a join at the start: the producer waits, it does not seek backward.
//
// Threads: a pure function, constexpr.
// Cost:    a few 64-bit divisions.
//
// ## Example
//
//   using namespace std::chrono;
//   constexpr masterclock::UtcTime start = sys_days(2026y / March / 29);
//   constexpr auto join = masterclock::join_at(start, start + 1h + 5ms, masterclock::k25);
//   static_assert(join.offset == 1h + 5ms && join.frame == 90'000);
//   static_assert(join.into_frame == 5ms && join.until_next_frame == 35ms);
#ifndef MASTERCLOCK_FRAMES_JOIN_POINT_H_
#define MASTERCLOCK_FRAMES_JOIN_POINT_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Units: SI nanoseconds; frames of the rate that was asked for, the programme's first is 0.
struct JoinPoint {
  std::chrono::nanoseconds offset{};      // since the programme's start; never negative
  std::int64_t frame = 0;                 // the frame that is on
  std::chrono::nanoseconds into_frame{};  // since that frame's first nanosecond
  std::chrono::nanoseconds until_next_frame{};
  friend bool operator==(const JoinPoint&, const JoinPoint&) = default;
};

// The join point at an offset from the start; a negative offset is the start.
//
// Errors: none. Where the next frame would begin past the range of the type, the range's end is it.
[[nodiscard]] constexpr JoinPoint join_at_offset(std::chrono::nanoseconds offset,
                                                 FrameRate rate) noexcept {
  offset = std::max(offset, std::chrono::nanoseconds(0));
  const std::int64_t frame = frame_index(offset, rate);
  const std::int64_t next = frame < std::numeric_limits<std::int64_t>::max() ? frame + 1 : frame;
  const std::chrono::nanoseconds next_start = std::max(frame_start(next, rate), offset);
  return {offset, frame, offset - frame_start(frame, rate), next_start - offset};
}

// The join point at `now` of a programme that began, or will begin, at `program_start`.
[[nodiscard]] constexpr JoinPoint join_at(UtcTime program_start, UtcTime now,
                                          FrameRate rate) noexcept {
  return join_at_offset(si_elapsed(program_start, now), rate);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_JOIN_POINT_H_
