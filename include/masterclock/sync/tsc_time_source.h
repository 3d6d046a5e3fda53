// Reads the machine's clocks by the time stamp counter, at less cost than a call of the kernel's clock.
//
// The kernel computes its clocks as lines over the same counter, and changes the lines as a daemon
// disciplines them. `refresh` measures the lines; a SyncThread calls `refresh` every 50 ms. A line
// expires after a second without refresh: readings are then the kernel's until the next refresh.
//
// On one thread neither timeline runs backward, except when UTC is set back: the next refresh follows and
// announces the step. The source refreshes at once when the kernel's source announces a change. A
// DisciplinedTimeSource over this source holds a step back.
//
// Between threads TscOrdering decides:
//
//   kUnordered  A reading does not wait for the thread's earlier loads. A thread that received another
//               thread's reading may read earlier than that, by at most the latency of the load that
//               received it. `bench/tsc_error` fails above a microsecond. The cost is the same for any
//               number of readers.
//   kOrdered    A reading waits for those loads, so it is not earlier than a reading that the thread
//               received. It costs about as much as the kernel's own call.
//
// Both guarantees require that the counters of the cores agree, like the kernel's clocks.
//
// Threads: any.
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

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "masterclock/internal/printable.h"
#include "masterclock/sync/internal/tsc_calibration.h"
#include "masterclock/sync/internal/tsc_counter.h"
#include "masterclock/sync/internal/tsc_line.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Says whether readings are ordered between threads.
enum class TscOrdering { kUnordered, kOrdered };

[[nodiscard]] inline std::string to_string(TscOrdering ordering) {
  return internal::name_of(ordering, {"unordered", "ordered"});
}

struct TscOptions {
  TscOrdering ordering = TscOrdering::kUnordered;
};

struct CalibrationStats {
  bool calibrated = false;                   // if false, readings are the kernel's
  std::chrono::nanoseconds largest_error{};  // of either timeline, among the last 16 samples
  std::uint64_t accepted = 0, rejected = 0, steps = 0, gaps = 0;  // of samples
};

// `Counter` is TscCounter, except in tests.
template <class Counter>
class BasicTscTimeSource final : public TimeSource {
 public:
  // A SyncThread refreshes this source at this interval by default.
  static constexpr std::chrono::nanoseconds kRefreshInterval = std::chrono::milliseconds(50);

  // Makes a source over `kernel`, which must outlive the source. Readings are the kernel's until `refresh`.
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

  // Returns the largest distance of a reading from the kernel's, on either timeline, until the line
  // expires. Zero while readings are the kernel's. BoundedClock adds it to the provider's bound.
  [[nodiscard]] std::chrono::nanoseconds error_bound() const noexcept override {
    const std::lock_guard lock(mutex_);
    return calibration_.calibrated() ? calibration_.error_bound() : std::chrono::nanoseconds(0);
  }

  // Measures the kernel's clocks and renews the line. Returns false and keeps the line if every sample was
  // preempted. Announces a step of UTC on the calling thread.
  //
  // Cost: about 16 readings of the kernel's clocks.
  bool refresh() { return refresh(std::nullopt); }

  [[nodiscard]] CalibrationStats stats() const {
    const std::lock_guard lock(mutex_);
    CalibrationStats stats = stats_;
    stats.calibrated = calibration_.calibrated();
    stats.largest_error = calibration_.largest_error();
    stats.gaps = calibration_.gaps();
    return stats;
  }

  [[nodiscard]] TimeSource& kernel() const noexcept { return kernel_; }

 private:
  enum class Timeline { kUtc, kSteady };

  // An unordered count may be early by less than this many ticks.
  static constexpr std::uint64_t kEarly = std::uint64_t{1} << 20;

  BasicTscTimeSource(TimeSource& kernel, TscOptions options, Counter counter)
      : kernel_(kernel),
        ordering_(options.ordering),
        counter_(std::move(counter)),
        changes_(kernel.subscribe([this](const TimeChange& change) {
          if (change.kind != TimeChange::Kind::kAdvance) refresh(change.kind);
        })) {}

  // Returns a count that is not less than this thread's last. Two unordered counts of one thread may be
  // executed in either order.
  [[nodiscard]] std::uint64_t count() const noexcept {
    if (ordering_ == TscOrdering::kOrdered) return counter_.read_in_order();
    static thread_local std::uint64_t last = 0;
    const std::uint64_t ticks = counter_.read();
    if (last - ticks < kEarly) [[unlikely]]
      return last;
    return last = ticks;
  }

