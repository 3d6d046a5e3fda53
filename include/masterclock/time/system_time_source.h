// Reads the clocks of the machine. No other code of this library does.
//
// UTC is CLOCK_REALTIME, as the daemon of the machine disciplines it. Steady time is CLOCK_MONOTONIC: it
// is slewed with UTC, is never stepped, and stands still while the machine sleeps.
//
// The first subscription starts one thread. The thread waits until the kernel reports that the clock was
// set. It announces the jump as a step, a leap second or a suspend. On other systems than Linux it
// announces nothing.
#ifndef MASTERCLOCK_TIME_SYSTEM_TIME_SOURCE_H_
#define MASTERCLOCK_TIME_SYSTEM_TIME_SOURCE_H_

#include <time.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

#include "masterclock/time/internal/classify_jump.h"
#include "masterclock/time/internal/clock_step_watcher.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

// Threads: any, for all members. A listener runs on the waiting thread.
// Cost:    a reading is one clock_gettime, in user space on Linux (vDSO).
class SystemTimeSource final : public TimeSource {
 public:
  // Returns the one instance of the process. It is never destroyed, so a thread may read it while the
  // process exits.
  static SystemTimeSource& shared() {
    static SystemTimeSource* const source = new SystemTimeSource();
    return *source;
  }

  SystemTimeSource() = default;

  [[nodiscard]] UtcTime now_utc() const noexcept override {
    return UtcTime(read_clock(CLOCK_REALTIME));
  }
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

  // Returns the resolution of UTC: a nanosecond where the kernel has high-resolution timers.
  [[nodiscard]] static std::chrono::nanoseconds resolution() noexcept {
    timespec step{};
    ::clock_getres(CLOCK_REALTIME, &step);
    return nanoseconds_of(step);
  }

  // Returns CLOCK_TAI. It equals UTC where no daemon sets the kernel's offset, and on other systems than
  // Linux. `ptp_time_of_day` checks the offset.
  [[nodiscard]] static TaiTime read_clock_tai() noexcept {
#if defined(CLOCK_TAI)
    return TaiTime(read_clock(CLOCK_TAI));
#else
    return TaiTime(read_clock(CLOCK_REALTIME));
#endif
  }

  TimeSubscription subscribe(TimeListener listener) override {
    {
      const std::lock_guard lock(mutex_);
      if (!watched_) {
        offset_ = read_offset();
        slept_ = read_slept();
        watcher_.start([this] { on_clock_set(); });
        watched_ = true;
      }
    }
    return TimeSource::subscribe(std::move(listener));
  }

 private:
  // A conversion from 32 bits loads tv_nsec during the multiplication. An addition from memory waits for
  // the product and then for the load: 4 % of a reading.
  static std::chrono::nanoseconds nanoseconds_of(const timespec& time) noexcept {
    return std::chrono::nanoseconds(std::int64_t{time.tv_sec} * 1'000'000'000 +
                                    static_cast<std::uint32_t>(time.tv_nsec));
  }
  static std::chrono::nanoseconds read_clock(clockid_t clock) noexcept {
    timespec now;
    ::clock_gettime(clock, &now);
    return nanoseconds_of(now);
  }

  // The distance of UTC from steady time. Only a jump changes it.
  static std::chrono::nanoseconds read_offset() noexcept {
    return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
  }

  // The time that the machine slept since it was started.
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
    std::chrono::nanoseconds slept = slept_by_now - std::exchange(slept_, slept_by_now);
    // The two clocks of read_slept are read a moment apart.
    if (slept <= std::chrono::milliseconds(1)) slept = {};
    const UtcTime to = now_utc();
    const UtcTime from = to - jumped;
    announce({internal::classify_jump(from, to, slept), from, to});
  }

  std::mutex mutex_;  // guards watched_
  bool watched_ = false;
  std::chrono::nanoseconds offset_{};  // used by the waiting thread alone
  std::chrono::nanoseconds slept_{};   // used by the waiting thread alone
  internal::ClockStepWatcher watcher_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_SYSTEM_TIME_SOURCE_H_
