// Fits a TscLine to samples of the counter and the kernel's clocks, and bounds its error.
//
// A sample reads the counter and both clocks together. The rate is that of the last 16 samples. The line
// goes through the last sample at this rate.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATION_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATION_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "masterclock/internal/int128.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/sync/internal/tsc_line.h"
#include "masterclock/time/internal/classify_jump.h"
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

  // Returns the largest error of the rate, from the brackets at both ends of the baseline.
  [[nodiscard]] DriftRate error() const noexcept { return error_; }

  [[nodiscard]] std::int64_t ns(std::uint64_t ticks) const noexcept {
    return static_cast<std::int64_t>(ticks_to_ns(ticks, rate_));
  }

  void forget_samples() noexcept { size_ = 0; }

  // Adds `sample`. Returns true if the baseline is long enough, and now determines the rate.
  [[nodiscard]] bool add(const TscSample& sample) noexcept {
    std::optional<std::uint64_t> rate;
    if (size_ > 0) {
      const TscSample& oldest = ring_[(size_ - std::min(size_, ring_.size())) % ring_.size()];
      const TscSample& newest = ring_[(size_ - 1) % ring_.size()];
      const std::int64_t baseline = wrapping_difference(sample.steady, oldest.steady);
      if (baseline >= kShortestBaseline) {
        rate = tsc_rate(static_cast<std::uint64_t>(baseline), sample.ticks - oldest.ticks);
      }
      if (rate) {
        rate_ = *rate;
        measured_ = true;
        const Int128 half_widths = Int128{ns(sample.width + oldest.width)} * 500'000'000;
        error_ = {saturate(half_widths / baseline)};
      }
      if (wrapping_difference(sample.steady, newest.steady) < kShortestBaseline / 8) {
        return rate.has_value();
      }
    }
    ring_[size_++ % ring_.size()] = sample;
    return rate.has_value();
  }

 private:
  // In nanoseconds. Over a shorter baseline the rate would be a guess.
  static constexpr std::int64_t kShortestBaseline = 100'000'000;

  std::uint64_t rate_ = std::uint64_t{1} << kTscShift;  // a nanosecond, until it is measured
  bool measured_ = false;
  DriftRate error_;
  std::array<TscSample, 16> ring_{};
  std::size_t size_ = 0;  // of all samples added; the ring keeps the last 16
};

// Threads: one at a time.
class TscCalibration {
 public:
  // Adds a sample. Returns false if it is missing, or its bracket is too wide for a measured rate.
  [[nodiscard]] bool add(const std::optional<TscSample>& sample) {
    step_.reset();
    if (!sample || (rate_.measured() && rate_.ns(sample->width) > kWidestBracket.count())) {
      return false;
    }
    const std::optional<TscSample> last = sample_;
    sample_ = sample;
    const bool gap = last && is_gap(*last);
    if (gap) rate_.forget_samples();
    measured_ = rate_.add(*sample);
    sample_->utc = saturating_minus(sample_->utc, rate_.ns(sample->utc_later));
    const std::int64_t offset = wrapping_difference(sample_->utc, sample_->steady);
    const std::int64_t moved = last ? wrapping_difference(offset, offset_) : 0;
    offset_ = offset;
    gaps_ += gap ? 1 : 0;
    if (moved > kStep.count() || moved < -kStep.count()) {
      const UtcTime to{std::chrono::nanoseconds(sample_->utc)};
      const UtcTime from = saturating_subtract(to, std::chrono::nanoseconds(moved));
      step_ = TimeChange{classify_jump(from, to, asleep_since(*last)), from, to};
    } else if (!gap && line_.alive_at(sample_->ticks)) {
      record_error();
    }
    return true;
  }

  // Replaces the line by a line through the last sample. Unless UTC was set, the new line begins at or above
  // the last reading of the old line. Without a measured rate the new line is expired.
  template <class Counter>
  const TscLine& renew(const Counter& counter, const TimeSource& kernel) noexcept {
    constexpr std::int64_t kRoom = std::int64_t{1} << 50;  // no sum below leaves the range
    const auto fits = [](std::int64_t t) { return kMin + kRoom < t && t < kMax - kRoom; };
    const std::uint64_t now = counter.read_in_order();
    const std::uint64_t passed = line_.passed_at(now);
    std::int64_t utc = line_.utc.after(passed), steady = line_.steady.after(passed);
    if (!line_.alive_at(now)) {  // readings were the kernel's
      utc = std::max<std::int64_t>(utc, kernel.now_utc().time_since_epoch().count());
      steady = std::max<std::int64_t>(steady, kernel.now_steady().time_since_epoch().count());
    }
    if (step_) utc = kMin;
    line_ = {now, 0, rate_.value(), {utc, 0}, {steady, 0}};
    if (!measured_ || now < sample_->ticks || !fits(sample_->utc) || !fits(sample_->steady)) {
      return line_;
    }
    const auto through = [&](std::int64_t sampled, std::int64_t last) -> TscTrack {
      const std::int64_t begin = sampled + rate_.ns(now - sample_->ticks);
      const std::int64_t ahead = last == kMin ? 0 : wrapping_difference(last, begin);
      return {begin, std::max<std::int64_t>(ahead, 0)};
    };
    line_.utc = through(sample_->utc, utc);
    line_.steady = through(sample_->steady, steady);
    line_.good_for = ns_to_ticks(std::uint64_t{kExpiresAfter.count()}, line_.rate);
    return line_;
  }

