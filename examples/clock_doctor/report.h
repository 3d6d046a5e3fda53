// Prints a diagnosis for people and for programs.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_REPORT_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_REPORT_H_

#include <string>

#include "examine.h"

namespace clock_doctor {

// Returns one screen: at most 24 lines of 80 columns. Foreign text is made printable, and cut.
[[nodiscard]] std::string to_screen(const Diagnosis& diagnosis);

// Returns one JSON object on one line. Durations are nanoseconds; an unknown value is null.
[[nodiscard]] std::string to_json(const Diagnosis& diagnosis);

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_REPORT_H_
