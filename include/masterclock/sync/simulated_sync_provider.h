// A provider that says what it was told to: for tests, and for rehearsing the loss of a reference.
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

#include "masterclock/version.h"

#include <cstdint>
#include <mutex>

#include "masterclock/sync/sync_provider.h"

namespace masterclock::inline v0_2 {

// Threads: any.
class SimulatedSyncProvider final : public SyncProvider {
 public:
  SimulatedSyncProvider() { reading_.provenance = "simulated"; }

  // From now on this is what is said. An unnamed reading is given the name "simulated".
  void set(SyncReading reading) {
    const std::lock_guard lock(mutex_);
    reading_ = reading;
    if (reading.provenance == SyncReading().provenance) reading_.provenance = "simulated";
  }

  [[nodiscard]] SyncReading read() override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    return reading_;
  }

  // How often it was asked.
  [[nodiscard]] std::uint64_t asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  SyncReading reading_;
  std::uint64_t asked_ = 0;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_SIMULATED_SYNC_PROVIDER_H_
