// Converts between time and frame numbers, exactly.
//
// Frame 0 begins at the origin. `frame_index` rounds down: a frame is on until the next one begins.
// `frame_start` rounds up to a nanosecond: at 1000/1001 rates a frame begins between two
// nanoseconds, and the later one is inside the frame. Therefore, for every rate up to one frame a
// nanosecond and every start that the type can hold:
//
//   frame_index(frame_start(i, rate), rate) == i
//
// `first_frame_at_or_after` answers for a cut: a break of 30 s at 59.94 ends before frame 1799, not
// within frame 1798. A join rounds down instead, because a viewer sees the frame that is on.
//
// All functions work on SI time since any origin, also before it, and on TaiTime. The origin of
// TaiTime is the PTP epoch, so that the starts are the alignment points of SMPTE ST 2059-1.
//
// No intermediate result overflows. A result outside the range of its type is the end of that
// range. An invalid rate has one frame, frame 0 at the origin.
//
// Cost:   one or two 64-bit divisions below 900 million frames a second, 128-bit divisions above.
// Source: SMPTE ST 2059-1.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   static_assert(masterclock::frame_index(1s, masterclock::k29_97) == 29);
//   static_assert(masterclock::frame_start(30, masterclock::k29_97) == 1'001ms);
//   static_assert(masterclock::frame_start(1, masterclock::k29_97) == 33'366'667ns);  // ...666.67
//   static_assert(masterclock::first_frame_at_or_after(30s, masterclock::k59_94) == 1'799);
#ifndef MASTERCLOCK_FRAMES_FRAME_INDEX_H_
#define MASTERCLOCK_FRAMES_FRAME_INDEX_H_

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>

#include "masterclock/frames/frame_rate.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

namespace internal {
inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
}  // namespace internal

// Returns the frame that is on `since_origin` after frame 0 began. Frames before the origin are
// negative.
[[nodiscard]] constexpr std::int64_t frame_index(std::chrono::nanoseconds since_origin,
                                                 FrameRate rate) noexcept {
  using internal::floor_divide, internal::Int128, internal::kNanosPerSecond;
  if (!rate.valid()) return 0;
  const std::int64_t ns = since_origin.count();
  // floor(ns * numerator / (10^9 * denominator)). Seconds and their rest are multiplied apart, so
  // that each product fits in 63 bits. An inner quotient that is rounded down first changes no
  // result.
  constexpr std::int64_t kSmallNumerator = 900'000'000;
  if (rate.numerator <= kSmallNumerator) {
    const auto [seconds, rest] = floor_divide(ns, kNanosPerSecond);
    const std::int64_t ticks = seconds * rate.numerator + rest * rate.numerator / kNanosPerSecond;
    return floor_divide(ticks, rate.denominator).quotient;
  }
  return internal::saturate(
      floor_divide(Int128{ns} * rate.numerator, Int128{kNanosPerSecond} * rate.denominator)
          .quotient);
}

// Returns the frame of the SMPTE epoch that is on at `tai`.
[[nodiscard]] constexpr std::int64_t frame_index(TaiTime tai, FrameRate rate) noexcept {
  return frame_index(tai.time_since_epoch(), rate);
}

// Returns the first nanosecond of frame `index`, since the start of frame 0. `frame_start<TaiTime>`
// returns the alignment point of frame `index` of the SMPTE epoch.
template <class Time = std::chrono::nanoseconds>
requires std::same_as<Time, std::chrono::nanoseconds> || std::same_as<Time, TaiTime>
[[nodiscard]] constexpr Time frame_start(std::int64_t index, FrameRate rate) noexcept {
  using internal::floor_divide, internal::Int128, internal::kNanosPerSecond;
  if constexpr (std::same_as<Time, TaiTime>) {
    return TaiTime(frame_start(index, rate));
  } else {
    if (!rate.valid()) return index == 0 ? Time(0) : index < 0 ? Time::min() : Time::max();
    // ceil(index * denominator * 10^9 / numerator), whole seconds first.
    std::int64_t small = 0;
    constexpr std::int64_t kSmallNumerator = 9'000'000'000;
    if (rate.numerator <= kSmallNumerator &&
        !__builtin_mul_overflow(index, rate.denominator, &small)) {
      const auto [seconds, rest] = floor_divide(small, rate.numerator);
      const std::int64_t nanos = (rest * kNanosPerSecond + rate.numerator - 1) / rate.numerator;
      return Time(internal::saturate(Int128{seconds} * kNanosPerSecond + nanos));
    }
    constexpr Int128 kMostSeconds = std::numeric_limits<std::int64_t>::max() / kNanosPerSecond + 2;
    const auto [seconds, rest] =
        floor_divide(Int128{index} * rate.denominator, Int128{rate.numerator});
    if (seconds > kMostSeconds) return Time::max();
    if (seconds < -kMostSeconds) return Time::min();
    const Int128 nanos = (rest * kNanosPerSecond + rate.numerator - 1) / rate.numerator;
    return Time(internal::saturate(seconds * kNanosPerSecond + nanos));
  }
}

[[nodiscard]] constexpr std::int64_t first_frame_at_or_after(std::chrono::nanoseconds since_origin,
                                                             FrameRate rate) noexcept {
  if (!rate.valid()) return 0;
  // Frames start on whole nanoseconds, so the result follows the frame of the nanosecond before.
  if (since_origin > std::chrono::nanoseconds::min()) {
    const std::chrono::nanoseconds before = since_origin - std::chrono::nanoseconds(1);
    return internal::saturating_sum(frame_index(before, rate), 1);
  }
  const auto before = internal::Int128{since_origin.count()} - 1;
  const auto second = internal::Int128{internal::kNanosPerSecond} * rate.denominator;
  return internal::saturate(internal::floor_divide(before * rate.numerator, second).quotient + 1);
}

// Returns the first frame of the SMPTE epoch that starts at `tai` or later.
[[nodiscard]] constexpr std::int64_t first_frame_at_or_after(TaiTime tai, FrameRate rate) noexcept {
  return first_frame_at_or_after(tai.time_since_epoch(), rate);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_FRAME_INDEX_H_
