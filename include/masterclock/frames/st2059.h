// Aligns frames and RTP timestamps to the SMPTE epoch, for genlock without a cable.
//
// SMPTE ST 2059-1 counts frames from the PTP epoch, 1970-01-01T00:00:00 TAI. TAI alone therefore
// gives the frame that is on and the start of the next frame. TAI also gives the RTP clock of a
// stream: by ST 2110-10, RTP clocks start at the epoch with offset 0.
//
// The RTP timestamp of a frame follows from the exact start of the frame. A rounded step of 1501
// ticks of 90 kHz at 59.94 would drift by 1.2 s an hour.
//
// Source: SMPTE ST 2059-1; SMPTE ST 2110-10; RFC 3550 section 5.1.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   constexpr auto phase =
//       masterclock::alignment_phase(masterclock::TaiTime(1s + 50ms), masterclock::k25);
//   static_assert(phase.frame == 26 && phase.into_frame == 10ms && phase.until_next == 30ms);
//   static_assert(masterclock::rtp_timestamp(masterclock::TaiTime(1s), 48'000) == 48'000);
#ifndef MASTERCLOCK_FRAMES_ST2059_H_
#define MASTERCLOCK_FRAMES_ST2059_H_

#include <chrono>
#include <cstdint>

#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

struct AlignmentPhase {
  std::int64_t frame = 0;  // the frame of the SMPTE epoch that is on
  TaiTime begins;          // its alignment point
  TaiTime next;            // the alignment point of the next frame
  std::chrono::nanoseconds into_frame{};
  std::chrono::nanoseconds until_next{};  // a whole frame at an alignment point, never zero
  friend bool operator==(const AlignmentPhase&, const AlignmentPhase&) = default;
};

// Returns the position of `tai` between two alignment points. A point outside the range of TaiTime
// is the end of that range.
[[nodiscard]] constexpr AlignmentPhase alignment_phase(TaiTime tai, FrameRate rate) noexcept {
  const std::int64_t frame = frame_index(tai, rate);
  const TaiTime begins = frame_start<TaiTime>(frame, rate);
  const TaiTime next = frame_start<TaiTime>(internal::saturating_sum(frame, 1), rate);
  return {frame, begins, next, saturating_difference(tai, begins),
          saturating_difference(next, tai)};
}

// Returns the reading at `tai` of an RTP clock of `clock_hz`: 90,000 for video, 48,000 for audio.
// RTP timestamps count modulo 2^32.
[[nodiscard]] constexpr std::uint32_t rtp_timestamp(TaiTime tai, std::int64_t clock_hz) noexcept {
  return static_cast<std::uint32_t>(frame_index(tai, FrameRate{clock_hz, 1}));
}

// Returns the reading of that clock at the exact start of frame `index` of the epoch.
[[nodiscard]] constexpr std::uint32_t rtp_timestamp_of_frame(std::int64_t index, FrameRate rate,
                                                             std::int64_t clock_hz) noexcept {
  using internal::floor_divide, internal::Int128;
  if (!rate.valid() || clock_hz <= 0) return 0;
  // floor(index * denominator * clock / numerator). Whole seconds and their rest are multiplied
  // apart; only the low 32 bits of the seconds' ticks matter.
  const auto [seconds, rest] =
      floor_divide(Int128{index} * rate.denominator, Int128{rate.numerator});
  return static_cast<std::uint32_t>(seconds) * static_cast<std::uint32_t>(clock_hz) +
         static_cast<std::uint32_t>(rest * clock_hz / rate.numerator);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_ST2059_H_
