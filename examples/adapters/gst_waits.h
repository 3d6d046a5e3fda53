// The waits of a GStreamer clock, which end when its time comes.
#ifndef MASTERCLOCK_EXAMPLES_ADAPTERS_GST_WAITS_H_
#define MASTERCLOCK_EXAMPLES_ADAPTERS_GST_WAITS_H_

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <utility>

namespace adapters {

// Runs on the thread that begins the last of the waits, with the time to the first of them.
using OnWait = std::function<void(std::chrono::nanoseconds left)>;

// Threads: any.
class GstWaits {
 public:
  // `on_wait` runs while `sinks` waits are pending: none of them ends before the time moves.
  GstWaits(OnWait on_wait, int sinks) : on_wait_(std::move(on_wait)), sinks_(sinks) {}

  GstClockReturn wait(GstClock* clock, GstClockEntry* entry, GstClockTimeDiff* jitter) {
    std::unique_lock lock(mutex_);
    GstClockTime now = gst_clock_get_time(clock);
    if (jitter != nullptr) *jitter = GST_CLOCK_DIFF(entry->time, now);
    if (now > entry->time) return GST_CLOCK_EARLY;  // the caller is late
    const auto mine = pending_.insert(entry->time);
    const auto first = pending_.upper_bound(now);  // the waits before it end now
    if (on_wait_ && std::distance(first, pending_.end()) == sinks_) {
      const std::chrono::nanoseconds left(*first - now);
      lock.unlock();
      on_wait_(left);
      lock.lock();
    }
    const auto cancelled = [&] { return entry->status == GST_CLOCK_UNSCHEDULED; };
    while (!cancelled() && (now = gst_clock_get_time(clock)) < entry->time)
      changed_.wait_for(lock, std::chrono::nanoseconds(entry->time - now));
    pending_.erase(mine);
    return cancelled() ? GST_CLOCK_UNSCHEDULED : GST_CLOCK_OK;
  }

  void cancel(GstClockEntry* entry) {
    const std::lock_guard lock(mutex_);
    entry->status = GST_CLOCK_UNSCHEDULED;
    changed_.notify_all();  // else a pipeline that stops would hang
  }

  // The source moved.
  void look_again() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

 private:
  const OnWait on_wait_;
  const int sinks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multiset<GstClockTime> pending_;
};

}  // namespace adapters

#endif  // MASTERCLOCK_EXAMPLES_ADAPTERS_GST_WAITS_H_
