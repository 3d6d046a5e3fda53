// Adds std::format and fmt::format to the values of sync/.
#ifndef MASTERCLOCK_SYNC_IO_H_
#define MASTERCLOCK_SYNC_IO_H_

#include "masterclock/internal/formatter.h"

#endif  // MASTERCLOCK_SYNC_IO_H_
