// Describes one report of a ClockBoard about one clock.
//
// A report has one of three reasons:
//   changed   A command had an effect. The report of a start is the report of the first second.
//   second    The value of a running clock passed a whole number of seconds, at this instant. After
//             a stall the board makes one report, with the number of missed boundaries.
//   expired   The clock reached its end, at this instant. Reported once; triggers the horn.
#ifndef MASTERCLOCK_TIMERS_CLOCK_REPORT_H_
#define MASTERCLOCK_TIMERS_CLOCK_REPORT_H_

#include "masterclock/version.h"

#include <cstdint>
#include <string>

#include "masterclock/internal/printable.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/count_clock.h"

namespace masterclock::inline v0_2 {

struct ClockReport {
  enum class Reason { kChanged, kSecond, kExpired };
  ClockKey key;
  Reason reason = Reason::kChanged;
  ClockReading reading;        // at the instant `at`; for kExpired at the instant `due`
  SteadyTime due{}, at{};      // the instant reported, and the instant of the report
  UtcTime at_utc{};            // `at` in UTC, for people and for other machines
  std::int64_t missed = 0;     // boundaries before `due` that were not reported
  std::uint64_t revision = 0;  // grows with every report of this board
};

[[nodiscard]] inline std::string to_string(ClockReport::Reason reason) {
  return internal::name_of(reason, {"changed", "second", "expired"});
}
// Returns "play/7 second: 39s running".
[[nodiscard]] inline std::string to_string(const ClockReport& report) {
  return to_string(report.key) + ' ' + to_string(report.reason) + ": " + to_string(report.reading);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_REPORT_H_
