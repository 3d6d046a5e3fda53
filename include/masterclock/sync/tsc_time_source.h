// Reads the machine's clocks by the time stamp counter, for less than half the price of the kernel's call.
//
// The kernel's clocks are lines over the same counter, which the kernel bends as a daemon disciplines
// them. `refresh` measures those lines again; a SyncThread calls it every 50 ms. A line that was not
// renewed for a second expires: readings are then the kernel's until the next refresh.
//
// On one thread neither timeline runs backward. If the kernel's UTC is set, the next refresh follows and
// announces the step. The source refreshes at once when the kernel's source announces the change. A
// DisciplinedTimeSource over this source holds a step back.
//
// Between threads TscOrdering decides:
//
//   kUnordered  A reading does not wait for the thread's earlier loads. A thread that received another
//               thread's reading may read earlier than that, by the time of one load from memory: less
//               than a microsecond. The cost is the same for any number of readers.
//   kOrdered    A reading waits for those loads, so it is not earlier than a reading that the thread
//               received. It costs about as much as the kernel's own call.
//
// Both hold as far as the counters of the cores agree. `bench/tsc_error` measures the two and the kernel's
// clocks alike.
//
// Threads: any, for every member.
//
// ## Example
//
//   auto source = masterclock::TscTimeSource::make();
//   if (source.ok()) {  // else the status names what this machine lacks: use SystemTimeSource
//     masterclock::SyncThread refreshing(**source);
//     refreshing.start();
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
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "masterclock/internal/printable.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/sync/internal/tsc_counter.h"
#include "masterclock/sync/internal/tsc_line.h"
#include "masterclock/sync/internal/tsc_sample.h"
#include "masterclock/time/internal/classify_jump.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Says whether readings are ordered between threads: see above.
enum class TscOrdering { kUnordered, kOrdered };

[[nodiscard]] inline std::string to_string(TscOrdering ordering) {
  return ordering == TscOrdering::kUnordered ? "unordered" : "ordered";
}

struct TscOptions {
  TscOrdering ordering = TscOrdering::kUnordered;

  // The kernel may change its clock's rate by this much in a second. The error bound includes it; a
  // daemon at rest changes the rate by far less.
  DriftRate wander = drift_ppm(1);
};

struct CalibrationStats {
  bool calibrated = false;             // if false, readings are the kernel's
  std::chrono::nanoseconds bracket{};  // of the last accepted sample
  std::chrono::nanoseconds
      error{};  // UTC of the source less the kernel's, before the last correction
  std::chrono::nanoseconds largest{};  // absolute error of either timeline among the last 16
  std::uint64_t accepted = 0, rejected = 0, steps = 0, gaps = 0;
};

// `Counter` is TscCounter, except in tests.
template <class Counter>
class BasicTscTimeSource final : public TimeSource {
 public:
  // How often a SyncThread refreshes this source by default.
  static constexpr std::chrono::nanoseconds kRefreshInterval = std::chrono::milliseconds(50);

