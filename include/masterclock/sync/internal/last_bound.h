// Stores the last bound that a daemon stated, and derives its state from the age of the last correction.
//
// The clock drifts alike after a daemon died and after it lost its server. Since the last correction:
//
//   up to `free_after`   synchronized, if the daemon says so
//   up to `lost_after`   free-running: the bound holds for its moment, and grows
//   longer               unknown
#ifndef MASTERCLOCK_SYNC_INTERNAL_LAST_BOUND_H_
#define MASTERCLOCK_SYNC_INTERNAL_LAST_BOUND_H_

#include <chrono>
#include <optional>
#include <string_view>

#include "masterclock/sync/sync_provider.h"

namespace masterclock::inline v0_2::internal {

// Threads: one at a time.
class LastBound {
 public:
  explicit LastBound(std::chrono::nanoseconds lost_after) : lost_after_(lost_after) {}

  // Keeps `stated`, a bound of a clock that was corrected at `corrected`.
  void keep(const SyncReading& stated, SteadyTime corrected, std::chrono::nanoseconds free_after) {
    stated_ = stated;
    corrected_ = corrected;
    free_after_ = free_after;
  }

  // Returns the bound as it stands at `now`.
  [[nodiscard]] SyncReading at(SteadyTime now) const noexcept {
    SyncReading result = stated_.value_or(SyncReading{});
    const std::chrono::nanoseconds age = saturating_difference(now, corrected_);
    if (!stated_ || age > lost_after_) {
      return {.as_of = now, .provenance = result.provenance};
    }
    result.state = age > free_after_ ? SyncState::kFreeRunning : SyncState::kSynchronized;
    return result;
  }

  // Does the same for a daemon that gave no answer that renews the bound, for the reason `why`.
  [[nodiscard]] SyncReading unanswered(SteadyTime now, std::string_view why) const noexcept {
    SyncReading result = at(now);
    result.provenance = why;
    return result;
  }

  // Does the same for a daemon that follows no reference: free-running at best.
  [[nodiscard]] SyncReading unfollowed(SteadyTime now, std::string_view why) const noexcept {
    SyncReading result = unanswered(now, why);
    if (result.has_bound()) result.state = SyncState::kFreeRunning;
    return result;
  }

 private:
  std::chrono::nanoseconds lost_after_;
  std::chrono::nanoseconds free_after_{};
  std::optional<SyncReading> stated_;
  SteadyTime corrected_;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_LAST_BOUND_H_
