// Converts ticks of a counter to time by a straight line, and slews an excess away.
//
// A new line begins at the tick at which the old line ends. If the old line is behind true time, the new
// line jumps forward. If the old line is `ahead`, the new line starts as far ahead, and then runs slower
// by 1/2048 until it meets true time. Therefore no reading of the new line is less than a reading of the
// old line.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_LINE_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_LINE_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "masterclock/internal/int128.h"

namespace masterclock::inline v0_2::internal {

// A rate is nanoseconds a tick, in units of 2^-56.
inline constexpr int kTscShift = 56;

[[nodiscard]] constexpr std::uint64_t ticks_to_ns(std::uint64_t ticks,
                                                  std::uint64_t rate) noexcept {
  return static_cast<std::uint64_t>((Uint128{ticks} * rate) >> kTscShift);
}

// Returns the rate of `ticks` in `ns`, or nothing if no rate of 64 bits fits.
[[nodiscard]] constexpr std::optional<std::uint64_t> tsc_rate(std::uint64_t ns,
                                                              std::uint64_t ticks) noexcept {
  if (ticks == 0) return std::nullopt;
  const Uint128 rate = (Uint128{ns} << kTscShift) / ticks;
  if (rate == 0 || rate > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(rate);
}

// Saturates.
[[nodiscard]] constexpr std::uint64_t ns_to_ticks(std::uint64_t ns, std::uint64_t rate) noexcept {
  const Uint128 ticks = (Uint128{ns} << kTscShift) / std::max<std::uint64_t>(rate, 1);
  return static_cast<std::uint64_t>(
      std::min<Uint128>(ticks, std::numeric_limits<std::uint64_t>::max()));
}

// One timeline of a TscLine, in nanoseconds.
struct TscTrack {
  std::int64_t begin = std::numeric_limits<std::int64_t>::min();  // true time at the anchor
  std::int64_t ahead = 0;                                         // the excess there

  // Returns the reading `passed` ns after the anchor. Never decreases with `passed`.
  [[nodiscard]] constexpr std::int64_t after(std::uint64_t passed) const noexcept {
    const auto ns = static_cast<std::int64_t>(passed);
    return begin + ns + std::max<std::int64_t>(ahead - (ns >> 11), 0);
  }
};

// UTC and steady time over one counter, at one rate.
struct TscLine {
  std::uint64_t anchor = 0;    // the first tick
  std::uint64_t good_for = 0;  // ticks, from the anchor on
  std::uint64_t rate = 0;
  TscTrack utc, steady;

  [[nodiscard]] constexpr std::uint64_t passed_at(std::uint64_t ticks) const noexcept {
    return ticks_to_ns(std::min(ticks - anchor, good_for), rate);
  }
  [[nodiscard]] constexpr bool alive_at(std::uint64_t ticks) const noexcept {
    return ticks - anchor < good_for;
  }
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_LINE_H_