  // Reads under a sequence lock like internal/seqlock.h, but only the words of one timeline, for speed.
  template <Timeline kTimeline>
  [[nodiscard]] std::int64_t now() const noexcept {
    constexpr bool kIsUtc = kTimeline == Timeline::kUtc;
    for (;;) {
      const std::uint64_t version = published_.version.load(std::memory_order_acquire);
      const std::uint64_t ticks = count();
      const std::uint64_t anchor = published_.anchor.load(std::memory_order_acquire);
      const std::uint64_t good_for = published_.good_for.load(std::memory_order_acquire);
      const std::uint64_t rate = published_.rate.load(std::memory_order_acquire);
      const internal::TscTrack track = {
          (kIsUtc ? published_.utc : published_.steady).load(std::memory_order_acquire),
          (kIsUtc ? published_.utc_ahead : published_.steady_ahead)
              .load(std::memory_order_acquire)};
      // Loaded after the count: if the version is the same, the count precedes the next line.
      const std::uint64_t then =
          counter_.after(ticks, published_.version).load(std::memory_order_acquire);
      if (then != version || version % 2 != 0) [[unlikely]]
        continue;
      if (ticks - anchor < good_for) [[likely]]
        return track.after(internal::ticks_to_ns(ticks - anchor, rate));
      // Counted just before this line began.
      if (good_for != 0 && anchor - ticks < kEarly) return track.after(0);
      const std::int64_t end = track.after(internal::ticks_to_ns(good_for, rate));
      const std::int64_t kernel = kIsUtc ? kernel_.now_utc().time_since_epoch().count()
                                         : kernel_.now_steady().time_since_epoch().count();
      const std::uint64_t later = counter_.read_in_order();
      if (counter_.after(later, published_.version).load(std::memory_order_acquire) == version) {
        return std::max(kernel, end);
      }
    }
  }

  // Announces a step with the kind `because`, else with the kind that the samples show.
  bool refresh(std::optional<TimeChange::Kind> because) {
    std::optional<TimeChange> step;
    {
      const std::lock_guard lock(mutex_);
      if (!calibration_.add(internal::take_tsc_sample(counter_, kernel_))) {
        ++stats_.rejected;
        return false;
      }
      ++stats_.accepted;
      publish();
      step = calibration_.step();
      if (step) ++stats_.steps;
    }
    if (step) announce({because.value_or(step->kind), step->from, step->to});
    return true;
  }

  // The new line begins after each count that a reader combines with the old line.
  void publish() noexcept {
    published_.version.fetch_add(1, std::memory_order_seq_cst);
    const internal::TscLine& line = calibration_.renew(counter_, kernel_);
    published_.anchor.store(line.anchor, std::memory_order_release);
    published_.good_for.store(line.good_for, std::memory_order_release);
    published_.rate.store(line.rate, std::memory_order_release);
    published_.utc.store(line.utc.begin, std::memory_order_release);
    published_.utc_ahead.store(line.utc.ahead, std::memory_order_release);
    published_.steady.store(line.steady.begin, std::memory_order_release);
    published_.steady_ahead.store(line.steady.ahead, std::memory_order_release);
    published_.version.fetch_add(1, std::memory_order_release);
  }

  // A TscLine in one cache line.
  struct alignas(64) Published {
    std::atomic<std::uint64_t> version{0};  // odd while the line is being replaced
    std::atomic<std::uint64_t> anchor{0}, good_for{0}, rate{0};
    std::atomic<std::int64_t> utc{internal::TscTrack().begin}, utc_ahead{0};
    std::atomic<std::int64_t> steady{internal::TscTrack().begin}, steady_ahead{0};
  };
  Published published_;

  alignas(64) TimeSource& kernel_;
  const TscOrdering ordering_;
  const Counter counter_;

  mutable std::mutex mutex_;  // guards the two members below
  internal::TscCalibration calibration_;
  CalibrationStats stats_;

  const TimeSubscription changes_;  // last: ends before what its listener uses
};

using TscTimeSource = BasicTscTimeSource<TscCounter>;

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_TSC_TIME_SOURCE_H_
