// Fits a TscLine to samples of the counter and the kernel's clocks, and bounds its error.
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATION_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATION_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "masterclock/internal/saturating.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/sync/internal/tsc_line.h"
#include "masterclock/sync/internal/tsc_sample.h"
#include "masterclock/time/internal/classify_jump.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

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
    measured_ = rate_.add(*sample, kShortestBaseline);
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
    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kRoom = std::int64_t{1} << 50;  // no sum below leaves the range
    const auto fits = [](std::int64_t t) { return kMin + kRoom < t && t < kMax - kRoom; };
    const std::uint64_t now = counter.read_in_order();
    const std::uint64_t passed = line_.passed_at(now);
    std::int64_t utc = line_.utc_after(passed);
    std::int64_t steady = line_.steady_after(passed);
    if (!line_.alive_at(now)) {  // readings were the kernel's
      utc = std::max<std::int64_t>(utc, kernel.now_utc().time_since_epoch().count());
      steady = std::max<std::int64_t>(steady, kernel.now_steady().time_since_epoch().count());
    }
    if (step_) utc = kMin;
    line_ = {now, 0, rate_.value(), utc, 0, steady, 0};
    if (!measured_ || now < sample_->ticks || !fits(sample_->utc) || !fits(sample_->steady)) {
      return line_;
    }
    const auto ahead = [](std::int64_t last, std::int64_t begin) {
      return std::max<std::int64_t>(wrapping_difference(last, begin), 0);
    };
    const std::int64_t since = rate_.ns(now - sample_->ticks);
    line_.utc = sample_->utc + since;
    line_.steady = sample_->steady + since;
    line_.utc_ahead = step_ ? 0 : ahead(utc, line_.utc);
    line_.steady_ahead = ahead(steady, line_.steady);
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
    const auto rate_error =
        static_cast<std::int64_t>(rate_.error() * static_cast<double>(kExpiresAfter.count()));
    return std::chrono::nanoseconds(rate_.ns(sample_->width) / 2 +
                                    std::max(line_.utc_ahead, line_.steady_ahead) + rate_error +
                                    2) +
           largest_error() + drifted(kExpiresAfter, kWander);
  }

 private:
  static constexpr std::chrono::nanoseconds kExpiresAfter = std::chrono::seconds(1);
  static constexpr std::chrono::nanoseconds kWidestBracket = std::chrono::nanoseconds(250);
  // Over a shorter baseline the rate would be a guess.
  static constexpr std::chrono::nanoseconds kShortestBaseline = std::chrono::milliseconds(100);
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
        std::max(error(line_.utc_after(passed), sample_->utc),
                 error(line_.steady_after(passed), sample_->steady));
  }

  TscLine line_;
  TscRate rate_;
  std::optional<std::uint64_t> measured_;  // the rate with the last sample
  std::optional<TscSample> sample_;        // the last
  std::optional<TimeChange> step_;
  std::int64_t offset_ = 0;  // UTC less the steady clock, at the last sample
  std::uint64_t gaps_ = 0;
  std::array<std::int64_t, 16> errors_{};
  std::size_t errors_seen_ = 0;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATION_H_
