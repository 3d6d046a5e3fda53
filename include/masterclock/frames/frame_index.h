// Which picture is on at an instant, and when a picture begins: two exact functions.
//
// Frame 0 begins at the origin. `frame_index` floors: a frame is on until the next begins.
// `frame_start` ceils to the nanosecond: at 1000/1001 rates frames begin between nanoseconds, and
// the first nanosecond that lies inside the frame is the one that reads back as it. A start that
// was floored would read one frame low. Hence, for every rate up to one frame a nanosecond,
//
//   frame_index(frame_start(i, rate), rate) == i    wherever the start can be represented.
//
// Both work on SI time since any origin, before it too (frame -1 ends at 0), and on TaiTime, whose
// origin is the PTP epoch: then frame starts are the alignment points of SMPTE ST 2059-1.
//
// No intermediate result overflows, whatever the arguments. An answer that does not fit in its type
// is the nearest that does: an index beyond 63 bits (more than one frame a nanosecond), a start
// outside 292 years of the origin. A rate that is not valid has only frame 0, at the origin.
//
// Threads: pure functions, constexpr.
// Cost:    one or two 64-bit divisions for a rate below 900 million frames a second; 128-bit ones
//          beyond that.
// Source:  SMPTE ST 2059-1 (alignment points to the SMPTE epoch, which is the PTP epoch).
//
// ## Example
//
//   using namespace std::chrono_literals;
//   static_assert(masterclock::frame_index(1s, masterclock::k29_97) == 29);
//   static_assert(masterclock::frame_start(30, masterclock::k29_97) == 1'001ms);
//   static_assert(masterclock::frame_start(1, masterclock::k29_97) == 33'366'667ns);  // ...666.67
#ifndef MASTERCLOCK_FRAMES_FRAME_INDEX_H_
#define MASTERCLOCK_FRAMES_FRAME_INDEX_H_

#include "masterclock/version.h"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>

#include "masterclock/frames/frame_rate.h"
#include "masterclock/internal/int128.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

namespace internal {

inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

}  // namespace internal

// The frame that is on `since_origin` after frame 0 began; negative before.
[[nodiscard]] constexpr std::int64_t frame_index(std::chrono::nanoseconds since_origin,
                                                 FrameRate rate) noexcept {
  using internal::floor_divide, internal::Int128, internal::kNanosPerSecond;
  if (!rate.valid()) return 0;
  const std::int64_t ns = since_origin.count();
  // floor(ns * numerator / (10^9 * denominator)), the seconds and the rest of them taken apart so
  // that each product stays within 63 bits. Flooring the inner quotient first changes nothing.
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

// The frame of the SMPTE epoch that is on at `tai`.
[[nodiscard]] constexpr std::int64_t frame_index(TaiTime tai, FrameRate rate) noexcept {
  return frame_index(tai.time_since_epoch(), rate);
}

// The first nanosecond of frame `index`, counted from the start of frame 0. `frame_start<TaiTime>`
// counts from the SMPTE epoch instead and gives the alignment point.
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
    const Int128 product = Int128{index} * rate.denominator;
    const auto [seconds, rest] = floor_divide(product, Int128{rate.numerator});
    if (seconds > kMostSeconds) return Time::max();
    if (seconds < -kMostSeconds) return Time::min();
    const Int128 nanos = (rest * kNanosPerSecond + rate.numerator - 1) / rate.numerator;
    return Time(internal::saturate(seconds * kNanosPerSecond + nanos));
  }
}

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_FRAME_INDEX_H_
