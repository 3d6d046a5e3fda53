// The machine's own clocks: the one place of this library that reads them.
//
// UTC is CLOCK_REALTIME, disciplined or not by whatever runs on this machine. The steady timeline
// is CLOCK_MONOTONIC: slewed with UTC, never stepped, and standing still while the machine sleeps.
//
// From the first subscription on, one thread waits for the kernel to say that the clock was set and
// announces the jump, and whether it was a step, a leap second or that the machine slept. A program
// that never subscribes never has that thread.
#ifndef MASTERCLOCK_TIME_SYSTEM_TIME_SOURCE_H_
#define MASTERCLOCK_TIME_SYSTEM_TIME_SOURCE_H_

#include "masterclock/version.h"

#include <time.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "masterclock/time/internal/classify_jump.h"
#include "masterclock/time/internal/clock_step_watcher.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

class SystemTimeSource final : public TimeSource {
 public:
  // The process's one instance. It is never destroyed, so a thread that still reads the clock while
  // the process exits is safe.
  static SystemTimeSource& shared() {
    static SystemTimeSource* const source = new SystemTimeSource();
    return *source;
  }

  SystemTimeSource() = default;

  // Threads: any.  Cost: one clock_gettime, in user space on Linux (vDSO).
  [[nodiscard]] UtcTime now_utc() const noexcept override { return UtcTime(read_clock(CLOCK_REALTIME)); }

  // Threads: any.  Cost: as above.
  [[nodiscard]] SteadyTime now_steady() const noexcept override {
    return SteadyTime(read_clock(CLOCK_MONOTONIC));
  }

  // Cost: a quarter of a reading on Linux.
  [[nodiscard]] UtcTime now_utc_coarse() const noexcept override {
#if defined(CLOCK_REALTIME_COARSE)
    return UtcTime(read_clock(CLOCK_REALTIME_COARSE));
#else
    return now_utc();
#endif
  }

  // The step in which the kernel says it counts UTC: a nanosecond where it has good timers.
  //
  // Threads: any.
  [[nodiscard]] static std::chrono::nanoseconds resolution() noexcept {
    timespec step{};
    ::clock_getres(CLOCK_REALTIME, &step);
    return std::chrono::nanoseconds(std::int64_t{step.tv_sec} * 1'000'000'000 + step.tv_nsec);
  }

  // CLOCK_TAI as the kernel has it: CLOCK_REALTIME where nobody told the kernel the offset, which
  // this does not check. `ptp_time_of_day` does. UTC's reading elsewhere than on Linux.
  //
  // Threads: any.  Cost: as a reading of UTC.
  [[nodiscard]] static TaiTime read_clock_tai() noexcept {
#if defined(CLOCK_TAI)
    return TaiTime(read_clock(CLOCK_TAI));
#else
    return TaiTime(read_clock(CLOCK_REALTIME));
#endif
  }

  // Threads: any; the listener runs on the watching thread, which the first subscription starts.
  TimeSubscription subscribe(TimeListener listener) override {
    {
      const std::lock_guard lock(mutex_);
      if (watcher_ == nullptr) {
        offset_ = read_offset();
        slept_ = read_slept();
        watcher_ = std::make_unique<internal::ClockStepWatcher>([this] { on_clock_set(); });
      }
    }
    return TimeSource::subscribe(std::move(listener));
  }

 private:
  static std::chrono::nanoseconds read_clock(clockid_t clock) noexcept {
    timespec now;
    ::clock_gettime(clock, &now);
    return std::chrono::nanoseconds(std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
  }

  // How far UTC stands from the steady clock: what a step changes, and nothing else does.
  static std::chrono::nanoseconds read_offset() noexcept {
    return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
  }

  // How long the machine has slept since it was started.
  static std::chrono::nanoseconds read_slept() noexcept {
#if defined(CLOCK_BOOTTIME)
    return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC);
#else
    return {};
#endif
  }

  void on_clock_set() {
    const std::chrono::nanoseconds offset = read_offset(), slept_by_now = read_slept();
    const std::chrono::nanoseconds jumped = offset - std::exchange(offset_, offset);
    const std::chrono::nanoseconds slept = slept_by_now - std::exchange(slept_, slept_by_now);
    const UtcTime to = now_utc();
    const UtcTime from = to - jumped;
    // Two readings a moment apart are no sleep.
    const bool asleep = slept > std::chrono::milliseconds(1);
    announce({internal::classify_jump(from, to, asleep ? slept : std::chrono::nanoseconds(0)), from, to});
  }

  std::mutex mutex_;                   // guards watcher_
  std::chrono::nanoseconds offset_{};  // the watching thread's alone once that has started,
  std::chrono::nanoseconds slept_{};   // and so is this
  std::unique_ptr<internal::ClockStepWatcher> watcher_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_SYSTEM_TIME_SOURCE_H_
