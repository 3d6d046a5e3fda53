// Returns a reading that a test or a rehearsal sets.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::SimulatedSyncProvider provider;
//   assert(provider.read().state == masterclock::SyncState::kUnknown);
//   provider.set({.state = masterclock::SyncState::kSynchronized, .error_bound = 10us});
//   assert(provider.read().error_bound == 10us);
#ifndef MASTERCLOCK_SYNC_SIMULATED_SYNC_PROVIDER_H_
#define MASTERCLOCK_SYNC_SIMULATED_SYNC_PROVIDER_H_

#include <cstdint>
#include <mutex>

#include "masterclock/sync/sync_provider.h"

namespace masterclock::inline v0_2 {

// Threads: any.
class SimulatedSyncProvider final : public SyncProvider {
 public:
  SimulatedSyncProvider() { set({}); }

  // Sets the reading of all later calls. A reading without a provenance gets "simulated".
  void set(SyncReading reading) {
    if (reading.provenance == SyncReading().provenance) reading.provenance = "simulated";
    const std::lock_guard lock(mutex_);
    reading_ = reading;
  }

  [[nodiscard]] SyncReading read() override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    return reading_;
  }

  // Returns the number of calls of `read`.
  [[nodiscard]] std::uint64_t asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  SyncReading reading_;
  std::uint64_t asked_ = 0;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_SIMULATED_SYNC_PROVIDER_H_