  [[nodiscard]] bool calibrated() const noexcept { return line_.good_for != 0; }
  // The step of UTC that the last sample showed.
  [[nodiscard]] const std::optional<TimeChange>& step() const noexcept { return step_; }
  [[nodiscard]] std::uint64_t gaps() const noexcept { return gaps_; }
  // The largest error of either timeline among the last 16 samples.
  [[nodiscard]] std::chrono::nanoseconds largest_error() const noexcept {
    return std::chrono::nanoseconds(*std::max_element(errors_.begin(), errors_.end()));
  }

  // Bounds the error of the line until it expires: the measured error, half the bracket, the excess to be
  // slewed, and the rate's possible error and change.
  [[nodiscard]] std::chrono::nanoseconds error_bound() const noexcept {
    const std::int64_t ahead = std::max(line_.utc.ahead, line_.steady.ahead);
    return std::chrono::nanoseconds(rate_.ns(sample_->width) / 2 + ahead + 2) + largest_error() +
           drifted(kExpiresAfter, rate_.error()) + drifted(kExpiresAfter, kWander);
  }

 private:
  static constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  static constexpr std::chrono::nanoseconds kExpiresAfter = std::chrono::seconds(1);
  static constexpr std::chrono::nanoseconds kWidestBracket = std::chrono::nanoseconds(250);
  // A larger movement of UTC against the steady clock is a step.
  static constexpr std::chrono::nanoseconds kStep = std::chrono::microseconds(10);
  // The kernel may change its clock's rate by this much in a second. A daemon at rest changes it by less.
  static constexpr DriftRate kWander = drift_ppm(1);

  [[nodiscard]] std::int64_t counted_since(const TscSample& last) const noexcept {
    return rate_.ns(sample_->ticks - last.ticks);
  }

  // Returns true if the measured rate no longer holds: the last sample is too old, or the counter and the
  // clock disagree by more than a slew, as after a suspend.
  [[nodiscard]] bool is_gap(const TscSample& last) const noexcept {
    const std::int64_t elapsed = wrapping_difference(sample_->steady, last.steady);
    if (sample_->ticks <= last.ticks || elapsed < 0) return true;
    if (elapsed > kExpiresAfter.count()) return true;
    const std::int64_t tolerance = elapsed / 512 + 1'000;
    const std::int64_t apart = wrapping_difference(counted_since(last), elapsed);
    return rate_.measured() && (apart > tolerance || apart < -tolerance);
  }

  // Returns for how long the steady clock stood still while the counter went on.
  [[nodiscard]] std::chrono::nanoseconds asleep_since(const TscSample& last) const noexcept {
    if (!rate_.measured() || sample_->ticks <= last.ticks) return {};
    const std::int64_t elapsed = wrapping_difference(sample_->steady, last.steady);
    const std::chrono::nanoseconds stood_still(wrapping_difference(counted_since(last), elapsed));
    return stood_still > std::chrono::milliseconds(1) ? stood_still : std::chrono::nanoseconds(0);
  }

  // Records the error of the line that is about to be replaced.
  void record_error() noexcept {
    const std::uint64_t passed = line_.passed_at(sample_->ticks);
    const auto error = [](std::int64_t reading, std::int64_t kernel) {
      const std::int64_t apart = wrapping_difference(reading, kernel);
      return std::max(apart, saturating_minus(0, apart));
    };
    errors_[errors_seen_++ % errors_.size()] =
        std::max(error(line_.utc.after(passed), sample_->utc),
                 error(line_.steady.after(passed), sample_->steady));
  }

  TscLine line_;
  TscRate rate_;
  bool measured_ = false;            // the rate, with the last sample
  std::optional<TscSample> sample_;  // the last
  std::optional<TimeChange> step_;
  std::int64_t offset_ = 0;  // UTC less the steady clock, at the last sample
  std::uint64_t gaps_ = 0;
  std::array<std::int64_t, 16> errors_{};
  std::size_t errors_seen_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATION_H_
