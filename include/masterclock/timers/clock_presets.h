// Defines the rules of common clocks under the field's names.
//
// The presets define single clocks only. Links between clocks (a snap resets the play clock, a
// time-out stops the period) are rules of the sport and belong to the program.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   using masterclock::CountDirection;
//   constexpr auto half = masterclock::period_clock(CountDirection::kUp, 45min, 2,
//                                                   masterclock::PeriodCount::kCumulative);
//   static_assert(half.initial == 45min && half.maximum == 90min);
#ifndef MASTERCLOCK_TIMERS_CLOCK_PRESETS_H_
#define MASTERCLOCK_TIMERS_CLOCK_PRESETS_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "masterclock/internal/printable.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/timers/clock_command.h"

namespace masterclock::inline v0_2 {

inline constexpr ClockRules kPlayClock40 = {CountDirection::kDown, std::chrono::seconds(40),
                                            std::chrono::seconds(40)};
inline constexpr ClockRules kShotClock24 = {CountDirection::kDown, std::chrono::seconds(24),
                                            std::chrono::seconds(24)};

// Selects where an up clock starts each period: at 0 (ice hockey broadcasts), or where the last
// period ended (football: the second half begins at 45:00).
enum class PeriodCount { kPerPeriod, kCumulative };

[[nodiscard]] inline std::string to_string(PeriodCount count) {
  return internal::name_of(count, {"per_period", "cumulative"});
}

// Returns the rules of one period's clock. A down clock starts at `length`. An up clock starts at
// 0; a cumulative one runs from length x (period - 1) to length x period. A `period` below 1 counts
// as 1.
[[nodiscard]] constexpr ClockRules period_clock(
    CountDirection direction, std::chrono::nanoseconds length, int period = 1,
    PeriodCount count = PeriodCount::kPerPeriod) noexcept {
  if (direction == CountDirection::kDown) return {direction, length, length};
  if (count == PeriodCount::kPerPeriod) return {direction, std::chrono::nanoseconds(0), length};
  const std::int64_t number = std::max(period, 1);
  const auto times = [length](std::int64_t n) {
    return std::chrono::nanoseconds(internal::saturating_product(length.count(), n));
  };
  return {direction, times(number - 1), times(number)};
}

// Returns the rules of a speaker's timer, which counts down and runs on below zero.
[[nodiscard]] constexpr ClockRules stage_timer(std::chrono::nanoseconds length) noexcept {
  return {CountDirection::kDown, length, length, AtEnd::kRunOver};
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_PRESETS_H_
