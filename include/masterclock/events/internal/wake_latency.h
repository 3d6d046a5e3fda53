// Estimates wake-up latency from recent sleeps.
//
// A kernel wakes a thread some time after the requested instant, which depends on the machine and its
// load. The estimate is a percentile of the last wake-ups. A sleeper that sets its timer earlier by a low
// percentile rarely wakes too early; by a high percentile, rarely too late.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_WAKE_LATENCY_H_
#define MASTERCLOCK_EVENTS_INTERNAL_WAKE_LATENCY_H_

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace masterclock::inline v0_2::internal {

// Threads: one at a time.
class WakeLatency {
 public:
  static constexpr std::size_t kKept = 64;    // the last wake-ups
  static constexpr std::size_t kEnough = 16;  // wake-ups before the first estimate

  // Estimates the `percent` percentile, at most `most`; `at_first` before the first estimate.
  constexpr WakeLatency(std::size_t percent, std::chrono::nanoseconds at_first,
                        std::chrono::nanoseconds most) noexcept
      : percent_(percent), most_(most), lead_(std::min(at_first, most)) {}

  [[nodiscard]] constexpr std::chrono::nanoseconds get() const noexcept { return lead_; }

  // Adds a wake-up.
  //
  // Cost: a partial sort of 64 numbers.
  constexpr void woken_late_by(std::chrono::nanoseconds late) noexcept {
    late_[next_] = late;
    next_ = (next_ + 1) % kKept;
    count_ = std::min(count_ + 1, kKept);
    if (count_ < kEnough) return;
    std::array<std::chrono::nanoseconds, kKept> sorted = late_;
    const auto nth =
        sorted.begin() + static_cast<std::ptrdiff_t>((count_ * percent_ + 99) / 100 - 1);
    std::nth_element(sorted.begin(), nth, sorted.begin() + static_cast<std::ptrdiff_t>(count_));
    lead_ = std::clamp(*nth, std::chrono::nanoseconds(0), most_);
  }

 private:
  std::size_t percent_;
  std::chrono::nanoseconds most_;
  std::chrono::nanoseconds lead_;
  std::array<std::chrono::nanoseconds, kKept> late_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_WAKE_LATENCY_H_
