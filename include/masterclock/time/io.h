// Adds std::format and fmt::format to the values of time/.
#ifndef MASTERCLOCK_TIME_IO_H_
#define MASTERCLOCK_TIME_IO_H_

#include "masterclock/internal/formatter.h"

#endif  // MASTERCLOCK_TIME_IO_H_
