// Simulates time for tests, rehearsals and fast runs of a schedule. Time moves only by a call.
//
//   time passes                advance(1h)            UTC and steady time move together
//   an NTP step, an operator   step_utc(-3s)          UTC jumps, steady time does not
//   the same, absolute         set_utc(t)
//   a suspended machine        suspend(8h)            UTC goes on, steady time stands still
//   a leap second              insert_leap_second()   UTC reads one second twice
//   a slow or a fast tick      drift(1s, 999ms)       steady time moves by one, UTC by the other
//
// Each call announces its change to the subscribers before it returns, on the calling thread.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(1'000s));
//   source.advance(90min);
//   assert(source.now_utc() == masterclock::UtcTime(6'400s));
//   assert(!source.advance(-1ns));
#ifndef MASTERCLOCK_TESTING_MANUAL_TIME_SOURCE_H_
#define MASTERCLOCK_TESTING_MANUAL_TIME_SOURCE_H_

#include <chrono>
#include <mutex>

#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::testing {

// Threads: any.
// Errors:  a movement past the range of the types (1677 to 2262) stops at its end.
class ManualTimeSource final : public TimeSource {
 public:
  explicit ManualTimeSource(UtcTime start, SteadyTime steady_start = SteadyTime{}) noexcept
      : utc_(start), steady_(steady_start) {}

  [[nodiscard]] UtcTime now_utc() const noexcept override {
    const std::lock_guard lock(mutex_);
    return utc_;
  }
  [[nodiscard]] SteadyTime now_steady() const noexcept override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }

  // Moves both timelines by `elapsed`. Refuses a negative `elapsed` and returns false.
  //
  // A large advance is one jump: advance(12h) makes events up to 12 h late. To fire each event on time, call
  // `simulate_until` (events/simulate.h).
  bool advance(std::chrono::nanoseconds elapsed) {
    return move(TimeChange::Kind::kAdvance, elapsed, elapsed);
  }

  // Moves steady time by `steady` and UTC by `utc`, like an inexact oscillator. Refuses as `advance`.
  bool drift(std::chrono::nanoseconds steady, std::chrono::nanoseconds utc) {
    return move(TimeChange::Kind::kAdvance, steady, utc);
  }

  void step_utc(std::chrono::nanoseconds size) {
    move(TimeChange::Kind::kStep, std::chrono::nanoseconds(0), size);
  }

  void set_utc(UtcTime reading) {
    TimeChange change{TimeChange::Kind::kStep, {}, reading};
    {
      const std::lock_guard lock(mutex_);
      change.from = utc_;
      utc_ = reading;
    }
    announce(change);
  }

  // Moves UTC by `asleep`, like a machine that sleeps. Refuses as `advance`.
  bool suspend(std::chrono::nanoseconds asleep) {
    if (asleep < std::chrono::nanoseconds(0)) return false;
    return move(TimeChange::Kind::kSuspend, std::chrono::nanoseconds(0), asleep);
  }

  // Repeats the last second of UTC, as the Linux kernel does at a leap second. Call it at midnight UTC.
  void insert_leap_second() {
    move(TimeChange::Kind::kLeap, std::chrono::nanoseconds(0), std::chrono::seconds(-1));
  }

 private:
  bool move(TimeChange::Kind kind, std::chrono::nanoseconds steady, std::chrono::nanoseconds utc) {
    if (steady < std::chrono::nanoseconds(0)) return false;
    TimeChange change{kind, {}, {}};
    {
      const std::lock_guard lock(mutex_);
      const UtcTime before = utc_;
      utc_ = saturating_add(utc_, utc);
      steady_ = saturating_add(steady_, steady);
      change.from = kind == TimeChange::Kind::kAdvance ? before : saturating_add(before, steady);
      change.to = utc_;
    }
    announce(change);
    return true;
  }

  mutable std::mutex mutex_;
  UtcTime utc_;
  SteadyTime steady_;
};

}  // namespace masterclock::inline v0_2::testing

#endif  // MASTERCLOCK_TESTING_MANUAL_TIME_SOURCE_H_
