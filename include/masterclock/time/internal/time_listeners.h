// What a source of time says when its time did something other than pass: and who is listening.
//
// A TimeChange is announced after the fact by whoever moved the time or noticed that it moved: the
// kernel's step of CLOCK_REALTIME, a resumed machine, an operator, a test. Whoever waits for an instant
// listens, and works its wait out anew. Real and simulated sources share this one path.
//
// Listeners run on the announcing thread; while two threads move a source at once, one listener may be
// running on both. They may read the source, move it, and end their own subscription; they must not
// end another's while holding a lock that the other listener takes. What one throws reaches whoever
// moved the source, and the listeners after it are not told; on the system's source, which a thread of
// its own watches, it ends the program.
#ifndef MASTERCLOCK_TIME_INTERNAL_TIME_LISTENERS_H_
#define MASTERCLOCK_TIME_INTERNAL_TIME_LISTENERS_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// One movement of a source's UTC that was not the passing of time, or a movement of simulated time.
struct TimeChange {
  enum class Kind {
    kStep,     // UTC was set: by NTP, by an operator
    kSuspend,  // the machine slept: UTC went on, the steady clock did not
    kLeap,     // a leap second: UTC repeated or skipped one second
    kAdvance,  // simulated time passed: both clocks moved, nothing jumped
  };
  Kind kind = Kind::kStep;
  UtcTime from;  // what UTC would have read now, had nothing happened
  UtcTime to;    // what it reads
  [[nodiscard]] std::chrono::nanoseconds size() const noexcept {
    return saturating_difference(to, from);
  }
};

// The field's word for each kind, for a log.
[[nodiscard]] constexpr const char* to_string(TimeChange::Kind kind) noexcept {
  switch (kind) {
    case TimeChange::Kind::kStep: return "step";
    case TimeChange::Kind::kSuspend: return "suspend";
    case TimeChange::Kind::kLeap: return "leap";
    case TimeChange::Kind::kAdvance: return "advance";
  }
  return "unknown";
}

using TimeListener = std::function<void(const TimeChange&)>;

// Keeps a listener subscribed for as long as it lives. Move-only; empty when default-made.
//
// Threads: one owner. `reset()` and the destructor return only when the listener is not running and
//          never will again, except from within the listener itself, where they return at once.
class [[nodiscard]] TimeSubscription {
 public:
  TimeSubscription() = default;
  TimeSubscription(TimeSubscription&& other) noexcept : entry_(std::move(other.entry_)) {}
  TimeSubscription& operator=(TimeSubscription&& other) noexcept {
    if (this != &other) {
      reset();
      entry_ = std::move(other.entry_);
    }
    return *this;
  }
  ~TimeSubscription() { reset(); }

  void reset() noexcept {
    if (entry_ == nullptr) return;
    entry_->end();
    entry_.reset();
  }
  [[nodiscard]] bool active() const noexcept { return entry_ != nullptr; }

 private:
  friend class TimeListeners;
  // No lock is held while the listener runs: one that waits for another thread does not keep that
  // thread from announcing a change of its own.
  struct Entry {
    explicit Entry(TimeListener call) : listener(std::move(call)) {}

    void run(const TimeChange& change) {
      {
        const std::lock_guard lock(mutex);
        if (ended) return;
        inside.push_back(std::this_thread::get_id());
      }
      const Leave leave{*this};
      listener(change);
    }
    void end() {
      const auto is_me = [](std::thread::id id) { return id == std::this_thread::get_id(); };
      std::unique_lock lock(mutex);
      ended = true;
      left.wait(lock, [&] { return std::all_of(inside.begin(), inside.end(), is_me); });
    }

    struct Leave {
      Entry& entry;
      ~Leave() {
        const std::lock_guard lock(entry.mutex);
        entry.inside.erase(
            std::find(entry.inside.begin(), entry.inside.end(), std::this_thread::get_id()));
        entry.left.notify_all();
      }
    };

    std::mutex mutex;  // guards ended and inside
    std::condition_variable left;
    bool ended = false;
    std::vector<std::thread::id> inside;  // the threads that run the listener
    TimeListener listener;
  };
  explicit TimeSubscription(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  std::shared_ptr<Entry> entry_;
};

// The listeners of one source. A subscription may outlive it.
//
// Threads: any. No lock of this class is held while a listener runs.
class TimeListeners {
 public:
  TimeSubscription add(TimeListener listener) {
    auto entry = std::make_shared<TimeSubscription::Entry>(std::move(listener));
    const std::lock_guard lock(mutex_);
    drop_ended();
    entries_.push_back(entry);
    return TimeSubscription(std::move(entry));
  }

  void announce(const TimeChange& change) {
    std::vector<std::shared_ptr<TimeSubscription::Entry>> now_listening;
    {
      const std::lock_guard lock(mutex_);
      drop_ended();
      now_listening = entries_;
    }
    for (const auto& entry : now_listening) entry->run(change);
  }

 private:
  // An entry that only this list still holds has lost its subscription.
  void drop_ended() {
    std::erase_if(entries_, [](const auto& entry) { return entry.use_count() == 1; });
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<TimeSubscription::Entry>> entries_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_INTERNAL_TIME_LISTENERS_H_
