// Adds std::format and fmt::format to the values of events/.
#ifndef MASTERCLOCK_EVENTS_IO_H_
#define MASTERCLOCK_EVENTS_IO_H_

#include "masterclock/events/event.h"
#include "masterclock/internal/formatter.h"

#endif  // MASTERCLOCK_EVENTS_IO_H_
