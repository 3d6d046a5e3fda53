// Writes durations and dates as the report prints them.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_TEXT_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_TEXT_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"

namespace clock_doctor {

// Returns a duration in the unit that fits: "850 ns", "1.234 ms", "12.000 s". Rounds up: a bound is
// never printed too small.
inline std::string duration_text(std::chrono::nanoseconds duration) {
  struct Unit {
    std::int64_t size;
    const char* name;
  };
  const std::int64_t n = duration.count();
  if (n < 1'000) return std::to_string(n) + " ns";
  const Unit unit = n < 1'000'000       ? Unit{1'000, " us"}
                    : n < 1'000'000'000 ? Unit{1'000'000, " ms"}
                                        : Unit{1'000'000'000, " s"};
  const std::int64_t step = unit.size / 1'000;
  const std::int64_t thousandths = n / step + (n % step != 0 ? 1 : 0);
  return std::to_string(thousandths / 1'000) + "." +
         std::to_string(1'000 + thousandths % 1'000).substr(1) + unit.name;
}

// 2026-03-29
inline std::string date_text(masterclock::UtcTime at) {
  return masterclock::to_rfc3339(std::chrono::floor<std::chrono::seconds>(at))
      .substr(0, sizeof("YYYY-MM-DD") - 1);
}

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_TEXT_H_
