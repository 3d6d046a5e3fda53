// What a provider says of the kernel's clock, said of a source that follows that clock at a distance.
//
// ## Example
//
//   auto source = masterclock::TscTimeSource::make();
//   if (source.ok()) {
//     masterclock::KernelSyncProvider kernel(**source);
//     masterclock::WidenedSyncProvider provider(kernel, **source);
//     masterclock::BoundedClock clock(**source, &provider);
//     clock.refresh();
//   }
#ifndef MASTERCLOCK_SYNC_WIDENED_SYNC_PROVIDER_H_
#define MASTERCLOCK_SYNC_WIDENED_SYNC_PROVIDER_H_

#include "masterclock/version.h"

#include <chrono>

#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// `Source` has an `error_bound()` against the clock that the provider speaks of. It counts three
// times: its UTC may be off when the interval is anchored, and its steady clock then and when it is read.
//
// Threads: as the provider.
template <class Source>
class WidenedSyncProvider final : public SyncProvider {
 public:
  // Both must outlive it.
  WidenedSyncProvider(SyncProvider& provider, const Source& source)
      : provider_(provider), source_(source) {}

  [[nodiscard]] SyncReading read() override {
    SyncReading reading = provider_.read();
    reading.error_bound = saturating_add(reading.error_bound, 3 * source_.error_bound());
    return reading;
  }

 private:
  SyncProvider& provider_;
  const Source& source_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_WIDENED_SYNC_PROVIDER_H_
