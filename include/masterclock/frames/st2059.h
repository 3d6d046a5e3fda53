// The pulse of the house: where TAI stands in the frame that every camera and encoder agrees on.
//
// SMPTE ST 2059-1 counts frames from the PTP epoch, 1970-01-01T00:00:00 TAI. Whoever knows TAI
// therefore knows, without a cable, which frame of the epoch is on, when it began and when the next
// begins; and what the RTP clock of a stream reads (ST 2110-10: RTP clocks started at the epoch,
// offset 0).
//
// RTP timestamps count modulo 2^32. That of a frame is worked out from the exact start of the
// frame, not from a rounded step: at 59.94, steps of 1501 ticks of 90 kHz drift by 1.2 s an hour.
//
// Threads: pure functions, constexpr.
// Source:  SMPTE ST 2059-1; SMPTE ST 2110-10; RFC 3550 §5.1.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   constexpr auto phase = masterclock::alignment_phase(masterclock::TaiTime(1s + 50ms),
//   masterclock::k25); static_assert(phase.frame == 26 && phase.into_frame == 10ms &&
//   phase.until_next == 30ms); static_assert(masterclock::rtp_timestamp(masterclock::TaiTime(1s),
//   48'000) == 48'000);
#ifndef MASTERCLOCK_FRAMES_ST2059_H_
#define MASTERCLOCK_FRAMES_ST2059_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <limits>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

struct AlignmentPhase {
  std::int64_t frame = 0;  // of the SMPTE epoch, the one that is on
  TaiTime begins;          // its alignment point
  TaiTime next;            // the alignment point of the next
  std::chrono::nanoseconds into_frame{};
  std::chrono::nanoseconds
      until_next{};  // more than zero: at an alignment point, the next is a frame away
  friend bool operator==(const AlignmentPhase&, const AlignmentPhase&) = default;
};

// Errors: none. Alignment points past the range of TaiTime are its end.
[[nodiscard]] constexpr AlignmentPhase alignment_phase(TaiTime tai, FrameRate rate) noexcept {
  const std::int64_t frame = frame_index(tai, rate);
  const std::int64_t after = frame < std::numeric_limits<std::int64_t>::max() ? frame + 1 : frame;
  const TaiTime begins = frame_start<TaiTime>(frame, rate);
  const TaiTime next = frame_start<TaiTime>(after, rate);
  return {frame, begins, next, saturating_difference(tai, begins),
          saturating_difference(next, tai)};
}

// What an RTP clock of `clock_hz` (90,000 for video, 48,000 for audio, 27,000,000 ...) reads at
// `tai`.
[[nodiscard]] constexpr std::uint32_t rtp_timestamp(TaiTime tai, std::int64_t clock_hz) noexcept {
  return static_cast<std::uint32_t>(frame_index(tai, FrameRate{clock_hz, 1}));
}

// What it reads when frame `index` of the epoch begins, by the frame's exact start.
[[nodiscard]] constexpr std::uint32_t rtp_timestamp_of_frame(std::int64_t index, FrameRate rate,
                                                             std::int64_t clock_hz) noexcept {
  using internal::floor_divide, internal::Int128;
  if (!rate.valid() || clock_hz <= 0) return 0;
  // floor(index * denominator * clock / numerator), whole seconds and the rest apart; of the
  // seconds' ticks only the low 32 bits matter.
  const auto [seconds, rest] =
      floor_divide(Int128{index} * rate.denominator, Int128{rate.numerator});
  return static_cast<std::uint32_t>(seconds) * static_cast<std::uint32_t>(clock_hz) +
         static_cast<std::uint32_t>(rest * clock_hz / rate.numerator);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_ST2059_H_
