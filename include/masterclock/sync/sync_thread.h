// Calls the `refresh` of a clock on a thread, once per interval.
//
// The clock is a DisciplinedTimeSource, a BoundedClock, a TscTimeSource or a MasterClock (`refresh_sync`).
// Another constructor takes any function. The thread counts exceptions and continues.
//
// The interval is measured on the clock's steady timeline. On simulated time `advance` polls on its own
// thread before it returns, if a poll is due. An `advance` over several intervals polls once.
//
// `refresh` may call exit, and must not call pthread_exit. A child of fork() has no thread: there `running`
// returns false, and `stop` and the destructor return at once.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource machine(masterclock::UtcTime(1'000s));
//   masterclock::SimulatedSyncProvider provider;
//   masterclock::DisciplinedTimeSource source(machine, provider);
//   masterclock::SyncThread polling(source);
//   polling.start();  // polls at once
//   machine.advance(1s);
//   assert(provider.asked() == 2);
#ifndef MASTERCLOCK_SYNC_SYNC_THREAD_H_
#define MASTERCLOCK_SYNC_SYNC_THREAD_H_

#include <algorithm>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "masterclock/internal/guarded_call.h"
#include "masterclock/internal/home_process.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

struct SyncThreadOptions {
  // 1 ms to a day. By default the clock's `kRefreshInterval`, else 1 s.
  std::optional<std::chrono::nanoseconds> interval = std::nullopt;
};

// Satisfied by: DisciplinedTimeSource, BoundedClock, TscTimeSource, MasterClock.
template <class Clock>
concept PolledClock = requires(Clock& clock) {
  clock.refresh();
}
|| requires(Clock& clock) { clock.refresh_sync(); };

// Threads: one owner for `start`, `stop` and the destructor; `refresh` may call `stop`. Any thread may read
//          the counters.
class SyncThread {
 public:
  // `clock` must outlive the SyncThread. Nothing is polled before `start()`.
  template <PolledClock Clock>
  explicit SyncThread(Clock& clock, SyncThreadOptions options = {})
      : SyncThread([&clock] { refresh(clock); }, with_default<Clock>(options), timeline(clock)) {}

  // Calls `refresh`, at intervals of `source`, which must outlive the SyncThread.
  explicit SyncThread(std::function<void()> refresh, SyncThreadOptions options = {},
                      TimeSource& source = SystemTimeSource::shared())
      : source_(source),
        refresh_(std::move(refresh)),
        interval_(std::clamp<std::chrono::nanoseconds>(
            options.interval.value_or(std::chrono::seconds(1)), std::chrono::milliseconds(1),
            std::chrono::hours(24))) {}

  SyncThread(const SyncThread&) = delete;
  SyncThread& operator=(const SyncThread&) = delete;
  ~SyncThread() {
    stop();
    if (thread_.joinable()) thread_.detach();  // this thread: `refresh` called exit()
  }

  // Polls once on the calling thread, and then every interval on a new thread. Does nothing while running.
  //
  // Cost: that of the provider.
  void start() {
    if (running()) return;
    stop();
    {
      const std::lock_guard lock(mutex_);
      running_ = true;
      simulated_ = false;
      next_ = SteadyTime::min();
    }
    // System time is never simulated, and a subscription to it costs a thread.
    if (&source_ != &SystemTimeSource::shared()) {
      subscription_ = source_.subscribe([this](const TimeChange& change) { on_change(change); });
    }
    poll_if_due();
    thread_ = std::thread([this] { run(); });
  }

  // Ends the thread after the poll that is running. A call by `refresh` on this thread returns at once.
  void stop() {
    if (home_.left()) {
      internal::begin_anew(home_, mutex_, changed_, thread_);
      subscription_.forget();
      running_ = polling_ = false;
      thread_id_ = {};
    }
    {
      const std::lock_guard lock(mutex_);
      running_ = false;
      changed_.notify_all();
      if (std::this_thread::get_id() == thread_id_) return;
    }
    subscription_.reset();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool running() const {
    if (home_.left()) return false;
    const std::lock_guard lock(mutex_);
    return running_;
  }
  [[nodiscard]] std::uint64_t polls() const {
    const std::lock_guard lock(mutex_);
    return polls_;
  }
  // Returns the number of polls that threw.
  [[nodiscard]] std::uint64_t failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  template <class Clock>
  static void refresh(Clock& clock) {
    if constexpr (requires { clock.refresh(); }) {
      clock.refresh();
    } else {
      clock.refresh_sync();
    }
  }
  template <class Clock>
  static TimeSource& timeline(Clock& clock) noexcept {
    if constexpr (std::derived_from<Clock, TimeSource>) {
      return clock;
    } else {
      return clock.source();
    }
  }
  template <class Clock>
  static SyncThreadOptions with_default(SyncThreadOptions options) noexcept {
    if constexpr (requires { Clock::kRefreshInterval; }) {
      if (!options.interval) options.interval = Clock::kRefreshInterval;
    }
    return options;
  }

  void on_change(const TimeChange& change) {
    if (change.kind != TimeChange::Kind::kAdvance) return;
    {
      const std::lock_guard lock(mutex_);
      simulated_ = true;
    }
    poll_if_due();
  }

  void poll_if_due() {
    {
      const std::lock_guard lock(mutex_);
      const SteadyTime now = source_.now_steady();
      if (!running_ || polling_ || now < next_) return;
      polling_ = true;
      next_ = saturating_add(now, interval_);
    }
    const bool succeeded = internal::guarded_call(refresh_);
    const std::lock_guard lock(mutex_);
    polling_ = false;
    ++polls_;
    failures_ += succeeded ? 0 : 1;
  }

  void run() {
    std::unique_lock lock(mutex_);
    thread_id_ = std::this_thread::get_id();
    while (running_) {
      if (simulated_) {  // `advance` polls
        changed_.wait(lock, [&] { return !running_; });
        break;
      }
      const auto left = saturating_difference(next_, source_.now_steady());
      changed_.wait_for(lock, std::clamp<std::chrono::nanoseconds>(
                                  left, std::chrono::milliseconds(1), interval_));
      if (simulated_) continue;
      lock.unlock();
      poll_if_due();
      lock.lock();
    }
    thread_id_ = {};
  }

  TimeSource& source_;
  const std::function<void()> refresh_;
  const std::chrono::nanoseconds interval_;
  internal::HomeProcess home_;

  mutable std::mutex mutex_;  // guards the members down to failures_
  std::condition_variable changed_;
  bool running_ = false;
  bool polling_ = false;
  bool simulated_ = false;  // the source announced that simulated time passed
  SteadyTime next_;
  std::thread::id thread_id_;  // while the thread runs
  std::uint64_t polls_ = 0, failures_ = 0;

  TimeSubscription subscription_;
  std::thread thread_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_SYNC_SYNC_THREAD_H_
