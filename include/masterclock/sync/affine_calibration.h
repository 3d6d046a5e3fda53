// How one clock runs against another: offset and rate, by the line that fits a window of observations
// best, and how well it fits.
//
// An observation is both clocks at one moment, and how far the reference may have been off (half the
// time that the look at both took, and what the reference says of itself). Adding one and using the
// line are separate calls: `add` where the observations come from, `fit` when a line is wanted, and
// `CalibrationFit::at` as often as there is something to convert.
//
// The bound of a conversion holds, provided that each observation's error held and that the rate
// strays from its mean by no more than `wander`: each observation says how far the line can be from
// the truth there, and two straight lines are farthest apart at an end. Beyond the window the bound
// grows, by what the ends allow the rates to differ and by the wander; nothing is extrapolated
// without it.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::AffineCalibration calibration;
//   for (int i = 0; i <= 10; ++i) {  // a reference that gains 3 us a second on the local clock
//     const auto elapsed = i * 1s;
//     assert(calibration.add({.local = masterclock::SteadyTime(elapsed),
//                             .reference = masterclock::UtcTime(1000h + elapsed + i * 3us),
//                             .error = 1us}).ok());
//   }
//   const masterclock::CalibrationFit fit = calibration.fit().value();
//   assert(fit.rate == 3'000'000'000);
//   assert(fit.at(masterclock::SteadyTime(20s)).utc == masterclock::UtcTime(1000h + 20s + 60us));
#ifndef MASTERCLOCK_SYNC_AFFINE_CALIBRATION_H_
#define MASTERCLOCK_SYNC_AFFINE_CALIBRATION_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/sync/drift_rate.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Threads: a plain value.
struct ClockObservation {
  SteadyTime local;
  UtcTime reference;
  std::chrono::nanoseconds error{};  // `reference` was within this of the truth
};

// A reading of the local clock, converted: the truth is within `error_bound` of `utc`.
// Threads: a plain value.
struct CalibratedTime {
  UtcTime utc;
  std::chrono::nanoseconds error_bound;
};

// Threads: a plain value.
struct CalibrationFit {
  SteadyTime local;       // the line goes through this point, the middle of the observations,
  UtcTime reference;      // rounded to the nanosecond,
  std::int64_t rate = 0;  // and gains so many femtoseconds a second: 1 ppm is 10^9

  std::size_t observations = 0;
  SteadyTime first, last;  // the window: the local times of its ends
  std::chrono::nanoseconds residual_rms{}, residual_max{};  // rounded up

  // The standard error of the rate, in femtoseconds a second, as far as the residuals tell: a figure
  // for people, on which no bound is built. The largest number where two observations tell nothing.
  std::int64_t rate_error = std::numeric_limits<std::int64_t>::max();

  std::chrono::nanoseconds bound{};  // inside the window,
  DriftRate growth;                  // and by this much more outside

  [[nodiscard]] std::chrono::nanoseconds span() const noexcept { return last - first; }

  // What the reference reads when the local clock reads `at`.
  //
  // Threads: any.  Cost: a 128-bit multiplication and division.
  [[nodiscard]] CalibratedTime at(SteadyTime at) const noexcept {
    const std::chrono::nanoseconds since = saturating_difference(at, local);
    const std::chrono::nanoseconds outside = at < first  ? saturating_difference(first, at)
                                             : at > last ? saturating_difference(at, last)
                                                         : std::chrono::nanoseconds(0);
    return {saturating_add(reference, saturating_add(since, gained(since))),
            held_over(bound, outside, growth)};
  }

  // What the reference gains on the local clock in `elapsed`, to the nearest nanosecond.
  [[nodiscard]] std::chrono::nanoseconds gained(std::chrono::nanoseconds elapsed) const noexcept {
    __extension__ using Int128 = __int128;
    constexpr std::int64_t kScale = 1'000'000'000'000'000;
    const Int128 product = Int128{elapsed.count()} * rate;
    const Int128 half = product < 0 ? -kScale / 2 : kScale / 2;
    return std::chrono::nanoseconds(static_cast<std::int64_t>((product + half) / kScale));
  }
};

