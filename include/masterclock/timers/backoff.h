// Computes the delay before the next retry and decides when to give up.
//
// The delay after the n-th failure in a row is first x 2^(n-1), at most `most`. `attempts` counts
// the first attempt, so {2 s, 1 h, 10} waits 2, 4, 8 ... 512 s and gives up at the tenth failure.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   constexpr masterclock::Backoff delivery{2s, 1h, 10};
//   static_assert(delivery.delay_after(1) == 2s && delivery.delay_after(9) == 512s);
//   static_assert(!delivery.delay_after(10));
#ifndef MASTERCLOCK_TIMERS_BACKOFF_H_
#define MASTERCLOCK_TIMERS_BACKOFF_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

namespace masterclock::inline v0_2 {

struct Backoff {
  std::chrono::nanoseconds first = std::chrono::seconds(2);
  std::chrono::nanoseconds most = std::chrono::hours(1);
  int attempts = std::numeric_limits<int>::max();

  // Returns the delay after `failures` failures in a row. Returns nothing when the caller must give
  // up. `wish` is the delay that the other side asks for (Retry-After). A longer `wish` replaces
  // the computed delay, up to `most`. A value of `failures` below 1 counts as 1; a large value never
  // overflows.
  [[nodiscard]] constexpr std::optional<std::chrono::nanoseconds> delay_after(
      int failures, std::chrono::nanoseconds wish = {}) const noexcept {
    constexpr std::chrono::nanoseconds kZero{};
    failures = std::max(failures, 1);
    if (failures >= attempts) return std::nullopt;
    std::chrono::nanoseconds delay = std::min(first, most);
    for (int doublings = failures - 1; doublings > 0 && delay > kZero && delay < most;
         --doublings) {
      delay = delay > most / 2 ? most : delay * 2;
    }
    return std::max({delay, std::min(wish, most), kZero});
  }

  friend bool operator==(const Backoff&, const Backoff&) = default;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_BACKOFF_H_
