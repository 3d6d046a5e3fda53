// Formats a clock's value, rounded so that the display reaches zero when the horn sounds.
//
// A down clock shows the ceiling: 12:00 until a whole second has passed, and 0 only at the end. An
// up clock shows the floor. Below a threshold the display shows tenths, rounded by the same rule.
// The threshold applies to the value rounded to tenths, so that 1:00 is followed by 59.9, never by
// 60.0.
//
// Rounding is for display only. The library computes nothing from a displayed value and sets no
// clock to one.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   using masterclock::CountDirection;
//   assert(masterclock::clock_text(719'000'001us, CountDirection::kDown) == "12:00");
//   assert(masterclock::clock_text(59'900ms, CountDirection::kDown, {.tenths_below = 1min}) ==
//          "59.9");
//   assert(masterclock::clock_text(-1'500ms, CountDirection::kDown) == "-0:01");
#ifndef MASTERCLOCK_TIMERS_CLOCK_DISPLAY_H_
#define MASTERCLOCK_TIMERS_CLOCK_DISPLAY_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <string>

#include "masterclock/internal/saturating.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/count_clock.h"

namespace masterclock::inline v0_2 {

struct ClockFormat {
  std::chrono::nanoseconds tenths_below{0};  // threshold for tenths; 0: no tenths
  std::chrono::nanoseconds phase{0};         // added before rounding; see display_phase
};

namespace internal {

// Returns `value` in whole units: the ceiling for a down clock, the floor for an up clock.
[[nodiscard]] constexpr std::int64_t shown_units(std::chrono::nanoseconds value,
                                                 CountDirection direction,
                                                 std::chrono::nanoseconds unit) noexcept {
  const std::int64_t quotient = value / unit, rest = (value % unit).count();
  if (direction == CountDirection::kDown) return quotient + (rest > 0 ? 1 : 0);
  return quotient - (rest < 0 ? 1 : 0);
}

inline void append_two_digits(std::string& text, std::int64_t number) {
  text += static_cast<char>('0' + number / 10);
  text += static_cast<char>('0' + number % 10);
}

}  // namespace internal

// Returns the whole seconds that the display shows.
[[nodiscard]] constexpr std::int64_t shown_seconds(std::chrono::nanoseconds value,
                                                   CountDirection direction) noexcept {
  return internal::shown_units(value, direction, std::chrono::seconds(1));
}

// Returns "M:SS", from an hour on "H:MM:SS", with tenths "S.t" or "M:SS.t". A value below zero has
// a minus sign.
[[nodiscard]] inline std::string clock_text(std::chrono::nanoseconds value,
                                            CountDirection direction, ClockFormat format = {}) {
  constexpr std::chrono::nanoseconds kTenth = std::chrono::milliseconds(100);
  value = saturating_add(value, format.phase);
  std::int64_t tenths = internal::shown_units(value, direction, kTenth);
  const bool with_tenths =
      format.tenths_below.count() > 0 &&
      internal::saturating_product(tenths, kTenth.count()) < format.tenths_below.count();
  if (!with_tenths) tenths = shown_seconds(value, direction) * 10;
  if (tenths < 0) tenths = -tenths;

  const std::int64_t seconds = tenths / 10, minutes = seconds / 60, hours = minutes / 60;
  std::string text = value < std::chrono::nanoseconds(0) ? "-" : "";
  if (hours > 0) {
    text += std::to_string(hours) + ':';
    internal::append_two_digits(text, minutes % 60);
    text += ':';
  } else if (minutes > 0 || !with_tenths) {
    text += std::to_string(minutes) + ':';
  }
  if (with_tenths && minutes == 0) {
    text += std::to_string(seconds);
  } else {
    internal::append_two_digits(text, seconds % 60);
  }
  if (with_tenths) (text += '.') += static_cast<char>('0' + tenths % 10);
  return text;
}

// Returns the phase with which `follower`'s display changes at the same instants as `leader`'s:
// more than -500 ms, at most 500 ms. Use the phase to make two clocks side by side on a wall change
// together. The phase changes no clock and no end. Returns 0 unless both clocks run.
[[nodiscard]] inline std::chrono::nanoseconds display_phase(const CountClock& follower,
                                                            const CountClock& leader,
                                                            SteadyTime now) noexcept {
  constexpr std::chrono::nanoseconds kSecond = std::chrono::seconds(1);
  const ClockReading behind = follower.reading(now), ahead = leader.reading(now);
  if (behind.state != ClockState::kRunning || ahead.state != ClockState::kRunning) return {};
  // A display changes where value + phase is a whole second. `rate` turns a value into a time.
  std::chrono::nanoseconds phase =
      (ahead.value % kSecond) * (ahead.rate * behind.rate) - behind.value % kSecond;
  phase %= kSecond;
  if (phase > kSecond / 2) phase -= kSecond;
  if (phase <= -kSecond / 2) phase += kSecond;
  return phase;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_DISPLAY_H_
