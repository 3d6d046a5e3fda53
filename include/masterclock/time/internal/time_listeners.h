// Keeps the listeners of one time source and calls them.
//
// A listener may read the source, move it, and end its own subscription. No lock is held while it runs.
// A listener may therefore wait for a thread that announces another change.
#ifndef MASTERCLOCK_TIME_INTERNAL_TIME_LISTENERS_H_
#define MASTERCLOCK_TIME_INTERNAL_TIME_LISTENERS_H_

#include "masterclock/version.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace masterclock::inline v0_2 {

struct TimeChange;
class TimeSubscription;

namespace internal {

// One listener. Shared by its subscription, the list, and the threads that run it.
//
// Threads: any; several threads may run one listener at once.
class TimeListenerEntry {
 public:
  explicit TimeListenerEntry(std::function<void(const TimeChange&)> listener)
      : listener_(std::move(listener)) {}

  void run(const TimeChange& change) {
    const Run run(*this);
    if (!ended()) listener_(change);
  }

  [[nodiscard]] bool ended() const noexcept { return (state_.load() & kEnded) != 0; }

  // Ends the listener without a wait.
  void forget() noexcept { state_.fetch_or(kEnded); }

  // Returns once the listener runs on no other thread and never will again. Runs of the calling thread
  // do not count: a listener may end itself.
  void end() noexcept {
    std::uint32_t mine = 0;
    for (const Run* run = innermost; run != nullptr; run = run->outer) {
      if (&run->entry == this) ++mine;
    }
    std::uint32_t state = state_.fetch_or(kEnded) | kEnded;
    while (state != (kEnded | mine)) {
      state_.wait(state);
      state = state_.load();
    }
  }

 private:
  // The runs of one thread form a list, from the innermost outward.
  struct Run {
    explicit Run(TimeListenerEntry& of) noexcept
        : entry(of), outer(std::exchange(innermost, this)) {
      entry.state_.fetch_add(1);
    }
    ~Run() {
      innermost = outer;
      entry.state_.fetch_sub(1);
      entry.state_.notify_all();
    }
    TimeListenerEntry& entry;
    Run* const outer;
  };

  static constexpr std::uint32_t kEnded = std::uint32_t{1} << 31;
  static inline constinit thread_local Run* innermost = nullptr;

  const std::function<void(const TimeChange&)> listener_;
  std::atomic<std::uint32_t> state_{0};  // kEnded, and the number of runs
};

// The listeners of one source. A subscription may outlive the list.
//
// Threads: any.
class TimeListeners {
 public:
  // Adds a listener, and drops those that have ended.
  [[nodiscard]] TimeSubscription add(std::function<void(const TimeChange&)> listener);

  [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_relaxed); }

  // Calls each listener on this thread, and does not allocate. An exception of a listener passes to the
  // caller, and the remaining listeners are not called.
  void announce(const TimeChange& change) {
    if (!any()) return;
    std::unique_lock lock(mutex_);
    const auto entries = entries_;
    lock.unlock();
    for (const auto& entry : *entries) entry->run(change);
  }

 private:
  using Entries = std::vector<std::shared_ptr<TimeListenerEntry>>;

  std::mutex mutex_;
  std::shared_ptr<const Entries> entries_;  // replaced by add(); null before the first
  std::atomic<bool> any_ = false;
};

}  // namespace internal
}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_INTERNAL_TIME_LISTENERS_H_
