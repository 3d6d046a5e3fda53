// Fires the events of a scheduler on a thread, for a program without a loop.
//
// The thread sleeps until the first event is due, and triggers. An event that becomes the first, or a
// TimeChange of the source, ends the sleep. Each sleep ends after `max_wait`, because a source may step
// without an announcement. The thread sleeps on the steady clock and reads the source after the sleep,
// so nothing fires early. While a source holds its UTC still, the thread reads it every millisecond.
//
// On Linux the thread sets its timer slack to 1 ns, so that the kernel does not round its sleeps. A
// kernel still wakes a thread late. The dispatcher estimates this latency (wake_latency.h) and sets its
// timer earlier by the estimate. By default the thread rarely wakes before the event, with `spin` rarely
// after it. A thread that wakes early reads the clock until the event is due.
//
// On simulated time a movement of the source returns after the dispatcher has fired everything that is
// due. A test calls `advance(24h)` and examines the result. Two exceptions prevent an endless wait: a
// movement by an action does not wait, and a movement waits for at most kMostPasses triggers. Do not
// move a simulated source while holding a lock that an action takes.
//
// Unusual callers:
//
//   - An action may call pthread_exit. The dispatcher's thread then ends, as after `stop`.
//   - An action may call exit, also when the dispatcher is a static object.
//   - A child of fork() has no dispatcher thread. In the child `running` returns false, and `stop` and the
//     destructor return at once. The child may call exec, _exit or exit, and not the scheduler: another thread
//     may have held its lock.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(0s));
//   masterclock::EventScheduler scheduler(source);
//   masterclock::Dispatcher dispatcher(scheduler);
//   dispatcher.start();
//   bool opened = false;
//   (void)scheduler.schedule({.due = masterclock::UtcTime(1h),
//                             .action = [&](const masterclock::FiredEvent&) { opened = true; }});
//   source.advance(24h);
//   assert(opened);
#ifndef MASTERCLOCK_EVENTS_DISPATCHER_H_
#define MASTERCLOCK_EVENTS_DISPATCHER_H_

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/events/internal/wake_latency.h"
#include "masterclock/internal/guarded_call.h"
#include "masterclock/internal/home_process.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

struct DispatcherOptions {
  // The longest sleep, and the latest reaction to a step without announcement: 1 ms to 24 h.
  std::chrono::nanoseconds max_wait = std::chrono::milliseconds(100);

  // The longest time before an event in which the thread reads the clock instead of sleeping. The event
  // is then on time, unless the kernel wakes the thread later still. The thread uses as much of this
  // processor time as the latest of its last 64 wake-ups needed.
  std::chrono::nanoseconds spin{0};

  // Runs on the dispatcher's thread when a trigger fails because memory ran out. No event is lost: the
  // dispatcher triggers again after `max_wait`.
  std::function<void(std::exception_ptr)> on_error = {};
};

// Threads: one owner for `start`, `stop` and the destructor; an action may call `stop`.
class Dispatcher final {
 public:
  // The number of triggers that a movement of simulated time waits for at most.
  static constexpr int kMostPasses = 64;

  // `scheduler` must outlive the dispatcher. Nothing fires before `start()`.
  explicit Dispatcher(EventScheduler& scheduler, DispatcherOptions options = {})
      : scheduler_(scheduler),
        max_wait_(std::clamp<std::chrono::nanoseconds>(
            options.max_wait, std::chrono::milliseconds(1), std::chrono::hours(24))),
        on_error_(std::move(options.on_error)),
        lead_(options.spin > kZero
                  ? internal::WakeLatency(100, options.spin, options.spin)
                  : internal::WakeLatency(10, kZero, std::chrono::microseconds(200))) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher() {
    stop();
    if (thread_.joinable()) thread_.detach();  // this thread: an action called exit()
  }

