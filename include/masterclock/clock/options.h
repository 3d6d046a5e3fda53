// Defines the options and the counters of a MasterClock.
#ifndef MASTERCLOCK_CLOCK_OPTIONS_H_
#define MASTERCLOCK_CLOCK_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "masterclock/clock/observer.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::inline v0_2 {

struct MasterClockOptions {
  // Receives reports, unless null. On the system's time source an observer costs one thread, which waits
  // for the kernel's report of a step.
  std::shared_ptr<MasterClockObserver> observer = nullptr;

  // The database of the zones, which must outlive the clock. Null is the system's database.
  ZoneDatabase* zones = nullptr;

  // The provider that bounds the error of the source, and the rules for its old readings. The provider
  // must outlive the clock. Null means the provider of a DisciplinedTimeSource, also of a decorated one, and
  // no provider for any other source. On a DisciplinedTimeSource, name a provider of the underlying clock,
  // and not the same object: two clocks must not share one provider.
  SyncProvider* sync = nullptr;
  HoldoverOptions holdover = {};

  // As in SchedulerOptions.
  std::chrono::nanoseconds late_after = std::chrono::milliseconds(1);
  std::size_t max_pending = std::numeric_limits<std::size_t>::max();
};

// Counts since the construction of the clock, as events/event.h and zones/zone_cache.h define them.
struct ClockMetrics {
  std::uint64_t zone_hits = 0, zone_misses = 0, zone_fallbacks = 0;
  std::uint64_t events_scheduled = 0, events_fired = 0, events_cancelled = 0, events_pending = 0;
  std::uint64_t events_late = 0, events_dropped = 0, events_skipped = 0, events_failed = 0;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_CLOCK_OPTIONS_H_
