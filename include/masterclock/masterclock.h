// Everything.
#ifndef MASTERCLOCK_MASTERCLOCK_H_
#define MASTERCLOCK_MASTERCLOCK_H_

#include "masterclock/events/crank.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/frames/fence.h"
#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_pacer.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/genlock.h"
#include "masterclock/frames/item_list.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/frames/time_of_day_timecode.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/master_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/kernel_sync_provider.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/counting_time_source.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/leap_seconds_list.h"
#include "masterclock/time/precision.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/zones/broadcast_day.h"
#include "masterclock/zones/recurring_local_time.h"
#include "masterclock/zones/rfc9557.h"
#include "masterclock/zones/system_zone.h"
#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zoned_time.h"

#endif  // MASTERCLOCK_MASTERCLOCK_H_
