// Reads the time: all code that needs the time asks a TimeSource.
//
// No other code of this library reads a system clock. A program that passes a
// `testing::ManualTimeSource` to its MasterClock therefore runs a whole broadcast day in milliseconds.
//
// A source announces each TimeChange to its subscribers. A thread that waits for an instant subscribes,
// and computes its wait again. Real and simulated sources share this one path.
//
// Requirements on your own source: any thread may take both readings, which are cheap and do not throw.
// `now_steady` never decreases. A source whose UTC can jump announces each jump.
//
// ## Example
//
//   class Frozen final : public masterclock::TimeSource {
//    public:
//     masterclock::UtcTime now_utc() const noexcept override { return {}; }
//     masterclock::SteadyTime now_steady() const noexcept override { return {}; }
//   };
//   const masterclock::TimeReading reading = Frozen().read();
//   assert(reading.to_utc(reading.steady + std::chrono::seconds(1)) ==
//          masterclock::UtcTime(std::chrono::seconds(1)));
#ifndef MASTERCLOCK_TIME_TIME_SOURCE_H_
#define MASTERCLOCK_TIME_TIME_SOURCE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "masterclock/internal/printable.h"
#include "masterclock/time/internal/time_listeners.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

class DisciplinedTimeSource;

// A jump of UTC, or a movement of simulated time. It is announced after it happened.
struct TimeChange {
  enum class Kind {
    kStep,     // UTC was set, by NTP or by an operator
    kSuspend,  // the machine slept: UTC went on, the steady clock stood still
    kLeap,     // a leap second: UTC repeated or skipped one second
    kAdvance,  // simulated time passed; nothing jumped
  };
  Kind kind = Kind::kStep;
  UtcTime from;  // the reading without the change
  UtcTime to;    // the reading
  [[nodiscard]] std::chrono::nanoseconds size() const noexcept {
    return saturating_difference(to, from);
  }
};

[[nodiscard]] inline std::string to_string(TimeChange::Kind kind) {
  return internal::name_of(kind, {"step", "suspend", "leap", "advance"});
}

// Runs on the announcing thread, and on several threads at once when several move the source.
using TimeListener = std::function<void(const TimeChange&)>;

// Ends the subscription of a listener when it is destroyed. Move-only; empty by default.
//
// Threads: one owner. `reset()` and the destructor return once the listener runs on no other thread and
//          never will again. Do not call them while holding a lock that the listener takes. A listener
//          may end its own subscription.
class [[nodiscard]] TimeSubscription {
 public:
  TimeSubscription() = default;
  TimeSubscription(TimeSubscription&&) noexcept = default;
  TimeSubscription& operator=(TimeSubscription other) noexcept {
    entry_.swap(other.entry_);
    return *this;
  }
  ~TimeSubscription() { reset(); }

  void reset() noexcept {
    if (const auto entry = std::move(entry_)) entry->end();
  }
  // Gives up the subscription in a child of fork(), where `reset` might wait for a thread of the parent.
  void forget() noexcept {
    if (const auto entry = std::move(entry_)) entry->forget();
  }
  [[nodiscard]] bool active() const noexcept { return entry_ != nullptr; }

 private:
  friend class internal::TimeListeners;
  explicit TimeSubscription(std::shared_ptr<internal::TimeListenerEntry> entry) noexcept
      : entry_(std::move(entry)) {}

  std::shared_ptr<internal::TimeListenerEntry> entry_;
};

// UTC and steady time of one moment, for presentation timestamps, RTP timestamps, and the epoch of a pacer.
// The conversions ignore a step that happens between the moment and the converted time.
struct TimeReading {
  UtcTime utc;
  SteadyTime steady;

  [[nodiscard]] constexpr UtcTime to_utc(SteadyTime time) const noexcept {
    return saturating_move(utc, steady, time);
  }
  [[nodiscard]] constexpr SteadyTime to_steady(UtcTime time) const noexcept {
    return saturating_move(steady, utc, time);
  }
};

// Threads: any, for all members.
class TimeSource {
 public:
  TimeSource() = default;
  TimeSource(const TimeSource&) = delete;
  TimeSource& operator=(const TimeSource&) = delete;
  virtual ~TimeSource() = default;

  // Returns UTC now. It may jump either way; see `subscribe`.
  [[nodiscard]] virtual UtcTime now_utc() const noexcept = 0;

  // Returns steady time now. It never decreases and ignores steps of UTC.
  [[nodiscard]] virtual SteadyTime now_steady() const noexcept = 0;

  // Returns UTC as of a moment ago, at most 10 ms, where that is cheaper than `now_utc`. Use it only to
  // notice that UTC jumped.
  [[nodiscard]] virtual UtcTime now_utc_coarse() const noexcept { return now_utc(); }

  // Reads both timelines together: UTC between two steady readings, of which it returns the middle. It
  // takes the closest of three attempts, so one preemption does no harm.
  //
  // Cost: three to nine readings.
  [[nodiscard]] TimeReading read() const noexcept {
    TimeReading best;
    auto width = std::chrono::nanoseconds::max();
    for (int attempt = 0; attempt < 3 && width > std::chrono::microseconds(1); ++attempt) {
      const SteadyTime before = now_steady();
      const UtcTime utc = now_utc();
      const auto took = saturating_difference(now_steady(), before);
      if (took <= width) {
        width = took;
        best = {utc, before + took / 2};
      }
    }
    return best;
  }

  // Calls `listener` after each change of this source, until the subscription ends. A decorator passes
  // the call on to the source that it decorates. An exception of the listener passes to the thread that
  // moved the source; on the SystemTimeSource it ends the program.
  virtual TimeSubscription subscribe(TimeListener listener) {
    return listeners_.add(std::move(listener));
  }

  // Returns the largest distance of a reading from the clock that this source follows: 0 for a clock that
  // follows no other. A decorator passes the call on. An interval of true UTC includes it.
  [[nodiscard]] virtual std::chrono::nanoseconds error_bound() const noexcept { return {}; }

  // Returns the source that disciplines these readings, or null. A decorator passes the call on.
  [[nodiscard]] virtual DisciplinedTimeSource* disciplined() noexcept { return nullptr; }

 protected:
  // Calls all listeners. Call it after the change, without a lock that a listener may take.
  void announce(const TimeChange& change) { listeners_.announce(change); }

 private:
  internal::TimeListeners listeners_;
};

inline TimeSubscription internal::TimeListeners::add(TimeListener listener) {
  auto entry = std::make_shared<TimeListenerEntry>(std::move(listener));
  const auto entries = std::make_shared<Entries>();
  const std::lock_guard lock(mutex_);
  if (any_) *entries = *entries_;
  std::erase_if(*entries, [](const auto& old) { return old->ended(); });
  entries->push_back(entry);
  entries_ = entries;
  any_ = true;
  return TimeSubscription(std::move(entry));
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_TIME_SOURCE_H_
