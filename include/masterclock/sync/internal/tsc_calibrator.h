// A thread that keeps a TscTimeSource calibrated for as long as it lives.
//
// It calibrates more often until the source has its first line, and at once when the clock beneath
// says that it was set, or that the machine slept.
//
// ## Example
//
//   auto source = masterclock::TscTimeSource::make();
//   if (source.ok()) {
//     masterclock::TscCalibrator keep(**source, std::chrono::milliseconds(20));
//     assert((*source)->error_bound() >= std::chrono::nanoseconds(0));
//   }
#ifndef MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATOR_H_
#define MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATOR_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "masterclock/sync/tsc_time_source.h"

namespace masterclock::inline v0_2 {

// Threads: one owner. The destructor waits for a calibration under way. Steps are announced on its
//          thread, or on that of the clock beneath.
class TscCalibrator {
 public:
  // `source` must outlive it. Of the several times that a line lives a calibration may fail some.
  template <class Counter>
  explicit TscCalibrator(BasicTscTimeSource<Counter>& source,
                         std::chrono::nanoseconds interval = std::chrono::milliseconds(50))
      : changes_(source.kernel().subscribe([&source](const TimeChange& change) {
          const bool jumped = change.kind != TimeChange::Kind::kAdvance;
          source.calibrate(jumped ? std::optional(change.kind) : std::nullopt);
        })),
        thread_([this, &source, interval] {
          std::unique_lock lock(mutex_);
          while (!stopping_) {
            lock.unlock();
            source.calibrate();
            const bool settled = source.fit().calibrated;
            lock.lock();
            const std::chrono::nanoseconds wait =
                settled ? interval : std::min(interval, kUntilSettled);
            stop_.wait_for(lock, wait, [this] { return stopping_; });
          }
        }) {}

  TscCalibrator(const TscCalibrator&) = delete;
  TscCalibrator& operator=(const TscCalibrator&) = delete;

  ~TscCalibrator() {
    changes_.reset();
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stop_.notify_all();
    thread_.join();
  }

 private:
  static constexpr std::chrono::nanoseconds kUntilSettled = std::chrono::milliseconds(5);

  std::mutex mutex_;  // guards stopping_
  std::condition_variable stop_;
  bool stopping_ = false;
  TimeSubscription changes_;
  std::thread thread_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_SYNC_INTERNAL_TSC_CALIBRATOR_H_
