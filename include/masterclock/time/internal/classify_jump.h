// Classifies a jump of the machine's UTC after it happened.
//
// The kernel reports only that its clock was set. It counts the time that the machine slept, though, and a
// leap second shows by its size and its hour. Every other jump is a step.
#ifndef MASTERCLOCK_TIME_INTERNAL_CLASSIFY_JUMP_H_
#define MASTERCLOCK_TIME_INTERNAL_CLASSIFY_JUMP_H_

#include <chrono>

#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

// Classifies a jump from the reading `from` to the reading `to`, taken soon after it. The machine slept
// for `asleep` meanwhile.
//
//   kSuspend  the machine slept, and UTC jumped by as much, to within a second: a battery clock, which
//             the kernel reads at resume, counts whole seconds
//   kLeap     one second either way, to the millisecond, within ten seconds of the end of a month
//   kStep     any other jump, also a suspend after which the clock was set
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
  // The nearest midnight and the distance from it. round<days> overflows at both ends of time.
  nanoseconds apart = from.time_since_epoch() % days(1);
  sys_days midnight(duration_cast<days>(from.time_since_epoch()));
  for (const days day : {days(1), days(-1)}) {
    if (within(apart - day, hours(12))) midnight += day, apart -= day;
  }
  const bool month_ends = year_month_day(midnight).day() == day(1);
  if (a_second && month_ends && within(apart, seconds(10))) return TimeChange::Kind::kLeap;
  return TimeChange::Kind::kStep;
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIME_INTERNAL_CLASSIFY_JUMP_H_
