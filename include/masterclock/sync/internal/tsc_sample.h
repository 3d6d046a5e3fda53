// Reads the counter and both kernel clocks together, and derives the counter's rate from such samples.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_SAMPLE_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_SAMPLE_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "masterclock/sync/internal/tsc_line.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

// Wraps, so that a jump over the ends of the range is followed.
[[nodiscard]] constexpr std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// Units: ticks of the counter, nanoseconds of the clocks.
struct TscSample {
  std::uint64_t ticks = 0;  // at the middle of the bracket around the steady clock
  std::int64_t steady = 0, utc = 0;
  std::uint64_t width = 0;      // ticks of the wider bracket
  std::uint64_t utc_later = 0;  // ticks from the steady clock's bracket to UTC's
};

// Takes the narrowest of a few brackets around each clock. Empty if the counter ran back in each.
template <class Counter>
[[nodiscard]] std::optional<TscSample> take_tsc_sample(const Counter& counter,
                                                       const TimeSource& kernel) noexcept {
  std::optional<TscSample> best;
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::uint64_t a = counter.read_in_order();
    const std::int64_t steady = kernel.now_steady().time_since_epoch().count();
    const std::uint64_t b = counter.read_in_order();
    const std::int64_t utc = kernel.now_utc().time_since_epoch().count();
    const std::uint64_t c = counter.read_in_order();
    if (b < a || c < b) continue;
    const std::uint64_t middle = a + (b - a) / 2;
    const std::uint64_t width = std::max(b - a, c - b);
    if (!best || width < best->width) {
      best = TscSample{middle, steady, utc, width, b + (c - b) / 2 - middle};
    }
  }
  return best;
}

// Estimates the counter's rate against the steady clock, over a baseline of up to 16 samples.
//
// Threads: one at a time.
class TscRate {
 public:
  [[nodiscard]] std::uint64_t value() const noexcept { return rate_; }
  [[nodiscard]] bool measured() const noexcept { return measured_; }

  // Returns the relative error of the rate, from the brackets at both ends of the baseline.
  [[nodiscard]] double error() const noexcept { return error_; }

  [[nodiscard]] std::int64_t ns(std::uint64_t ticks) const noexcept {
    return static_cast<std::int64_t>(ticks_to_ns(ticks, rate_));
  }

  void forget_samples() noexcept { size_ = 0; }

  // Adds `sample`. Returns the rate, or nothing while the baseline is shorter than `shortest`.
  [[nodiscard]] std::optional<std::uint64_t> add(const TscSample& sample,
                                                 std::chrono::nanoseconds shortest) noexcept {
    std::optional<std::uint64_t> rate;
    if (size_ > 0) {
      const TscSample& oldest = ring_[(size_ - std::min(size_, ring_.size())) % ring_.size()];
      const std::int64_t baseline = wrapping_difference(sample.steady, oldest.steady);
      if (baseline >= shortest.count()) {
        rate = tsc_rate(static_cast<std::uint64_t>(baseline), sample.ticks - oldest.ticks);
      }
      if (rate) {
        rate_ = *rate;
        measured_ = true;
        error_ = static_cast<double>(ns(sample.width + oldest.width)) / 2 /
                 static_cast<double>(baseline);
      }
      const TscSample& newest = ring_[(size_ - 1) % ring_.size()];
      if (wrapping_difference(sample.steady, newest.steady) < shortest.count() / 8) return rate;
    }
    ring_[size_++ % ring_.size()] = sample;
    return rate;
  }

 private:
  std::uint64_t rate_ = std::uint64_t{1} << kTscShift;  // a nanosecond, until it is measured
  bool measured_ = false;
  double error_ = 0;
  std::array<TscSample, 16> ring_{};
  std::size_t size_ = 0;  // of all samples added; the ring keeps the last 16
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_SAMPLE_H_
