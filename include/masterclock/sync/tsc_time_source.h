// The machine's clocks read by its time stamp counter, at half the price of asking the kernel.
//
// The kernel's own clocks are a line over the same counter, which it bends as a daemon disciplines
// it. `calibrate()` finds that line by reading counter, kernel clock, counter: of a few tries the
// narrowest counts, and none that took too long. It is to be called every 50 ms or so from a thread that
// may wait; TscCalibrator is one. A line that was not renewed for `expires_after` is not used any more:
// readings are the kernel's own until the next calibration, which begins anew after such a gap.
//
// Neither timeline runs backward, on one thread or between two, as far as the cores' counters agree. On a
// virtual machine they have been seen not to, for moments, by more than it takes to hand a count from
// one thread to the other; the kernel's own clocks are read by the same counters. `bench/tsc_error` passes
// all of them around and compares. The exception is a UTC that the kernel was set back itself: the
// next calibration follows it and announces the step, as it does one forward. A
// DisciplinedTimeSource on top holds such a step back.
//
// While one thread alone reads, a reading does not wait for the loads before it. From the moment a
// second thread reads, all do: only so is a reading later than one that another thread has passed on.
//
// Threads: any, for every member.
//
// ## Example
//
//   auto source = masterclock::TscTimeSource::make();
//   if (source.ok()) {  // else it says what this machine lacks: use SystemTimeSource
//     masterclock::TscCalibrator keep(**source);
//     masterclock::MasterClock clock(**source);
//     const auto now = clock.now_utc();
//     assert(clock.now_utc() >= now);
//   }
#ifndef MASTERCLOCK_SYNC_TSC_TIME_SOURCE_H_
#define MASTERCLOCK_SYNC_TSC_TIME_SOURCE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "masterclock/sync/drift_rate.h"
#include "masterclock/sync/internal/tsc_readers.h"
#include "masterclock/sync/internal/tsc_sample.h"
#include "masterclock/sync/internal/tsc_counter.h"
#include "masterclock/sync/internal/tsc_line.h"
#include "masterclock/time/internal/classify_jump.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Threads: a plain value.
struct TscOptions {
  std::chrono::nanoseconds expires_after = std::chrono::seconds(1);
  std::chrono::nanoseconds widest_bracket = std::chrono::nanoseconds(250);
  // No line before samples lie this far apart: the rate would be a guess.
  std::chrono::nanoseconds shortest_baseline = std::chrono::milliseconds(100);

  // How much the kernel may change its clock's rate between two calibrations: what the error bound
  // counts on. A daemon at rest changes it by far less.
  DriftRate wander = drift_ppm(1);

  // UTC that moved against the steady clock by more than this was set.
  std::chrono::nanoseconds step = std::chrono::microseconds(10);
};

// How the calibration goes. Threads: a plain value.
struct TscFit {
  bool calibrated = false;             // else readings are the kernel's own
  std::chrono::nanoseconds bracket{};  // of the last one accepted
  std::chrono::nanoseconds error{};    // source less kernel in UTC, before it was corrected
  std::chrono::nanoseconds largest{};  // of the last 16 such, of either timeline, either way
  std::uint64_t accepted = 0, rejected = 0, steps = 0, gaps = 0;
};

