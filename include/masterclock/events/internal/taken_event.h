// The event that a sweep has taken, and the end of the sweep.
//
// Threads: one; it takes the lock of the book when the sweep ends by an exception.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_TAKEN_EVENT_H_
#define MASTERCLOCK_EVENTS_INTERNAL_TAKEN_EVENT_H_

#include "masterclock/version.h"

#include <mutex>

#include "masterclock/events/internal/event_lock.h"
#include "masterclock/events/internal/pending_events.h"

namespace masterclock::inline v0_2::internal {

class TakenEvent {
 public:
  TakenEvent(EventLock& mutex, PendingEvents& book) : mutex_(mutex), book_(book) {}
  TakenEvent(const TakenEvent&) = delete;
  TakenEvent& operator=(const TakenEvent&) = delete;
  ~TakenEvent() {
    if (!sweeping_) return;
    const std::lock_guard lock(mutex_);
    give_back();
    end();
  }

  // What follows: with the lock held.

  // The one before is done with: its slot is free. The first time, the sweep begins.
  void give_back() {
    if (!sweeping_) begin();
    book_.give_back(due);
  }
  [[gnu::noinline]] void begin() {
    book_.begin_sweep();
    sweeping_ = true;
  }
  void end() noexcept {
    book_.end_sweep();
    sweeping_ = false;
  }

  PendingEvents::Due due;

 private:
  EventLock& mutex_;
  PendingEvents& book_;
  bool sweeping_ = false;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_TAKEN_EVENT_H_