  // Makes a source over `kernel`, which must outlive it. It is not calibrated yet.
  //
  // Errors: Unimplemented or FailedPrecondition if this machine has no counter that can be trusted.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<BasicTscTimeSource>> make(
      TimeSource& kernel = SystemTimeSource::shared(), TscOptions options = {},
      Counter counter = {}) {
    if (absl::Status status = counter.available(); !status.ok()) return status;
    return std::unique_ptr<BasicTscTimeSource>(
        new BasicTscTimeSource(kernel, options, std::move(counter)));
  }

  // Cost: a reading of the counter.
  [[nodiscard]] UtcTime now_utc() const noexcept override {
    return UtcTime(std::chrono::nanoseconds(now<Timeline::kUtc>()));
  }
  [[nodiscard]] SteadyTime now_steady() const noexcept override {
    return SteadyTime(std::chrono::nanoseconds(now<Timeline::kSteady>()));
  }

  // Returns the largest distance of a reading, of either timeline, from the kernel's until this
  // calibration expires: the measured error, half the bracket, and the possible change of the rate. Zero
  // while readings are the kernel's. BoundedClock adds it to the provider's bound.
  [[nodiscard]] std::chrono::nanoseconds error_bound() const noexcept override {
    const std::lock_guard lock(mutex_);
    return stats_.calibrated ? bound_ : std::chrono::nanoseconds(0);
  }

  // Compares with the kernel's clocks and renews the line. Returns false and keeps the line if every
  // bracket was too wide. Announces a step of UTC on the calling thread.
  //
  // Cost: about 16 readings of the kernel's clocks.
  bool refresh() { return refresh(std::nullopt); }

  [[nodiscard]] CalibrationStats stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

  [[nodiscard]] TimeSource& kernel() const noexcept { return kernel_; }

 private:
  enum class Timeline { kUtc, kSteady };
  using Sample = internal::TscSample;
  using Line = internal::TscLine;

  static constexpr std::chrono::nanoseconds kExpiresAfter = std::chrono::seconds(1);
  static constexpr std::chrono::nanoseconds kWidestBracket = std::chrono::nanoseconds(250);
  // Over a shorter baseline the rate would be a guess.
  static constexpr std::chrono::nanoseconds kShortestBaseline = std::chrono::milliseconds(100);
  // A larger movement of UTC against the steady clock is a step.
  static constexpr std::chrono::nanoseconds kStep = std::chrono::microseconds(10);
  // An unordered count may be early by less than this many ticks.
  static constexpr std::uint64_t kEarly = std::uint64_t{1} << 20;

  BasicTscTimeSource(TimeSource& kernel, TscOptions options, Counter counter)
      : kernel_(kernel),
        options_(options),
        counter_(std::move(counter)),
        changes_(kernel.subscribe([this](const TimeChange& change) {
          if (change.kind != TimeChange::Kind::kAdvance) refresh(change.kind);
        })) {}

  // Returns a count that is not less than this thread's last. Two unordered counts of one thread may be
  // executed in either order.
  [[nodiscard]] std::uint64_t count() const noexcept {
    if (options_.ordering == TscOrdering::kOrdered) return counter_.read_in_order();
    static thread_local std::uint64_t last = 0;
    const std::uint64_t ticks = counter_.read();
    if (last - ticks < kEarly) [[unlikely]]
      return last;
    return last = ticks;
  }

  template <Timeline kLine>
  [[nodiscard]] std::int64_t now() const noexcept {
    constexpr bool kIsUtc = kLine == Timeline::kUtc;
    for (;;) {
      const std::uint64_t version = published_.version.load(std::memory_order_acquire);
      const std::uint64_t ticks = count();
      const std::uint64_t anchor = published_.anchor.load(std::memory_order_acquire);
      const std::uint64_t good_for = published_.good_for.load(std::memory_order_acquire);
      const std::uint64_t rate = published_.rate.load(std::memory_order_acquire);
      const std::int64_t begin =
          (kIsUtc ? published_.utc : published_.steady).load(std::memory_order_acquire);
      const std::int64_t ahead =
          (kIsUtc ? published_.utc_ahead : published_.steady_ahead).load(std::memory_order_acquire);
      // This load comes after the count. An equal version means that the count precedes the next line.
      const std::uint64_t then =
          counter_.after(ticks, published_.version).load(std::memory_order_acquire);
      if (then != version || version % 2 != 0) [[unlikely]]
        continue;
      if (ticks - anchor < good_for) [[likely]]
        return internal::on_tsc_line(begin, ahead, internal::ticks_to_ns(ticks - anchor, rate));
      // Counted just before this line was published.
      if (good_for != 0 && anchor - ticks < kEarly) return internal::on_tsc_line(begin, ahead, 0);
      const std::int64_t end =
          internal::on_tsc_line(begin, ahead, internal::ticks_to_ns(good_for, rate));
      const std::int64_t kernel = kIsUtc ? kernel_.now_utc().time_since_epoch().count()
                                         : kernel_.now_steady().time_since_epoch().count();
      const std::uint64_t later = counter_.read_in_order();
      if (counter_.after(later, published_.version).load(std::memory_order_acquire) == version) {
        return std::max(kernel, end);
      }
    }
  }

  // Announces a step with the kind `because`, or else with the kind that the samples show.
  bool refresh(std::optional<TimeChange::Kind> because) {
    std::optional<TimeChange> step;
    {
      const std::lock_guard lock(mutex_);
      const std::optional<Sample> sample = internal::take_tsc_sample(counter_, kernel_);
      if (sample) rate_.suppose(sample->rough_rate);
      if (!sample || rate_.ns(sample->width) > kWidestBracket.count()) {
        ++stats_.rejected;
        return false;
      }
      ++stats_.accepted;
      step = renew(*sample, because);
    }
    if (step) announce(*step);
    return true;
  }

  // Puts the line through `sample`. Returns the step of UTC since the last sample, if any.
  std::optional<TimeChange> renew(Sample sample, std::optional<TimeChange::Kind> because) {
    const bool gap = last_sample_ && is_gap(sample);
    if (gap) rate_.forget_samples();
    const std::optional<std::uint64_t> rate = rate_.add(sample, kShortestBaseline);
    sample.utc -= rate_.ns(sample.utc_later);
    const std::int64_t offset = internal::wrapping_difference(sample.utc, sample.steady);
    const std::int64_t moved = last_sample_ ? internal::wrapping_difference(offset, offset_) : 0;
    std::optional<TimeChange> step;
    if (moved > kStep.count() || moved < -kStep.count()) {
      const UtcTime to{std::chrono::nanoseconds(sample.utc)};
      const UtcTime from = saturating_add(to, -std::chrono::nanoseconds(moved));
      const TimeChange::Kind seen = internal::classify_jump(from, to, asleep_since_last(sample));
      step = TimeChange{because.value_or(seen), from, to};
    } else if (!gap && line_.alive_at(sample.ticks)) {
      measure(sample);
    }
    stats_.steps += step ? 1 : 0;
    stats_.gaps += gap ? 1 : 0;
    last_sample_ = sample;
    offset_ = offset;
    publish(sample, rate, step.has_value());
    stats_.calibrated = line_.good_for != 0;
    stats_.bracket = std::chrono::nanoseconds(rate_.ns(sample.width));
    return step;
  }

  // Returns true if the measured rate no longer holds: the last sample is too old, or counter and clock
  // disagree by more than a daemon ever slews, as after a suspend.
  [[nodiscard]] bool is_gap(const Sample& sample) const noexcept {
    const std::int64_t elapsed = internal::wrapping_difference(sample.steady, last_sample_->steady);
    if (sample.ticks <= last_sample_->ticks || elapsed < 0) return true;
    if (elapsed > kExpiresAfter.count()) return true;
    if (!rate_.measured()) return false;
    const std::int64_t counted = rate_.ns(sample.ticks - last_sample_->ticks);
    const std::int64_t tolerance = elapsed / 512 + 1'000;
    return counted < elapsed - tolerance || counted > elapsed + tolerance;
  }

  // Returns for how long the steady clock stood still while the counter went on.
  [[nodiscard]] std::chrono::nanoseconds asleep_since_last(const Sample& sample) const noexcept {
    if (!rate_.measured() || sample.ticks <= last_sample_->ticks) return {};
    const std::int64_t counted = rate_.ns(sample.ticks - last_sample_->ticks);
    const std::int64_t stood_still = internal::wrapping_difference(
        counted, internal::wrapping_difference(sample.steady, last_sample_->steady));
    return std::chrono::nanoseconds(stood_still > 1'000'000 ? stood_still : 0);
  }

  // Records the error of the line that is about to be replaced.
  void measure(const Sample& sample) noexcept {
    const auto error = [passed = line_.passed_at(sample.ticks)](
                           std::int64_t begin, std::int64_t ahead, std::int64_t true_time) {
      return internal::wrapping_difference(internal::on_tsc_line(begin, ahead, passed), true_time);
    };
    const std::int64_t utc = error(line_.utc, line_.utc_ahead, sample.utc);
    const std::int64_t steady = error(line_.steady, line_.steady_ahead, sample.steady);
    stats_.error = std::chrono::nanoseconds(utc);
    errors_[errors_seen_++ % errors_.size()] = std::max(std::abs(utc), std::abs(steady));
    stats_.largest = std::chrono::nanoseconds(*std::max_element(errors_.begin(), errors_.end()));
  }

  void publish(const Sample& sample, std::optional<std::uint64_t> rate, bool stepped) noexcept {
    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kRoom = std::int64_t{1} << 50;  // no sum below leaves the range
    const auto fits = [](std::int64_t t) { return kMin + kRoom < t && t < kMax - kRoom; };
    published_.version.fetch_add(1, std::memory_order_seq_cst);
    // Later than each reading of the old line that a reader accepts.
    const std::uint64_t now = counter_.read_in_order();
    const std::uint64_t passed = line_.passed_at(now);
    std::int64_t utc = internal::on_tsc_line(line_.utc, line_.utc_ahead, passed);
    std::int64_t steady = internal::on_tsc_line(line_.steady, line_.steady_ahead, passed);
    if (!line_.alive_at(now)) {  // readings were the kernel's
      utc = std::max<std::int64_t>(utc, kernel_.now_utc().time_since_epoch().count());
      steady = std::max<std::int64_t>(steady, kernel_.now_steady().time_since_epoch().count());
    }
    if (stepped) utc = kMin;
    Line next{now, 0, rate_.value(), utc, 0, steady, 0};
    if (rate && now >= sample.ticks && fits(sample.utc) && fits(sample.steady)) {
      const auto since =
          static_cast<std::int64_t>(internal::ticks_to_ns(now - sample.ticks, *rate));
      next.utc = sample.utc + since;
      next.steady = sample.steady + since;
      const auto ahead = [](std::int64_t old, std::int64_t begin) {
        return std::max<std::int64_t>(internal::wrapping_difference(old, begin), 0);
      };
      next.utc_ahead = stepped ? 0 : ahead(utc, next.utc);
      next.steady_ahead = ahead(steady, next.steady);
      next.good_for = internal::ns_to_ticks(std::uint64_t{kExpiresAfter.count()}, *rate);
      bound_ = bound(sample, next);
    }
    line_ = next;
    published_.anchor.store(next.anchor, std::memory_order_release);
    published_.good_for.store(next.good_for, std::memory_order_release);
    published_.rate.store(next.rate, std::memory_order_release);
    published_.utc.store(next.utc, std::memory_order_release);
    published_.utc_ahead.store(next.utc_ahead, std::memory_order_release);
    published_.steady.store(next.steady, std::memory_order_release);
    published_.steady_ahead.store(next.steady_ahead, std::memory_order_release);
    published_.version.fetch_add(1, std::memory_order_release);
  }

  [[nodiscard]] std::chrono::nanoseconds bound(const Sample& sample,
                                               const Line& line) const noexcept {
    const std::int64_t half_bracket = rate_.ns(sample.width) / 2 + 1;
    const auto spread =
        static_cast<std::int64_t>(rate_.error() * static_cast<double>(kExpiresAfter.count()));
    const std::int64_t ahead = std::max(line.utc_ahead, line.steady_ahead);
    return std::chrono::nanoseconds(half_bracket + ahead + spread + 1) + stats_.largest +
           drifted(kExpiresAfter, options_.wander);
  }

  // The line as readers see it, in one cache line.
  struct alignas(64) Published {
    std::atomic<std::uint64_t> version{0};  // odd while the line is being replaced
    std::atomic<std::uint64_t> anchor{0}, good_for{0}, rate{0};
    std::atomic<std::int64_t> utc{std::numeric_limits<std::int64_t>::min()}, utc_ahead{0};
    std::atomic<std::int64_t> steady{std::numeric_limits<std::int64_t>::min()}, steady_ahead{0};
  };
  Published published_;

  alignas(64) TimeSource& kernel_;
  const TscOptions options_;
  const Counter counter_;

  mutable std::mutex mutex_;  // guards the members below, except changes_
  Line line_;                 // as published
  internal::TscRate rate_;
  std::optional<Sample> last_sample_;
  std::int64_t offset_ = 0;  // UTC less the steady clock, at the last sample
  std::array<std::int64_t, 16> errors_{};
  std::size_t errors_seen_ = 0;
  std::chrono::nanoseconds bound_{};
  CalibrationStats stats_;

  const TimeSubscription changes_;  // last: ends before what its listener uses
};

using TscTimeSource = BasicTscTimeSource<TscCounter>;

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_TSC_TIME_SOURCE_H_
