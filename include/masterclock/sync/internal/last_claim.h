// What a daemon claimed last, and what has become of the claim since.
//
// What decides is when the clock was last corrected, not whether somebody still answers: a daemon
// that died and one that lost its server leave the same clock behind, and both are told by the
// same rule. Since the last correction
//
//   up to `free_after`   synchronized, as long as the daemon says so
//   up to `lost_after`   free-running: the bound of the claim holds for its moment, and grows
//   longer               unknown
#ifndef MASTERCLOCK_SYNC_INTERNAL_LAST_CLAIM_H_
#define MASTERCLOCK_SYNC_INTERNAL_LAST_CLAIM_H_

#include "masterclock/version.h"

#include <chrono>
#include <optional>
#include <string_view>

#include "masterclock/sync/sync_reading.h"

namespace masterclock::inline v0_2::internal {

// Threads: one at a time.
class LastClaim {
 public:
  explicit LastClaim(std::chrono::nanoseconds lost_after) : lost_after_(lost_after) {}

  // The daemon says `claim`, of a clock that was corrected at `corrected`.
  void keep(const SyncReading& claim, SteadyTime corrected, std::chrono::nanoseconds free_after) {
    claim_ = claim;
    corrected_ = corrected;
    free_after_ = free_after;
  }

  // The claim by `now`, under the name it was kept with.
  [[nodiscard]] SyncReading at(SteadyTime now) const noexcept {
    if (!claim_) return nothing(now, SyncReading().provenance);
    SyncReading result = *claim_;
    const std::chrono::nanoseconds age = saturating_difference(now, corrected_);
    if (age > lost_after_) return nothing(now, result.provenance);
    result.state = age > free_after_ ? SyncState::kFreeRunning : SyncState::kSynchronized;
    return result;
  }

  // The same, when the daemon gives no answer that it could be renewed by, for the reason `why`.
  [[nodiscard]] SyncReading unanswered(SteadyTime now, std::string_view why) const noexcept {
    SyncReading result = at(now);
    result.provenance = why;
    return result;
  }

  // The same, when the daemon says that it follows nobody: free-running at best.
  [[nodiscard]] SyncReading unfollowed(SteadyTime now, std::string_view why) const noexcept {
    SyncReading result = unanswered(now, why);
    if (result.has_bound()) result.state = SyncState::kFreeRunning;
    return result;
  }

 private:
  [[nodiscard]] static SyncReading nothing(SteadyTime now, std::string_view provenance) noexcept {
    SyncReading result;
    result.as_of = now;
    result.provenance = provenance;
    return result;
  }

  std::chrono::nanoseconds lost_after_;
  std::chrono::nanoseconds free_after_{};
  std::optional<SyncReading> claim_;
  SteadyTime corrected_;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_LAST_CLAIM_H_
