// Fits a line to pairs of readings of two clocks: offset, rate, and the error of both.
//
// An observation is a reading of both clocks at one moment, and the largest error of the reference: half
// the time between the two readings, and the reference's own error. Call `add` for each observation,
// `line` for a new line, and `CalibratedLine::at` for each conversion.
//
// The bound of a conversion holds under two conditions. The error of each observation is right, and the
// rate differs from its mean by at most `wander`. Outside the window the bound grows.
//
// Source: linear least squares.
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
//   const masterclock::CalibratedLine line = calibration.line().value();
//   assert(line.rate == 3'000'000'000);
//   assert(line.at(masterclock::SteadyTime(20s)).utc == masterclock::UtcTime(1000h + 20s + 60us));
#ifndef MASTERCLOCK_SYNC_AFFINE_CALIBRATION_H_
#define MASTERCLOCK_SYNC_AFFINE_CALIBRATION_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/int128.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

struct ClockObservation {
  SteadyTime local;
  UtcTime reference;
  std::chrono::nanoseconds error{};  // the largest distance of `reference` from the truth
};

// True time is within `error_bound` of `utc`.
struct CalibratedTime {
  UtcTime utc;
  std::chrono::nanoseconds error_bound;
};

struct CalibratedLine {
  SteadyTime local;       // the middle of the observations, a point of the line,
  UtcTime reference;      // rounded to a nanosecond
  std::int64_t rate = 0;  // the reference's gain in femtoseconds a second: 1 ppm is 10^9

  std::size_t observations = 0;
  SteadyTime first, last;            // the ends of the window
  std::chrono::nanoseconds bound{};  // inside the window
  DriftRate growth;                  // of the bound, outside

  [[nodiscard]] std::chrono::nanoseconds span() const noexcept {
    return saturating_difference(last, first);
  }

  // Converts a reading of the local clock.
  //
  // Cost: a 128-bit multiplication and division.
  [[nodiscard]] CalibratedTime at(SteadyTime at) const noexcept {
    const std::chrono::nanoseconds since = saturating_difference(at, local);
    const std::chrono::nanoseconds outside = at < first  ? saturating_difference(first, at)
                                             : at > last ? saturating_difference(at, last)
                                                         : std::chrono::nanoseconds(0);
    return {saturating_add(saturating_move(reference, local, at), gained(since)),
            held_over(bound, outside, growth)};
  }

  // Returns the reference's gain in `elapsed`, to the nearest nanosecond.
  [[nodiscard]] std::chrono::nanoseconds gained(std::chrono::nanoseconds elapsed) const noexcept {
    constexpr std::int64_t kScale = 1'000'000'000'000'000;
    const internal::Int128 product = internal::Int128{elapsed.count()} * rate;
    const internal::Int128 half = product < 0 ? -kScale / 2 : kScale / 2;
    return std::chrono::nanoseconds(internal::saturate((product + half) / kScale));
  }
};

struct CalibrationOptions {
  std::size_t window = 64;          // the newest observations that count: clamped to 2 ... 1024
  DriftRate wander = drift_ppm(1);  // the rate strays from its mean over the window by at most this
};

// Threads: one at a time.
class AffineCalibration {
 public:
  // The longest window, about three days. Older observations are dropped.
  static constexpr std::chrono::nanoseconds kLongestSpan{std::int64_t{1} << 48};

  explicit AffineCalibration(CalibrationOptions options = {}) : options_(options) {
    options_.window = std::clamp<std::size_t>(options_.window, 2, 1024);
    options_.wander.parts_per_billion =
        std::max<std::int64_t>(options_.wander.parts_per_billion, 0);
  }

