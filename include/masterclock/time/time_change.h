// What a source of time says when its time did something other than pass: and who is listening.
//
// A TimeChange is announced after the fact by whoever moved the time or noticed that it moved: the
// kernel's step of CLOCK_REALTIME, a resumed machine, an operator, a test. Whoever waits for an instant
// listens, and works its wait out anew. Real and simulated sources share this one path.
//
// Listeners run on the announcing thread, one announcement at a time for each listener. They may read
// the source; they may end their own subscription; they must not end another's while holding a lock
// that the other listener takes.
#ifndef MASTERCLOCK_TIME_TIME_CHANGE_H_
#define MASTERCLOCK_TIME_TIME_CHANGE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "masterclock/time/time_points.h"

namespace masterclock {

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
    {
      const std::lock_guard lock(entry_->running);
      entry_->ended = true;
    }
    entry_.reset();
  }
  [[nodiscard]] bool active() const noexcept { return entry_ != nullptr; }

 private:
  friend class TimeListeners;
  struct Entry {
    explicit Entry(TimeListener call) : listener(std::move(call)) {}
    std::recursive_mutex running;  // recursive: a listener may end its own subscription
    bool ended = false;
    TimeListener listener;
  };
  explicit TimeSubscription(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
  std::shared_ptr<Entry> entry_;
};

// The listeners of one source. A subscription may outlive it.
//
// Threads: any. No lock of this class is held while a listener runs but that listener's own.
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
    for (const auto& entry : now_listening) {
      const std::lock_guard lock(entry->running);
      if (!entry->ended) entry->listener(change);
    }
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

#endif  // MASTERCLOCK_TIME_TIME_CHANGE_H_
