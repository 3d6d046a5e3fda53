// Who knows how right the clock is. The library disciplines no machine's clock: it asks.
//
// Requirements on a provider of your own: a reading states its age by `as_of`; what was heard before
// is never said as if it were of now. It may take milliseconds, so it is never asked on the path
// of a reading of the clock: BoundedClock::refresh asks, on a thread that may wait.
//
// ## Example
//
//   struct Studio final : masterclock::SyncProvider {
//     masterclock::SyncReading read() override { return {}; }  // knows nothing, and says so
//   };
#ifndef MASTERCLOCK_SYNC_SYNC_PROVIDER_H_
#define MASTERCLOCK_SYNC_SYNC_PROVIDER_H_

#include "masterclock/version.h"

#include "masterclock/sync/sync_reading.h"

namespace masterclock::inline v0_2 {

// Threads: a clock calls its provider by one thread at a time. Two clocks know nothing of each other:
//          give each a provider of its own.
class SyncProvider {
 public:
  SyncProvider() = default;
  SyncProvider(const SyncProvider&) = delete;
  SyncProvider& operator=(const SyncProvider&) = delete;
  virtual ~SyncProvider() = default;

  // What is known now. What goes wrong in finding out is a state, not an exception.
  [[nodiscard]] virtual SyncReading read() = 0;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_SYNC_PROVIDER_H_
