// How a MasterClock is set up, and what it counts.
#ifndef MASTERCLOCK_CLOCK_OPTIONS_H_
#define MASTERCLOCK_CLOCK_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "masterclock/clock/observer.h"
#include "masterclock/sync/bounded_clock.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::inline v0_2 {

// Threads: plain values.
struct MasterClockOptions {
  // Hears what the clock does; nobody when null. With an observer on the system source one thread
  // waits for the kernel to report that the clock was set.
  std::shared_ptr<MasterClockObserver> observer = nullptr;

  // Where the zones come from; must outlive the clock. Null: the system's database.
  ZoneDatabase* zones = nullptr;

  // Who knows how right the source is; must outlive the clock. Null: nobody does, but for a
  // DisciplinedTimeSource, decorated or not, which knows it of itself. It is asked by `refresh_sync` alone,
  // and what it said is held over as `holdover` says. On a DisciplinedTimeSource it speaks of the clock
  // underlying, and is better not the provider that this source has: the system's source has that one asked
  // on a thread of its own when the clock is set.
  SyncProvider* sync = nullptr;
  HoldoverOptions holdover = {};

  // An event that fires more than this after it was due counts as late.
  std::chrono::nanoseconds late_after = std::chrono::milliseconds(1);

  // With this many events pending nothing more is taken: ResourceExhausted, and nothing is dropped.
  std::size_t max_pending = std::numeric_limits<std::size_t>::max();
};

// Counts since the clock was made. Readings of the clock are not among them: counting one costs as
// much as the reading (see CountingTimeSource).
struct ClockMetrics {
  std::uint64_t zone_hits = 0;
  std::uint64_t zone_misses = 0;
  std::uint64_t events_scheduled = 0;
  std::uint64_t events_fired = 0;
  std::uint64_t events_cancelled = 0;
  std::uint64_t events_late = 0;
  std::uint64_t events_failed = 0;
  std::uint64_t events_pending = 0;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_CLOCK_OPTIONS_H_
