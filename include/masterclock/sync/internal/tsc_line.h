// Ticks of a counter as time: a straight line, and a bend on which what was too fast is slewed away.
//
// A line that replaces another begins at the tick at which the other ended. Where the old one was
// behind, the new one begins ahead of it: nobody minds a clock that skips forward by nanoseconds.
// Where the old one was ahead, the new one begins as far `ahead` and runs slower by one part in
// 2,048 until it has met the true line, and then stays on it. So no reading of the new line is less than
// any of the old one, and none overshoots however long nobody calibrates.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_LINE_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_LINE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

namespace masterclock::inline v0_2::internal {

__extension__ using TscWide = unsigned __int128;

// Nanoseconds a tick, in units of 2^-56: from a tick of 255 ns to one of far less than a picosecond.
inline constexpr int kTscShift = 56;

[[nodiscard]] constexpr std::uint64_t ticks_to_ns(std::uint64_t ticks,
                                                  std::uint64_t rate) noexcept {
  return static_cast<std::uint64_t>((TscWide{ticks} * rate) >> kTscShift);
}

// None where the rate fits nothing.
[[nodiscard]] constexpr std::optional<std::uint64_t> tsc_rate(std::uint64_t ns,
                                                              std::uint64_t ticks) noexcept {
  if (ticks == 0) return std::nullopt;
  const TscWide rate = (TscWide{ns} << kTscShift) / ticks;
  if (rate == 0 || rate > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(rate);
}

// How many ticks `ns` are, or as many as there are.
[[nodiscard]] constexpr std::uint64_t ns_to_ticks(std::uint64_t ns, std::uint64_t rate) noexcept {
  const TscWide ticks = (TscWide{ns} << kTscShift) / std::max<std::uint64_t>(rate, 1);
  return static_cast<std::uint64_t>(
      std::min<TscWide>(ticks, std::numeric_limits<std::uint64_t>::max()));
}

// `begin` and what has passed since, in nanoseconds, and what is left of what it began `ahead` by.
// Never decreases with `passed`.
[[nodiscard]] constexpr std::int64_t on_tsc_line(std::int64_t begin, std::int64_t ahead,
                                                 std::uint64_t passed) noexcept {
  const auto ns = static_cast<std::int64_t>(passed);
  return begin + ns + std::max<std::int64_t>(ahead - (ns >> 11), 0);
}

// Two timelines of one rate over one counter.
struct TscLine {
  std::uint64_t anchor = 0;    // the tick at which it begins
  std::uint64_t good_for = 0;  // ticks: not used from there on
  std::uint64_t rate = 0;
  std::int64_t utc = std::numeric_limits<std::int64_t>::min();
  std::int64_t utc_ahead = 0;
  std::int64_t steady = std::numeric_limits<std::int64_t>::min();
  std::int64_t steady_ahead = 0;

  // The latest that it has told anybody by `ticks`.
  [[nodiscard]] constexpr std::uint64_t passed_at(std::uint64_t ticks) const noexcept {
    return ticks_to_ns(std::min(ticks - anchor, good_for), rate);
  }
  [[nodiscard]] constexpr bool alive_at(std::uint64_t ticks) const noexcept {
    return ticks - anchor < good_for;
  }
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_LINE_H_
