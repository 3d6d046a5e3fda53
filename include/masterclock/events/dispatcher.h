// The thread that fires: for a program that has no loop of its own.
//
// A dispatcher sleeps until the first event of its scheduler is due, and triggers. It wakes earlier
// when an earlier event is scheduled and when the source announces that its time moved, and at the
// latest after `max_wait`, should a source step without saying so. What it sleeps on is the steady
// clock, and it only decides when to look again: what is due is decided by the source, after the
// sleep. So nothing fires early. While a source holds its UTC still, it is looked at every millisecond.
//
// On Linux the thread asks the kernel not to round its sleeps (by default the kernel may add 50
// microseconds). What is left is the time that the machine takes to wake a thread. The dispatcher
// learns it and asks to be woken earlier by as much: by little enough that it is seldom awake before
// the event, or with `spin` by so much that it is seldom awake after it. Awake too early, it watches
// the clock.
//
// On simulated time a movement of the source returns when the dispatcher has run everything that
// was due by then, in the order in which `trigger()` would have: a test calls `advance(24h)` and
// looks. Two exceptions keep that from never ending. An action that moves the source itself does
// not wait for itself: the movement is seen when the action has ended. And an action that schedules
// itself for "now" over and over is left behind after `kMostPasses` triggers. Do not move a
// simulated source while holding a lock that an action takes.
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

#include "masterclock/version.h"

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/events/internal/wake_latency.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2 {

struct DispatcherOptions {
  // The longest sleep: how late an event can be when the source steps and nobody announces it. Taken
  // as between a millisecond and a day.
  std::chrono::nanoseconds max_wait = std::chrono::milliseconds(100);

  // For as long as this before an event is due the thread may watch the clock instead of sleeping. It
  // then fires within a microsecond, unless the machine woke it later than ever, at the price of as much
  // of a core for each event. How much of it is used is learned: what nineteen wake-ups of twenty
  // need. None by default.
  std::chrono::nanoseconds spin{0};
};

// Threads: `start`, `stop` and the destructor belong to one owner; an action may call `stop`.
class Dispatcher final : private EventWaker {
 public:
  // How many triggers in a row a movement of simulated time waits for.
  static constexpr int kMostPasses = 64;

  // `scheduler` must outlive the dispatcher. Nothing fires before `start()`.
  explicit Dispatcher(EventScheduler& scheduler, DispatcherOptions options = {})
      : scheduler_(scheduler),
        max_wait_(std::clamp<std::chrono::nanoseconds>(
            options.max_wait, std::chrono::milliseconds(1), std::chrono::hours(24))),
        lead_(options.spin > kNone
                  ? internal::WakeLatency(95, options.spin, options.spin)
                  : internal::WakeLatency(10, kNone, std::chrono::microseconds(200))) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher() override { stop(); }

  // Starts firing; nothing happens when it is running.
  void start() {
    if (running()) return;
    stop();  // what an action may have left to join
    {
      const std::lock_guard lock(mutex_);
      stop_ = std::stop_source();
      done_ = asked_;
    }
    scheduler_.attach(*this);
    subscription_ = scheduler_.source().subscribe([this](const TimeChange&) { on_change(); });
    thread_ = std::thread([this] { run(); });
  }

  // Ends the thread, after the action that is running. What was pending stays pending; `start` goes
  // on with it. Called by an action, it returns at once and the thread ends when the action does.
  //
  // Cost: what the action that is running still takes, and one switch of threads, well within a
  //       millisecond: the sleep waits for this as well, and whoever watches the clock looks for it
  //       at each reading. A simulated movement that waits for the dispatcher is let go.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stop_.request_stop();
      look_ = true;
      changed_.notify_all();
      passed_.notify_all();
      if (std::this_thread::get_id() == thread_id_) return;
    }
    subscription_.reset();
    scheduler_.detach(*this);
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool running() const {
    const std::lock_guard lock(mutex_);
    return stop_.stop_possible() && !stop_.stop_requested();
  }

 private:
  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    look_ = true;
    changed_.notify_one();
  }

  // Returns when a look that began after the change has found nothing more to do.
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
    ::prctl(PR_SET_TIMERSLACK, 1UL);  // of this thread alone
#endif
    std::unique_lock lock(mutex_);
    thread_id_ = std::this_thread::get_id();
    const std::stop_token stop = stop_.get_token();
    std::chrono::nanoseconds patience = kNone;
    std::optional<std::chrono::nanoseconds> left;
    UtcTime utc{};
    int passes = 0;
    while (!stop.stop_requested()) {
      const std::uint64_t asked = asked_;
      look_ = false;
      lock.unlock();
      scheduler_.run_due(stop);
      const auto left_before = std::exchange(left, scheduler_.until_next());
      const UtcTime utc_before = std::exchange(utc, scheduler_.source().now_utc());
      const bool held = left_before && left && *left >= *left_before && utc <= utc_before;
      lock.lock();
      const bool still_due = left && *left <= kNone;
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
    thread_id_ = {};
  }

  // Reads the clock until `wait` has passed or there is a reason to look. False for a source that
  // stands still: watching it would take for ever. In the last few microseconds the scheduler is
  // asked between the readings, so that all it needs is at hand when the event falls due.
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
      if (now >= nearly && scheduler_.run_due(stop) > 0) break;
      now = source.now_steady();
    }
    lock.lock();
    return now > begun || look_;
  }

  // Waits until there is a reason to look. A source that stood still while we slept is simulated,
  // or coarse: for it, sleep longer from time to time instead of looking at every nanosecond of it.
  void sleep(std::unique_lock<std::mutex>& lock, std::chrono::nanoseconds left,
             std::chrono::nanoseconds& patience) {
    const TimeSource& source = scheduler_.source();
    const SteadyTime before = source.now_steady();
    const std::chrono::nanoseconds wait = std::min(std::max(left, patience), max_wait_);
    if (changed_.wait_for(lock, wait, [&] { return look_.load(); })) {
      patience = kNone;
      return;
    }
    const SteadyTime after = source.now_steady();
    if (after == before) {
      patience = std::clamp<std::chrono::nanoseconds>(2 * patience, std::chrono::milliseconds(1),
                                                      max_wait_);
    } else {
      patience = kNone;
      lead_.woken_late_by((after - before) - wait);
    }
  }

  static constexpr std::chrono::nanoseconds kNone{0};

  // How often to look while the source holds its UTC: the event comes no nearer for being watched, and
  // that may last for hours.
  static constexpr std::chrono::nanoseconds kHeld = std::chrono::milliseconds(1);

  EventScheduler& scheduler_;
  const std::chrono::nanoseconds max_wait_;
  internal::WakeLatency lead_;  // of the thread alone, while it runs

  mutable std::mutex mutex_;  // guards what follows, to thread_id_
  std::condition_variable changed_, passed_;
  std::uint64_t asked_ = 0;  // changes announced ...
  std::uint64_t done_ = 0;   // ... and of these, acted upon
  std::stop_source stop_{std::nostopstate};
  std::thread::id thread_id_;  // while the thread runs

  std::atomic<bool> look_ = false;  // there is a reason to look; set with mutex_ held

  TimeSubscription subscription_;
  std::thread thread_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_DISPATCHER_H_
