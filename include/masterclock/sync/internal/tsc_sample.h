// One look at the counter and both clocks at once, and the rate that several such looks give.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_SAMPLE_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_SAMPLE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "masterclock/sync/internal/tsc_line.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

// Wraps: a jump of three hundred years is followed, whatever its sign.
[[nodiscard]] constexpr std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// Units: ticks of the counter, nanoseconds of the clocks.
// Threads: a plain value.
struct TscSample {
  std::uint64_t ticks = 0;  // at the middle of the bracket around the steady clock
  std::int64_t steady = 0, utc = 0;
  std::uint64_t width = 0;      // of the wider bracket
  std::uint64_t utc_later = 0;  // by how much UTC was read later
  std::uint64_t rough_rate =
      0;  // within some tenths, of these few looks; nought where time stood still
};

// The narrowest of a few brackets around each clock; none where the counter ran back in all of them.
template <class Counter>
[[nodiscard]] std::optional<TscSample> take_tsc_sample(const Counter& counter,
                                                       const TimeSource& kernel) noexcept {
  constexpr int kTries = 8;
  std::optional<TscSample> first;
  std::optional<TscSample> last;
  std::optional<TscSample> best;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t a = counter.read_in_order();
    const std::int64_t steady = kernel.now_steady().time_since_epoch().count();
    const std::uint64_t b = counter.read_in_order();
    const std::int64_t utc = kernel.now_utc().time_since_epoch().count();
    const std::uint64_t c = counter.read_in_order();
    if (b < a || c < b) continue;
    const std::uint64_t middle = a + (b - a) / 2;
    last = TscSample{middle, steady, utc, std::max(b - a, c - b), b + (c - b) / 2 - middle, 0};
    if (!first) first = last;
    if (!best || last->width < best->width) best = last;
  }
  if (best && last->steady > first->steady && last->ticks > first->ticks) {
    const std::int64_t passed = wrapping_difference(last->steady, first->steady);
    best->rough_rate =
        tsc_rate(static_cast<std::uint64_t>(passed), last->ticks - first->ticks).value_or(0);
  }
  return best;
}

// The counter's rate against the steady clock, over the longest baseline without a gap: up to 16
// samples back.
//
// Threads: one.
class TscRate {
 public:
  // As fitted last, or roughly; nought before there was anything.
  [[nodiscard]] std::uint64_t value() const noexcept { return rate_; }
  [[nodiscard]] bool fitted() const noexcept { return fitted_; }

  // The share of itself by which the fitted rate may be wrong, by the brackets at both its ends.
  [[nodiscard]] double error() const noexcept { return error_; }

  // Where nothing is known, a tick is taken for a nanosecond.
  [[nodiscard]] std::int64_t ns(std::uint64_t ticks) const noexcept {
    const std::uint64_t rate = rate_ != 0 ? rate_ : std::uint64_t{1} << kTscShift;
    return static_cast<std::int64_t>(ticks_to_ns(ticks, rate));
  }

  // To judge a bracket by, before there is a baseline.
  void suppose(std::uint64_t rough) noexcept {
    if (!fitted_ && rough != 0) rate_ = rough;
  }

  // After a gap the samples before it say nothing of the rate.
  void forget_samples() noexcept { size_ = 0; }

  // The rate with this sample; none while the baseline is shorter than `shortest`.
  [[nodiscard]] std::optional<std::uint64_t> fit(const TscSample& sample,
                                                 std::chrono::nanoseconds shortest) noexcept {
    const std::int64_t least = std::max<std::int64_t>(shortest.count(), 1);
    std::optional<std::uint64_t> rate;
    if (size_ > 0) {
      const TscSample& oldest = ring_[(size_ - std::min(size_, ring_.size())) % ring_.size()];
      const std::int64_t baseline = wrapping_difference(sample.steady, oldest.steady);
      if (baseline >= least) {
        rate = tsc_rate(static_cast<std::uint64_t>(baseline), sample.ticks - oldest.ticks);
      }
      if (rate) {
        rate_ = *rate;
        fitted_ = true;
        error_ = static_cast<double>(ns(sample.width + oldest.width)) / 2 /
                 static_cast<double>(baseline);
      }
      const TscSample& newest = ring_[(size_ - 1) % ring_.size()];
      if (wrapping_difference(sample.steady, newest.steady) < least / 8) return rate;
    }
    ring_[size_++ % ring_.size()] = sample;
    return rate;
  }

 private:
  std::uint64_t rate_ = 0;
  bool fitted_ = false;
  double error_ = 0;
  std::array<TscSample, 16> ring_{};
  std::size_t size_ = 0;  // counts on; the ring keeps the last 16
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_SAMPLE_H_