template <class Counter>
class BasicTscTimeSource final : public TimeSource {
 public:
  // A source over `kernel`, which must outlive it. It is not calibrated yet.
  //
  // Errors: as `Counter::available` says.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<BasicTscTimeSource>> make(
      TimeSource& kernel = SystemTimeSource::shared(), TscOptions options = {},
      Counter counter = {}) {
    if (absl::Status status = counter.available(); !status.ok()) return status;
    return std::unique_ptr<BasicTscTimeSource>(
        new BasicTscTimeSource(kernel, options, std::move(counter)));
  }

  // Cost: one reading of the counter.
  [[nodiscard]] UtcTime now_utc() const noexcept override {
    return UtcTime(std::chrono::nanoseconds(now<Timeline::kUtc>()));
  }
  [[nodiscard]] SteadyTime now_steady() const noexcept override {
    return SteadyTime(std::chrono::nanoseconds(now<Timeline::kSteady>()));
  }

  // Compares with the kernel and mends the line. False when no bracket was narrow enough: the line
  // stays as it is. A jump of UTC is announced on this thread, as of the kind `because`, or else as
  // what can be seen of it: a leap second by its size and its hour, a sleep where the counter went on.
  //
  // Cost: about 16 readings of the kernel's clocks.
  bool calibrate(std::optional<TimeChange::Kind> because = std::nullopt) {
    std::optional<TimeChange> step;
    {
      const std::lock_guard lock(mutex_);
      const std::optional<Sample> sample = internal::take_tsc_sample(counter_, kernel_);
      if (sample) rate_.suppose(sample->rough_rate);
      if (!sample || rate_.ns(sample->width) > options_.widest_bracket.count()) {
        ++fit_.rejected;
        return false;
      }
      ++fit_.accepted;
      renew(*sample, because, step);
    }
    if (step) announce(*step);
    return true;
  }

  [[nodiscard]] TscFit fit() const {
    const std::lock_guard lock(mutex_);
    return fit_;
  }

  // How far a reading, of either timeline, may be from the kernel's, until this calibration expires:
  // what was measured, half the bracket it was measured by, and what the rate may do meanwhile.
  // Nought while it is the kernel's own. For an interval over this source add it to the provider's
  // bound, as WidenedSyncProvider does.
  [[nodiscard]] std::chrono::nanoseconds error_bound() const {
    const std::lock_guard lock(mutex_);
    return fit_.calibrated ? bound_ : std::chrono::nanoseconds(0);
  }

  [[nodiscard]] TimeSource& kernel() const noexcept { return kernel_; }

 private:
  enum class Timeline { kUtc, kSteady };

  using Sample = internal::TscSample;

  BasicTscTimeSource(TimeSource& kernel, TscOptions options, Counter counter)
      : kernel_(kernel), options_(options), counter_(std::move(counter)) {}

  template <Timeline kLine>
  [[nodiscard]] std::int64_t now() const noexcept {
    constexpr bool kIsUtc = kLine == Timeline::kUtc;
    for (;;) {
      const std::uint64_t turn = published_.turn.load(std::memory_order_acquire);
      const std::uint64_t ticks = readers_.count(counter_);
      const std::uint64_t anchor = published_.anchor.load(std::memory_order_acquire);
      const std::uint64_t good_for = published_.good_for.load(std::memory_order_acquire);
      const std::uint64_t rate = published_.rate.load(std::memory_order_acquire);
      const std::int64_t begin =
          (kIsUtc ? published_.utc : published_.steady).load(std::memory_order_acquire);
      const std::int64_t ahead =
          (kIsUtc ? published_.utc_ahead : published_.steady_ahead).load(std::memory_order_acquire);
      // The count was taken before this: hence before a line that comes after `turn` begins.
      const std::uint64_t then =
          counter_.after(ticks, published_.turn).load(std::memory_order_acquire);
      if (then != turn || turn % 2 != 0) [[unlikely]]
        continue;
      if (ticks - anchor < good_for) [[likely]]
        return internal::on_tsc_line(begin, ahead, internal::ticks_to_ns(ticks - anchor, rate));
      // Counted just before a line that was published since.
      if (good_for != 0 && anchor - ticks < internal::kTscJustBefore)
        return internal::on_tsc_line(begin, ahead, 0);
      const std::int64_t end =
          internal::on_tsc_line(begin, ahead, internal::ticks_to_ns(good_for, rate));
      const std::int64_t told = kIsUtc ? kernel_.now_utc().time_since_epoch().count()
                                       : kernel_.now_steady().time_since_epoch().count();
      const std::uint64_t later = counter_.read_in_order();
      if (counter_.after(later, published_.turn).load(std::memory_order_acquire) == turn) {
        return std::max(told, end);
      }
    }
  }

  // With the lock held: the line that goes through `sample`, or none yet.
  void renew(Sample sample, std::optional<TimeChange::Kind> because,
             std::optional<TimeChange>& step) {
    const bool gap = last_sample_ && is_gap(sample);
    if (gap) rate_.forget_samples();
    const std::optional<std::uint64_t> rate = rate_.fit(sample, options_.shortest_baseline);
    sample.utc -= rate_.ns(sample.utc_later);
    sample.utc_later = 0;
    const std::int64_t offset = internal::wrapping_difference(sample.utc, sample.steady);
    const std::int64_t moved = last_sample_ ? internal::wrapping_difference(offset, offset_) : 0;
    const bool stepped = moved > options_.step.count() || moved < -options_.step.count();
    if (stepped) {
      const UtcTime to{std::chrono::nanoseconds(sample.utc)};
      const UtcTime from = saturating_add(to, -std::chrono::nanoseconds(moved));
      const TimeChange::Kind seen = internal::classify_jump(from, to, asleep_since_last(sample));
      step = TimeChange{because.value_or(seen), from, to};
    } else if (!gap && line_.alive_at(sample.ticks)) {
      measure(sample);
    }
    fit_.steps += stepped ? 1 : 0;
    fit_.gaps += gap ? 1 : 0;
    last_sample_ = sample;
    offset_ = offset;
    publish(sample, rate, stepped);
    fit_.calibrated = line_.good_for != 0;
    fit_.bracket = std::chrono::nanoseconds(rate_.ns(sample.width));
  }

  // Whether what was known of the rate no longer holds: too long ago, or the counter and the clock
  // disagree by more than a daemon ever slews. A machine that slept is one.
  [[nodiscard]] bool is_gap(const Sample& sample) const noexcept {
    const std::int64_t elapsed = internal::wrapping_difference(sample.steady, last_sample_->steady);
    if (sample.ticks <= last_sample_->ticks || elapsed < 0) return true;
    if (elapsed > options_.expires_after.count()) return true;
    if (!rate_.fitted()) return false;
    const std::int64_t counted = rate_.ns(sample.ticks - last_sample_->ticks);
    const std::int64_t tolerance = elapsed / 512 + 1'000;
    return counted < elapsed - tolerance || counted > elapsed + tolerance;
  }

  // How long the steady clock stood still while the counter went on; nought where that began anew.
  [[nodiscard]] std::chrono::nanoseconds asleep_since_last(const Sample& sample) const noexcept {
    if (!rate_.fitted() || sample.ticks <= last_sample_->ticks) return {};
    const std::int64_t counted = rate_.ns(sample.ticks - last_sample_->ticks);
    const std::int64_t stood_still = internal::wrapping_difference(
        counted, internal::wrapping_difference(sample.steady, last_sample_->steady));
    return std::chrono::nanoseconds(stood_still > 1'000'000 ? stood_still : 0);
  }

  // What the line that is about to be replaced had wrong.
  void measure(const Sample& sample) noexcept {
    const auto error = [passed = line_.passed_at(sample.ticks)](
                           std::int64_t begin, std::int64_t ahead, std::int64_t true_time) {
      return internal::wrapping_difference(internal::on_tsc_line(begin, ahead, passed), true_time);
    };
    const std::int64_t utc = error(line_.utc, line_.utc_ahead, sample.utc);
    const std::int64_t steady = error(line_.steady, line_.steady_ahead, sample.steady);
    fit_.error = std::chrono::nanoseconds(utc);
    errors_[errors_seen_++ % errors_.size()] = std::max(std::abs(utc), std::abs(steady));
    fit_.largest = std::chrono::nanoseconds(*std::max_element(errors_.begin(), errors_.end()));
  }

  void publish(const Sample& sample, std::optional<std::uint64_t> rate, bool stepped) noexcept {
    published_.turn.fetch_add(1, std::memory_order_seq_cst);
    // Later than any reading of the old line that will be accepted.
    const std::uint64_t now = counter_.read_in_order();
    const std::uint64_t passed = line_.passed_at(now);
    std::int64_t utc = internal::on_tsc_line(line_.utc, line_.utc_ahead, passed);
    std::int64_t steady = internal::on_tsc_line(line_.steady, line_.steady_ahead, passed);
    if (!line_.alive_at(now)) {  // readings were the kernel's
      utc = std::max(utc, kernel_.now_utc().time_since_epoch().count());
      steady = std::max(steady, kernel_.now_steady().time_since_epoch().count());
    }
    if (stepped) utc = std::numeric_limits<std::int64_t>::min();
    internal::TscLine next{now, 0, rate_.value(), utc, 0, steady, 0};
    constexpr std::int64_t kRoom = std::int64_t{1} << 50;  // so that no sum leaves the range
    const auto fits = [](std::int64_t t) {
      return std::numeric_limits<std::int64_t>::min() + kRoom < t &&
             t < std::numeric_limits<std::int64_t>::max() - kRoom;
    };
    if (rate && now >= sample.ticks && fits(sample.utc) && fits(sample.steady)) {
      const auto since =
          static_cast<std::int64_t>(internal::ticks_to_ns(now - sample.ticks, *rate));
      next.utc = sample.utc + since;
      next.steady = sample.steady + since;
      next.utc_ahead =
          stepped ? 0 : std::max<std::int64_t>(internal::wrapping_difference(utc, next.utc), 0);
      next.steady_ahead =
          std::max<std::int64_t>(internal::wrapping_difference(steady, next.steady), 0);
      const auto life = static_cast<std::uint64_t>(
          std::clamp<std::int64_t>(options_.expires_after.count(), 0, kRoom / 2));
      next.good_for = internal::ns_to_ticks(life, *rate);
      const auto half = static_cast<std::int64_t>(internal::ticks_to_ns(sample.width, *rate) / 2);
      const std::chrono::nanoseconds spread(
          static_cast<std::int64_t>(rate_.error() * static_cast<double>(life)) + 1);
      bound_ = std::chrono::nanoseconds(half + std::max(next.utc_ahead, next.steady_ahead) + 1) +
               fit_.largest + spread + drifted(std::chrono::nanoseconds(life), options_.wander);
    }
    line_ = next;
    published_.anchor.store(next.anchor, std::memory_order_release);
    published_.good_for.store(next.good_for, std::memory_order_release);
    published_.rate.store(next.rate, std::memory_order_release);
    published_.utc.store(next.utc, std::memory_order_release);
    published_.utc_ahead.store(next.utc_ahead, std::memory_order_release);
    published_.steady.store(next.steady, std::memory_order_release);
    published_.steady_ahead.store(next.steady_ahead, std::memory_order_release);
    published_.turn.fetch_add(1, std::memory_order_release);
  }

  // The line as readers see it, in one cache line.
  struct alignas(64) Published {
    std::atomic<std::uint64_t> turn{0};  // odd while the line is being replaced
    std::atomic<std::uint64_t> anchor{0}, good_for{0}, rate{0};
    std::atomic<std::int64_t> utc{std::numeric_limits<std::int64_t>::min()}, utc_ahead{0};
    std::atomic<std::int64_t> steady{std::numeric_limits<std::int64_t>::min()}, steady_ahead{0};
  };
  Published published_;
  mutable internal::TscReaders readers_;

  alignas(64) TimeSource& kernel_;
  const TscOptions options_;
  const Counter counter_;

  mutable std::mutex mutex_;  // guards what follows
  internal::TscLine line_;    // as published
  internal::TscRate rate_;
  std::optional<Sample> last_sample_;
  std::int64_t offset_ = 0;  // UTC less the steady clock, at the last sample
  std::array<std::int64_t, 16> errors_{};
  std::size_t errors_seen_ = 0;
  std::chrono::nanoseconds bound_{};
  TscFit fit_;
};

using TscTimeSource = BasicTscTimeSource<TscCounter>;

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_TSC_TIME_SOURCE_H_