// Threads: a plain value.
struct CalibrationOptions {
  std::size_t window = 64;          // how many observations count, the newest: taken as 2 to 1024
  DriftRate wander = drift_ppm(1);  // how far the rate may stray from its mean over the window
};

// Threads: one at a time.
class AffineCalibration {
 public:
  // The longest window, a little over three days: what lies further back no longer counts.
  static constexpr std::chrono::nanoseconds kLongestSpan{std::int64_t{1} << 48};

  explicit AffineCalibration(CalibrationOptions options = {}) : options_(options) {
    options_.window = std::clamp<std::size_t>(options_.window, 2, 1024);
    options_.wander.parts_per_billion =
        std::max<std::int64_t>(options_.wander.parts_per_billion, 0);
  }

  // Takes an observation into the window, and lets go of the oldest when there are too many.
  //
  // Errors: InvalidArgument, and nothing changes, when either clock reads no later than at the last
  //         one, or the error is negative or the largest number there is: nobody knows it. After a
  //         step of either clock, `clear`.
  absl::Status add(const ClockObservation& observation) {
    if (observation.error.count() < 0 || observation.error == std::chrono::nanoseconds::max()) {
      return absl::InvalidArgumentError("an observation's error is " +
                                        std::to_string(observation.error.count()) +
                                        " ns: expected 0 or more, and an end to it");
    }
    if (!window_.empty()) {
      const auto refuse = [](const char* clock, std::chrono::nanoseconds by) {
        return absl::InvalidArgumentError(std::string("the ") + clock + " clock moved by " +
                                          std::to_string(by.count()) +
                                          " ns between two observations: expected more than 0");
      };
      const auto local = saturating_difference(observation.local, window_.back().local);
      const auto reference = saturating_difference(observation.reference, window_.back().reference);
      if (local.count() <= 0) return refuse("local", local);
      if (reference.count() <= 0) return refuse("reference", reference);
    }
    window_.push_back(observation);
    while (window_.size() > options_.window || !spans_little()) window_.pop_front();
    return absl::OkStatus();
  }

  // Forgets every observation.
  void clear() noexcept { window_.clear(); }
  [[nodiscard]] std::size_t observations() const noexcept { return window_.size(); }

  // The line of least squares through the window, in exact integer arithmetic up to the rounding of
  // what it answers.
  //
  // Cost:   O(observations).
  // Errors: FailedPrecondition with fewer than two observations, and when the rates differ by more
  //         than a tenth: then the errors are too large for the span, or one of the two is no clock.
  [[nodiscard]] absl::StatusOr<CalibrationFit> fit() const;

 private:
  __extension__ using Int128 = __int128;

  [[nodiscard]] bool spans_little() const noexcept {
    return saturating_difference(window_.back().local, window_.front().local) <= kLongestSpan &&
           saturating_difference(window_.back().reference, window_.front().reference) <=
               kLongestSpan;
  }

  // Counted from the oldest observation on, so that the sums are of small numbers.
  [[nodiscard]] std::int64_t elapsed(const ClockObservation& o) const noexcept {
    return (o.local - window_.front().local).count();
  }
  [[nodiscard]] std::int64_t gain(const ClockObservation& o) const noexcept {
    return (o.reference - window_.front().reference).count() - elapsed(o);
  }

  static constexpr std::int64_t divide_rounding(Int128 n, Int128 d) noexcept {
    const Int128 half = n < 0 ? -(d / 2) : d / 2;
    return static_cast<std::int64_t>((n + half) / d);
  }

