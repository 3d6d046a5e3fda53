// Adds std::format and fmt::format for Resolve, Weekdays, LeapCoverage and the other values of time/.
//
// Streams and GoogleTest print these types without this header.
#ifndef MASTERCLOCK_TIME_IO_H_
#define MASTERCLOCK_TIME_IO_H_

#include "masterclock/internal/formatter.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/local_clock.h"
#include "masterclock/time/time_source.h"
#include "masterclock/time/weekdays.h"

#endif  // MASTERCLOCK_TIME_IO_H_
