// Adds std::format and fmt::format for the values of events/.
//
// Streams and GoogleTest print these types without this header.
#ifndef MASTERCLOCK_EVENTS_IO_H_
#define MASTERCLOCK_EVENTS_IO_H_

#include "masterclock/events/event.h"
#include "masterclock/internal/formatter.h"

#endif  // MASTERCLOCK_EVENTS_IO_H_