  // n / d in units of 10^-15, toward zero, three digits at a time; |n| <= d / 10.
  static constexpr std::int64_t divide_scaled(Int128 n, Int128 d) noexcept {
    Int128 quotient = 0;
    for (int i = 0; i < 5; ++i) {
      n *= 1'000;
      quotient = quotient * 1'000 + n / d;
      n %= d;
    }
    return static_cast<std::int64_t>(quotient);
  }

  void judge(CalibrationFit& fit, Int128 spread) const;

  CalibrationOptions options_;
  std::deque<ClockObservation> window_;
};

inline absl::StatusOr<CalibrationFit> AffineCalibration::fit() const {
  const auto n = static_cast<std::int64_t>(window_.size());
  if (n < 2) {
    return absl::FailedPreconditionError("a line needs two observations, and there are " +
                                         std::to_string(n));
  }
  // At most 2^10 observations of at most 2^48 ns: every sum and product below is less than 2^120.
  Int128 x = 0, y = 0, xx = 0, xy = 0;
  for (const ClockObservation& o : window_) {
    x += elapsed(o);
    y += gain(o);
    xx += Int128{elapsed(o)} * elapsed(o);
    xy += Int128{elapsed(o)} * gain(o);
  }
  const Int128 spread = n * xx - x * x;  // more than 0: local times differ
  const Int128 slope = n * xy - x * y;
  if (slope > spread / 10 || slope < -(spread / 10)) {
    return absl::FailedPreconditionError(
        "the two clocks run at rates that differ by more than a tenth");
  }
  CalibrationFit fit;
  fit.observations = window_.size();
  fit.first = window_.front().local;
  fit.last = window_.back().local;
  fit.rate = divide_scaled(slope, spread);
  const std::int64_t middle = divide_rounding(x, n);
  fit.local = fit.first + std::chrono::nanoseconds(middle);
  fit.reference =
      window_.front().reference + std::chrono::nanoseconds(middle + divide_rounding(y, n));
  judge(fit, spread);
  return fit;
}

// How well `fit` fits; `spread` is n times the sum of the squares of the distances from the middle.
inline void AffineCalibration::judge(CalibrationFit& fit, Int128 spread) const {
  using std::chrono::nanoseconds;
  const auto n = static_cast<long double>(window_.size());
  Int128 squares = 0;
  nanoseconds worst{}, longest{};
  for (std::size_t i = 0; i < window_.size(); ++i) {
    const ClockObservation& o = window_[i];
    const nanoseconds off = o.reference - fit.at(o.local).utc;
    const nanoseconds residual = std::max(off, -off);
    squares += Int128{off.count()} * off.count();
    fit.residual_max = std::max(fit.residual_max, residual);
    worst = std::max(worst, saturating_add(residual, o.error));
    if (i > 0) longest = std::max(longest, o.local - window_[i - 1].local);
  }
  const auto sum = static_cast<long double>(squares);
  fit.residual_rms = nanoseconds(static_cast<std::int64_t>(std::ceil(std::sqrt(sum / n))));
  if (window_.size() > 2) {
    const long double error = std::sqrt(sum / (n - 2) / (static_cast<long double>(spread) / n));
    fit.rate_error = static_cast<std::int64_t>(std::ceil(std::min(error, 1.0L) * 1e15L));
  }
  // Two nanoseconds for what was rounded: the point of the line, and the conversion.
  worst = saturating_add(worst, nanoseconds(2));
  // Between two observations the truth may bend away from the line and back.
  fit.bound = saturating_add(worst, drifted(longest / 2 + nanoseconds(1), options_.wander));
  // Each end may be off by the worst, in opposite directions.
  constexpr std::int64_t kBillion = 1'000'000'000;
  const Int128 per_span =
      (Int128{worst.count()} * 2 * kBillion + fit.span().count() - 1) / fit.span().count();
  const auto most = static_cast<Int128>(std::numeric_limits<std::int64_t>::max());
  fit.growth.parts_per_billion =
      static_cast<std::int64_t>(std::min(per_span + options_.wander.parts_per_billion, most));
}

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_AFFINE_CALIBRATION_H_
