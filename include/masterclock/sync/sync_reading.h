// What somebody who disciplines the clock, or watches who does, knows about it at one moment.
#ifndef MASTERCLOCK_SYNC_SYNC_READING_H_
#define MASTERCLOCK_SYNC_SYNC_READING_H_

#include "masterclock/version.h"

#include <chrono>
#include <optional>
#include <string_view>

#include "masterclock/sync/sync_state.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// The claim: at `as_of` true UTC was within `error_bound` of what the clock read plus `correction`.
// It is a claim only when the state is kSynchronized or kFreeRunning, and the bound not negative.
//
// Threads: a plain value.
struct SyncReading {
  SyncState state = SyncState::kUnknown;
  std::chrono::nanoseconds error_bound = std::chrono::nanoseconds::max();
  SteadyTime as_of = {};  // when that was so; its age widens the bound. Left out: at the origin.

  // What to add to the clock where the provider knows better than the clock, and nobody else
  // corrects it. Nought where a daemon does: its own remaining offset is part of the bound.
  std::chrono::nanoseconds correction = {};

  // The likely error, where the provider has an opinion. Never to be relied on.
  std::optional<std::chrono::nanoseconds> estimated_error = std::nullopt;

  // TAI - UTC in seconds, only where it is known. "Nobody has set it" is not nought.
  std::optional<int> tai_offset = std::nullopt;

  std::string_view provenance = "nobody";  // lives as long as the program

  [[nodiscard]] constexpr bool has_bound() const noexcept {
    return (state == SyncState::kSynchronized || state == SyncState::kFreeRunning) &&
           error_bound >= std::chrono::nanoseconds(0);
  }
};

// PTP's time of day. None when the offset is not known: a guess is 37 s wrong one day (nmos-cpp#208).
[[nodiscard]] constexpr std::optional<TaiTime> ptp_time(UtcTime utc,
                                                        const SyncReading& by) noexcept {
  if (!by.tai_offset) return std::nullopt;
  return TaiTime(saturating_add(utc.time_since_epoch(), std::chrono::seconds(*by.tai_offset)));
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_SYNC_READING_H_
