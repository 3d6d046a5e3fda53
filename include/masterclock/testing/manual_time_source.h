// A clock with a hand on it: simulated time for tests, rehearsals and schedules lived at speed.
//
// Time stands still until somebody moves it. Every mishap of a real clock is one call:
//
//   the passing of time        advance(1h)            UTC and steady move together
//   an NTP step, an operator   step_utc(-3s)          UTC jumps, steady does not notice
//   the same, absolute         set_utc(t)
//   a suspended machine        suspend(8h)            UTC went on, steady stood still
//   a leap second              insert_leap_second()   UTC reads one second a second time
//   a slow or a fast tick      drift(1s, 999ms)       steady moves by one, UTC by the other
//
// Each of them is announced to the subscribers when it is done, on the calling thread, so that by the
// time the call returns everybody who waits on this source has heard of it.
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

#include "masterclock/version.h"

#include <chrono>
#include <mutex>

#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::testing {

// Threads: any, for readers and movers alike. Movements are made one at a time; readings between
//          them are consistent, and nobody sees a movement half done.
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

  // Lets `elapsed` pass. False, and nothing moves, when it is negative: steady time never runs back.
  bool advance(std::chrono::nanoseconds elapsed) {
    return move(TimeChange::Kind::kAdvance, elapsed, elapsed);
  }

  // Lets `steady` pass on the steady timeline while UTC moves by `utc`: an oscillator that is off.
  bool drift(std::chrono::nanoseconds steady, std::chrono::nanoseconds utc) {
    return move(TimeChange::Kind::kAdvance, steady, utc);
  }

  // UTC jumps by `size`, either way; steady does not.
  void step_utc(std::chrono::nanoseconds size) {
    move(TimeChange::Kind::kStep, std::chrono::nanoseconds(0), size);
  }

  // UTC jumps to `reading`; steady does not.
  void set_utc(UtcTime reading) {
    TimeChange change{TimeChange::Kind::kStep, {}, reading};
    {
      const std::lock_guard lock(mutex_);
      change.from = utc_;
      utc_ = reading;
    }
    announce(change);
  }

  // The machine sleeps for `asleep`: UTC goes on, CLOCK_MONOTONIC stands still. False if negative.
  bool suspend(std::chrono::nanoseconds asleep) {
    if (asleep < std::chrono::nanoseconds(0)) return false;
    return move(TimeChange::Kind::kSuspend, std::chrono::nanoseconds(0), asleep);
  }

  // A positive leap second as POSIX clocks show it: call it at midnight UTC, and 23:59:59 repeats.
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

}  // namespace masterclock::testing

#endif  // MASTERCLOCK_TESTING_MANUAL_TIME_SOURCE_H_