  // Adds an observation, and drops the oldest beyond the window. After a step of either clock call
  // `clear` first.
  //
  // Errors: InvalidArgument, and nothing changes, if either clock did not move forward since the last
  //         observation, or the error is negative or the largest number.
  absl::Status add(const ClockObservation& observation) {
    if (observation.error.count() < 0 || observation.error == std::chrono::nanoseconds::max()) {
      return absl::InvalidArgumentError(
          "an observation's error is " + std::to_string(observation.error.count()) +
          " ns: expected 0 or more, and less than the largest number");
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

  void clear() noexcept { window_.clear(); }
  [[nodiscard]] std::size_t observations() const noexcept { return window_.size(); }

  // Returns the least-squares line through the window. The sums are exact integers; only the result is
  // rounded.
  //
  // Cost:   O(observations).
  // Errors: FailedPrecondition with fewer than two observations, or if the rates of the two clocks
  //         differ by more than a tenth.
  [[nodiscard]] absl::StatusOr<CalibratedLine> line() const {
    const auto n = static_cast<std::int64_t>(window_.size());
    if (n < 2) {
      return absl::FailedPreconditionError("a line needs two observations, and there are " +
                                           std::to_string(n));
    }
    // At most 2^10 observations of at most 2^48 ns: each sum and product is less than 2^120.
    Int128 x = 0, y = 0, xx = 0, xy = 0;
    for (const ClockObservation& o : window_) {
      x += elapsed(o);
      y += gain(o);
      xx += Int128{elapsed(o)} * elapsed(o);
      xy += Int128{elapsed(o)} * gain(o);
    }
    const Int128 spread = n * xx - x * x;  // positive: the local times differ
    const Int128 slope = n * xy - x * y;
    if (slope > spread / 10 || slope < -(spread / 10)) {
      return absl::FailedPreconditionError(
          "the two clocks run at rates that differ by more than a tenth");
    }
    CalibratedLine line;
    line.observations = window_.size();
    line.first = window_.front().local;
    line.last = window_.back().local;
    line.rate = divide_scaled(slope, spread);
    const std::int64_t middle = divide_rounding(x, n);
    line.local = line.first + std::chrono::nanoseconds(middle);
    line.reference = saturating_add(window_.front().reference,
                                    std::chrono::nanoseconds(middle + divide_rounding(y, n)));
    add_bounds(line);
    return line;
  }

 private:
  using Int128 = internal::Int128;

  [[nodiscard]] bool spans_little() const noexcept {
    return saturating_difference(window_.back().local, window_.front().local) <= kLongestSpan &&
           saturating_difference(window_.back().reference, window_.front().reference) <=
               kLongestSpan;
  }

  // Both count from the oldest observation, so that the sums stay small.
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

  // Returns n / d in units of 10^-15, three digits at a time. Requires |n| <= d / 10.
  static constexpr std::int64_t divide_scaled(Int128 n, Int128 d) noexcept {
    Int128 quotient = 0;
    for (int i = 0; i < 5; ++i) {
      n *= 1'000;
      quotient = quotient * 1'000 + n / d;
      n %= d;
    }
    return static_cast<std::int64_t>(quotient);
  }

  void add_bounds(CalibratedLine& line) const {
    using std::chrono::nanoseconds;
    nanoseconds worst{}, longest{};
    for (std::size_t i = 0; i < window_.size(); ++i) {
      const ClockObservation& o = window_[i];
      const nanoseconds residual =
          std::chrono::abs(saturating_difference(o.reference, line.at(o.local).utc));
      worst = std::max(worst, saturating_add(residual, o.error));
      if (i > 0) longest = std::max(longest, o.local - window_[i - 1].local);
    }
    worst = saturating_add(worst, nanoseconds(2));  // the line and the conversion are rounded
    // Between two observations the truth may bend away from the line and back.
    line.bound = saturating_add(worst, drifted(longest / 2 + nanoseconds(1), options_.wander));
    // Both ends may be off by the worst, in opposite directions.
    constexpr std::int64_t kBillion = 1'000'000'000;
    const std::int64_t span = line.span().count();
    line.growth.parts_per_billion =
        internal::saturate((Int128{worst.count()} * 2 * kBillion + span - 1) / span +
                           options_.wander.parts_per_billion);
  }

  CalibrationOptions options_;
  std::deque<ClockObservation> window_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_AFFINE_CALIBRATION_H_
