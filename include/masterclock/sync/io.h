// Adds std::format and fmt::format for SyncState, SyncReading, TimeBounds and the other values of sync/.
//
// Streams and GoogleTest print these types without this header.
#ifndef MASTERCLOCK_SYNC_IO_H_
#define MASTERCLOCK_SYNC_IO_H_

#include "masterclock/internal/formatter.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/sync/tsc_time_source.h"

#endif  // MASTERCLOCK_SYNC_IO_H_
