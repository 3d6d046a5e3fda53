// Adds std::format and fmt::format for the values of timers/.
//
// Streams and GoogleTest print these types without this header.
#ifndef MASTERCLOCK_TIMERS_IO_H_
#define MASTERCLOCK_TIMERS_IO_H_

#include "masterclock/internal/formatter.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_log.h"
#include "masterclock/timers/clock_presets.h"
#include "masterclock/timers/clock_records.h"
#include "masterclock/timers/clock_report.h"
#include "masterclock/timers/count_clock.h"
#include "masterclock/timers/interval_values.h"
#include "masterclock/timers/rundown_values.h"
#include "masterclock/timers/timecode_chase.h"

#endif  // MASTERCLOCK_TIMERS_IO_H_
