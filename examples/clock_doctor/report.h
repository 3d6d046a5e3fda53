// A diagnosis for people and for programs.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_REPORT_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_REPORT_H_

#include <string>

#include "examine.h"

namespace clock_doctor {

// One screen, 24 lines of 80 columns at most. What is foreign, a zone's or a clock's name, is made
// safe for a terminal and cut.
[[nodiscard]] std::string to_screen(const Diagnosis& diagnosis);

// One JSON object on one line. Durations are nanoseconds; what is not known is null.
[[nodiscard]] std::string to_json(const Diagnosis& diagnosis);

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_REPORT_H_
