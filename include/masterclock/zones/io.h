// Adds std::format and fmt::format for Zone, ZonedTime, BroadcastDay and the enums of zones/.
//
// Streams and GoogleTest print these types without this header.
//
// ## Example
//
//   std::ostringstream text;
//   text << masterclock::ZonedTime(masterclock::UtcTime(), masterclock::Zone());
//   assert(text.str() == "1970-01-01T00:00:00.000000000+00:00[UTC]");
#ifndef MASTERCLOCK_ZONES_IO_H_
#define MASTERCLOCK_ZONES_IO_H_

#include "masterclock/internal/formatter.h"
#include "masterclock/zones/broadcast_day.h"
#include "masterclock/zones/zone.h"
#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zoned_time.h"

#endif  // MASTERCLOCK_ZONES_IO_H_
