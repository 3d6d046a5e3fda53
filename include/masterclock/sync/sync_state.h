// May the time be trusted? One word, for a lamp on the wall.
#ifndef MASTERCLOCK_SYNC_SYNC_STATE_H_
#define MASTERCLOCK_SYNC_SYNC_STATE_H_

#include "masterclock/version.h"

namespace masterclock::inline v0_2 {

// Threads: a plain value.
enum class SyncState {
  kUnknown,       // nobody says how wrong the clock is: it may be right, and nothing depends on it
  kSynchronized,  // a provider that follows a reference states the bound
  kFreeRunning,   // nobody corrects the clock now; its bound grows by a stated drift
  kDisrupted,     // it was set, slept, or is contradicted: what was known before does not hold
};

// The state's name, for a log.
[[nodiscard]] constexpr const char* to_string(SyncState state) noexcept {
  switch (state) {
    case SyncState::kUnknown:
      return "unknown";
    case SyncState::kSynchronized:
      return "synchronized";
    case SyncState::kFreeRunning:
      return "free-running";
    case SyncState::kDisrupted:
      return "disrupted";
  }
  return "unknown";
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_SYNC_STATE_H_
