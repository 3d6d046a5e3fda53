// What a jump of the machine's UTC was, told from what can be seen of it afterwards.
//
// The kernel says only that its clock was set. It counts the time that a machine slept, though, and a
// leap second is known by its size and its hour. What is neither is a step.
//
// Threads: a pure function; constexpr.
//
// ## Example
//
//   using namespace std::chrono;
//   const masterclock::UtcTime midnight = sys_days(2017y / January / 1);
//   assert(masterclock::internal::classify_jump(midnight + 20ms, midnight - 980ms, 0s) ==
//          masterclock::TimeChange::Kind::kLeap);
#ifndef MASTERCLOCK_TIME_INTERNAL_CLASSIFY_JUMP_H_
#define MASTERCLOCK_TIME_INTERNAL_CLASSIFY_JUMP_H_

#include "masterclock/version.h"

#include <chrono>

#include "masterclock/time/time_source.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

// `from` is what UTC would have read and `to` what it reads, soon after the jump; `asleep` is how much
// of the time in between the machine slept.
//
//   kSuspend  it slept, and UTC jumped by as much, to within a second: a clock that is read from a
//             battery at resume counts whole seconds
//   kLeap     a second either way, to the millisecond, within ten seconds of the end of a month
//   kStep     anything else: also a suspend after which somebody set the clock
[[nodiscard]] constexpr TimeChange::Kind classify_jump(UtcTime from, UtcTime to,
                                                      std::chrono::nanoseconds asleep) noexcept {
  using namespace std::chrono;
  const auto within = [](nanoseconds a, nanoseconds most) { return -most <= a && a <= most; };
  const nanoseconds size = saturating_difference(to, from);
  if (asleep > nanoseconds(0) && within(saturating_add(size, -asleep), seconds(1))) {
    return TimeChange::Kind::kSuspend;
  }
  const bool a_second = within(saturating_add(size, -seconds(1)), milliseconds(1)) ||
                        within(saturating_add(size, seconds(1)), milliseconds(1));
  // The nearest midnight, and how far from it. Not by round<days>, which overflows at both ends of time.
  nanoseconds apart = from.time_since_epoch() % days(1);
  sys_days midnight(duration_cast<days>(from.time_since_epoch()));
  for (const days day : {days(1), days(-1)}) {
    if (within(apart - day, hours(12))) midnight += day, apart -= day;
  }
  const bool month_ends = year_month_day(midnight).day() == day(1);
  if (a_second && month_ends && within(apart, seconds(10))) return TimeChange::Kind::kLeap;
  return TimeChange::Kind::kStep;
}

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_CLASSIFY_JUMP_H_
