// Defines SyncProvider, which asks the daemon that disciplines a clock for the clock's error bound.
//
// The library never sets the machine's clock. `read` may wait for a daemon. Therefore only `refresh` of a
// BoundedClock or a DisciplinedTimeSource calls `read`.
//
// ## Example
//
//   struct Studio final : masterclock::SyncProvider {
//     masterclock::SyncReading read() override { return {}; }  // kUnknown
//   };
//   assert(to_string(Studio().read().state) == "unknown");
#ifndef MASTERCLOCK_SYNC_SYNC_PROVIDER_H_
#define MASTERCLOCK_SYNC_SYNC_PROVIDER_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "masterclock/internal/printable.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Says how much a caller may trust the time.
enum class SyncState {
  kUnknown,       // no provider states a bound
  kSynchronized,  // a provider that follows a reference states the bound
  kFreeRunning,   // nothing corrects the clock; the bound grows by a stated drift
  kDisrupted,     // the clock was set, slept or is contradicted: earlier bounds do not hold
};

[[nodiscard]] inline std::string to_string(SyncState state) {
  switch (state) {
    case SyncState::kUnknown: return "unknown";
    case SyncState::kSynchronized: return "synchronized";
    case SyncState::kFreeRunning: return "free-running";
    case SyncState::kDisrupted: return "disrupted";
  }
  return "invalid";
}

// States that at `as_of` true UTC was within `error_bound` of the clock's reading plus `correction`.
struct SyncReading {
  SyncState state = SyncState::kUnknown;
  std::chrono::nanoseconds error_bound = std::chrono::nanoseconds::max();
  SteadyTime as_of = {};  // the bound grows from here on

  // Time to add to the clock's reading. A provider sets it only if nothing corrects the clock. If a
  // daemon corrects the clock, its remaining offset is part of the bound.
  std::chrono::nanoseconds correction = {};

  // TAI - UTC in seconds. An offset that was never set is absent, not zero.
  std::optional<int> tai_offset = std::nullopt;

  std::string_view provenance = "none";  // valid as long as the process

  // Returns true if the state is synchronized or free-running and the bound is not negative.
  [[nodiscard]] constexpr bool has_bound() const noexcept {
    return (state == SyncState::kSynchronized || state == SyncState::kFreeRunning) &&
           error_bound >= std::chrono::nanoseconds(0);
  }
};

// "synchronized within 1530000 ns (chrony: 203.0.113.5 stratum 3)".
[[nodiscard]] inline std::string to_string(const SyncReading& reading) {
  std::string text = to_string(reading.state);
  if (reading.has_bound()) {
    text += " within " + std::to_string(reading.error_bound.count()) + " ns";
  }
  return text + " (" + std::string(reading.provenance) + ")";
}

// Threads: a clock calls its provider from one thread at a time. Give each clock its own provider.
class SyncProvider {
 public:
  SyncProvider() = default;
  SyncProvider(const SyncProvider&) = delete;
  SyncProvider& operator=(const SyncProvider&) = delete;
  virtual ~SyncProvider() = default;

  // Returns the newest reading. An error is a state, not an exception.
  [[nodiscard]] virtual SyncReading read() = 0;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_SYNC_PROVIDER_H_