  // Starts firing. Does nothing when the dispatcher runs.
  //
  // Errors: std::system_error when there is no thread, and in an action that has called `stop`.
  void start() {
    if (running()) return;
    stop();  // joins a thread that an action has stopped
    {
      const std::lock_guard lock(mutex_);
      if (std::this_thread::get_id() == thread_id_) {
        throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur));
      }
      stop_ = std::stop_source();
      done_ = asked_;
    }
    attached_ = scheduler_.attach([this] { wake(); });
    subscription_ = scheduler_.source().subscribe([this](const TimeChange&) { on_change(); });
    try {
      thread_ = std::thread([this] { run(); });
    } catch (...) {
      stop();
      throw;
    }
  }

  // Ends the thread after the action that runs. Pending events stay pending until the next `start`. A
  // call by an action returns at once.
  //
  // Cost: the rest of the action that runs, and less than a millisecond.
  void stop() {
    if (home_.left()) return abandon();
    {
      const std::lock_guard lock(mutex_);
      stop_.request_stop();
      look_ = true;
      changed_.notify_all();
      passed_.notify_all();
      if (std::this_thread::get_id() == thread_id_) return;
    }
    subscription_.reset();
    attached_.reset();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool running() const {
    if (home_.left()) return false;
    const std::lock_guard lock(mutex_);
    return stop_.stop_possible() && !stop_.stop_requested();
  }

 private:
  // Forgets the thread of the parent process, and what it may have locked.
  void abandon() noexcept {
    internal::begin_anew(home_, mutex_, changed_, passed_, thread_);
    attached_.forget();
    subscription_.forget();
    stop_ = std::stop_source(std::nostopstate);
    thread_id_ = {};
  }

  // Ends the run, also when an action calls pthread_exit.
  struct Ended {
    Dispatcher& of;
    ~Ended() {
      const std::lock_guard lock(of.mutex_);
      of.thread_id_ = {};
      of.stop_.request_stop();
      of.passed_.notify_all();
    }
  };

  void wake() noexcept {
    const std::lock_guard lock(mutex_);
    look_ = true;
    changed_.notify_one();
  }

  // Waits for a pass that began after the change and leaves nothing due.
  void on_change() {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = ++asked_;
    look_ = true;
    changed_.notify_one();
    if (std::this_thread::get_id() == thread_id_) return;
    passed_.wait(lock, [&] { return done_ >= ticket || stop_.stop_requested(); });
  }

  void run() {
#if defined(__linux__)
    ::prctl(PR_SET_TIMERSLACK, 1UL);  // of this thread only
#endif
    const Ended ended{*this};
    std::unique_lock lock(mutex_);
    thread_id_ = std::this_thread::get_id();
    const std::stop_token stop = stop_.get_token();
    std::chrono::nanoseconds patience = kZero;
    std::optional<std::chrono::nanoseconds> left;
    UtcTime utc{};
    int passes = 0;
    while (!stop.stop_requested()) {
      const std::uint64_t asked = asked_;
      look_ = false;
      lock.unlock();
      const auto left_before = std::exchange(left, fire(stop));
      const UtcTime utc_before = std::exchange(utc, scheduler_.source().now_utc());
      const bool held = left_before && left && *left >= *left_before && utc <= utc_before;
      lock.lock();
      const bool still_due = left && *left <= kZero;
      if (!still_due || ++passes >= kMostPasses) {
        done_ = asked;
        passes = 0;
        passed_.notify_all();
      }
      if (still_due) continue;
      const std::chrono::nanoseconds wait = left.value_or(max_wait_);
      const std::chrono::nanoseconds lead = lead_.get();
      if (held) {
        sleep(lock, std::max(wait, kHeld), patience);
        continue;
      }
      if (wait <= lead && watch(lock, wait, stop)) continue;
      sleep(lock, wait > lead ? wait - lead : wait, patience);
    }
  }

  // Fires what is due. Returns the time until the next event, and max_wait_ when memory runs out.
  std::optional<std::chrono::nanoseconds> fire(const std::stop_token& stop) {
    try {
      scheduler_.run_due(stop);
      return scheduler_.until_next();
    } catch (internal::ThreadExit&) {
      throw;
    } catch (...) {
      report();
      return max_wait_;
    }
  }
  // Returns whether an event fired, or memory ran out.
  bool trigger(const std::stop_token& stop) {
    try {
      return scheduler_.run_due(stop) > 0;
    } catch (internal::ThreadExit&) {
      throw;
    } catch (...) {
      report();
      return true;
    }
  }
  void report() noexcept {
    if (on_error_) internal::guarded_call(on_error_, std::current_exception());
  }

  // Reads the clock until `wait` has passed or look_ is set. Returns false when the source stands still.
  //
  // In the last microseconds it triggers between the readings. The memory that a trigger reads is then in
  // the cache when the event is due; dispatcher_bench shows the gain.
  bool watch(std::unique_lock<std::mutex>& lock, std::chrono::nanoseconds wait,
             const std::stop_token& stop) {
    constexpr int kStill = 10'000;  // readings in a row
    constexpr std::chrono::nanoseconds kLast = std::chrono::microseconds(4);
    const TimeSource& source = scheduler_.source();
    const SteadyTime begun = source.now_steady();
    const SteadyTime end = saturating_add(begun, wait), nearly = saturating_add(end, -kLast);
    lock.unlock();
    SteadyTime now = begun;
    for (int turns = 0; now < end && !look_ && (now > begun || turns < kStill); ++turns) {
      if (now >= nearly && trigger(stop)) break;
      now = source.now_steady();
    }
    lock.lock();
    return now > begun || look_;
  }

  // Sleeps for `left`, or until look_ is set. A source that stands still during the sleep is simulated
  // or coarse, so the next sleep is longer: a simulated source would cause one sleep per nanosecond.
  void sleep(std::unique_lock<std::mutex>& lock, std::chrono::nanoseconds left,
             std::chrono::nanoseconds& patience) {
    const TimeSource& source = scheduler_.source();
    const SteadyTime before = source.now_steady();
    const std::chrono::nanoseconds wait = std::min(std::max(left, patience), max_wait_);
    if (changed_.wait_for(lock, wait, [&] { return look_.load(); })) {
      patience = kZero;
      return;
    }
    const SteadyTime after = source.now_steady();
    if (after == before) {
      patience = std::clamp<std::chrono::nanoseconds>(2 * patience, std::chrono::milliseconds(1),
                                                      max_wait_);
    } else {
      patience = kZero;
      lead_.woken_late_by(saturating_subtract(saturating_difference(after, before), wait));
    }
  }

  static constexpr std::chrono::nanoseconds kZero{0};
  // The sleep while the source holds its UTC still, which may last for hours.
  static constexpr std::chrono::nanoseconds kHeld = std::chrono::milliseconds(1);

  EventScheduler& scheduler_;
  const std::chrono::nanoseconds max_wait_;
  const std::function<void(std::exception_ptr)> on_error_;
  internal::WakeLatency lead_;  // used by the thread only
  internal::HomeProcess home_;

  mutable std::mutex mutex_;  // guards the members down to thread_id_
  std::condition_variable changed_, passed_;
  std::uint64_t asked_ = 0;  // announced changes
  std::uint64_t done_ = 0;   // changes that a pass has covered
  std::stop_source stop_{std::nostopstate};
  std::thread::id thread_id_;       // while the thread runs
  std::atomic<bool> look_ = false;  // ends a sleep; set with mutex_ held

  TimeSubscription attached_, subscription_;
  std::thread thread_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_EVENTS_DISPATCHER_H_
