// Calculates where a viewer joins a programme: offset, frame, and position in the frame.
//
// A programme runs in SI time: a programme that began at 23:59:00 before a leap second is 61 s old
// at midnight. The offset is `si_elapsed(start, now)`: no leap second and no change to summer time
// moves a picture. A join before the start returns offset 0: the producer waits.
//
// Cost: a few 64-bit divisions.
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

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/internal/printable.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Units: SI nanoseconds; frames of the rate of the request, from 0.
struct JoinPoint {
  std::chrono::nanoseconds offset{};      // since the start of the programme; never negative
  std::int64_t frame = 0;                 // the frame that is on
  std::chrono::nanoseconds into_frame{};  // since the first nanosecond of that frame
  std::chrono::nanoseconds until_next_frame{};
  friend bool operator==(const JoinPoint&, const JoinPoint&) = default;
};

// Returns "frame 90000 + 5000000 ns, at 3600005000000 ns".
[[nodiscard]] inline std::string to_string(const JoinPoint& join) {
  return "frame " + std::to_string(join.frame) + " + " + std::to_string(join.into_frame.count()) +
         " ns, at " + std::to_string(join.offset.count()) + " ns";
}

// Returns the join point at an offset from the start. A negative offset is 0. `until_next_frame`
// ends at the end of the type's range at the latest.
[[nodiscard]] constexpr JoinPoint join_at_offset(std::chrono::nanoseconds offset,
                                                 FrameRate rate) noexcept {
  offset = std::max(offset, std::chrono::nanoseconds(0));
  const std::int64_t frame = frame_index(offset, rate);
  const auto next_start = std::max(frame_start(internal::saturating_sum(frame, 1), rate), offset);
  return {offset, frame, offset - frame_start(frame, rate), next_start - offset};
}

// Returns the join point at `now` of a programme that begins at `program_start`.
[[nodiscard]] constexpr JoinPoint join_at(UtcTime program_start, UtcTime now,
                                          FrameRate rate) noexcept {
  return join_at_offset(si_elapsed(program_start, now), rate);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_JOIN_POINT_H_
