// Where events are put down while everybody comes at once.
//
// Two cores that take turns at one lock hand each other the lock, the order and the events, for every
// event anew, and that costs more than the work. So once somebody had to wait for the book of
// what is pending (pending_events.h), its owner sets out places: slots of the book with their serials. Who
// schedules takes the next place by one atomic instruction; who triggers fetches what has come when he has
// fired what is due before it, and so many at a time.
//
//   put --->  | ready | ready | taken | free | free |  ---> fetch ---> the book
//
// The serials of the places are later than all in the book: nothing is put into the book by another
// way while the porch is open. What has been put down is pending: who asks the book fetches first.
//
// Threads: is_open(), put() and settle() any, the others with the lock of the book held. put() waits for nobody. A
//          fetch waits for whoever has taken a place and is not ready, as for the holder of a lock.
// Cost:    put() one atomic instruction or two; allocates when it opens for the first time.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_EVENT_PORCH_H_
#define MASTERCLOCK_EVENTS_INTERNAL_EVENT_PORCH_H_

#include "masterclock/version.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_lock.h"
#include "masterclock/events/internal/patience.h"
#include "masterclock/events/internal/pending_event.h"
#include "masterclock/events/internal/pending_events.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2::internal {

class EventPorch {
 public:
  // Of a book that holds `most` events; 0 when nothing may come by way of the porch.
  EventPorch(PendingEvents& book, std::size_t most) noexcept : book_(book), most_(most) {}

  [[nodiscard]] bool is_open() const noexcept {
    if (open_.load(std::memory_order_relaxed)) [[unlikely]]
      return true;
    return false;
  }

  // Puts `event` down, if it is one for the porch and there is a place; if not, it is untouched and the
  // handle empty. `wake` when nothing else that has come is due before it.
  [[gnu::noinline]] EventHandle put(IncomingEvent& event, bool& wake) {
    if (!may_come(event)) return {};
    std::uint64_t number = taken_.load();
    do {  // a closed porch has taken more than it has
      if (number >= set_out_.load(std::memory_order_acquire)) return {};
    } while (!taken_.compare_exchange_weak(number, number + 1));
    putter_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    EventPlace& place = at(number);
    __builtin_prefetch(&at(number + kAhead), 1);
    const EventHandle handle = PendingEvents::handle_of(place);
    const UtcTime due = event.due.utc, before = saturating_add(due, std::chrono::nanoseconds(-1));
    place.action = std::move(*event.action);
    place.due = due;
    std::atomic_ref(place.ready).store(true, std::memory_order_release);
    // Either this sees what the last fetch has left there, or that fetch has seen the place taken.
    for (UtcTime quiet = quiet_until_.load(); !wake && due <= quiet;) {
      wake = quiet_until_.compare_exchange_weak(quiet, before);
    }
    return handle;
  }

  // Whether `event` has no id to compare with others, and is due by UTC.
  [[nodiscard]] static bool may_come(const IncomingEvent& event) noexcept {
    return event.extras == nullptr && !event.due.on_steady;
  }

  // The same for whoever holds the lock; or else closes, and says whether it was `crowded`.
  [[gnu::noinline]] EventHandle put_or_close(IncomingEvent& event, bool& wake, bool& crowded) {
    const EventHandle handle = put(event, wake);
    if (!handle) crowded = close() || crowded;
    return handle;
  }

  // Sets out more places: as many as were used up quickly, and no more than there is room for.
  [[gnu::noinline]] void open() {
    if (most_ == 0) return;
    if (places_.empty()) places_ = std::vector<EventPlace>(kPlaces);
    const std::size_t room = most_ - book_.size() - unfetched();
    for (auto more = std::min({room, wanted_, kPlaces - unfetched()}); more > 0; --more) {
      __builtin_prefetch(&at(reserved_ + kAhead), 1);
      book_.reserve(at(reserved_++));
    }
    book_.await(next_serial());
    set_out_.store(reserved_, std::memory_order_release);
    crowded_ = false;
    // Not with no places: who was held up between two instructions since it was open the last time would
    // take the first one.
    if (is_open() || unfetched() == 0) return;
    putter_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    quiet_until_.store(UtcTime::max());
    taken_.store(fetched_);
    open_.store(true, std::memory_order_relaxed);
  }

  // Nobody puts anything down from now on, and everything that came is in the book. Whether several
  // threads have been here since places were set out, so that it might open again.
  [[gnu::noinline]] bool close() {
    open_.store(false, std::memory_order_relaxed);
    const std::uint64_t end = taken_.fetch_or(kClosed);
    wanted_ = end == reserved_ ? std::min(2 * wanted_, kPlaces / 2) : std::max(wanted_ / 2, kLeast);
    fetch_until(end);
    quiet_until_.store(UtcTime::max());
    while (reserved_ != fetched_) book_.give_up(at(--reserved_));
    set_out_.store(reserved_, std::memory_order_relaxed);
    book_.await(next_serial());
    look_around();
    return crowded_;
  }

  // Takes the lock of the book; everything that has been put down is in it then.
  [[nodiscard]] std::unique_lock<EventLock> settle(EventLock& mutex) {
    std::unique_lock lock(mutex);
    if (is_open()) fetch();
    return lock;
  }

  // Takes the next event that `sweep` finds due, in the book or here; see PendingEvents::take_due.
  [[gnu::always_inline]] bool take_due(EventSweep& sweep, PendingEvents::Due& due,
                                       std::uint64_t& skipped) {
    if (is_open()) sweep.until = std::min(sweep.now.utc, quiet_until_.load());
    while (!book_.take_due(sweep, due, skipped)) {
      if (sweep.until == sweep.now.utc) return false;
      fetch_more();
      sweep.until = sweep.now.utc;
    }
    return true;
  }

  // How many have been put into the book since the beginning.
  [[nodiscard]] std::uint64_t fetched() const noexcept { return fetched_; }

 private:
  static constexpr std::size_t kPlaces = 2048, kLeast = 16, kFew = 64;
  static constexpr std::size_t kAhead = 8;  // places that are brought into the cache in time
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;

  EventPlace& at(std::uint64_t number) noexcept { return places_[number % kPlaces]; }
  // Places for what is to come, or has come.
  [[nodiscard]] std::size_t unfetched() const noexcept { return reserved_ - fetched_; }
  [[nodiscard]] std::uint64_t next_serial() const noexcept {
    return unfetched() == 0 ? std::numeric_limits<std::uint64_t>::max()
                            : places_[fetched_ % kPlaces].serial;
  }

  [[gnu::noinline]] void fetch() {
    quiet_until_.exchange(UtcTime::max());
    const std::uint64_t end = taken_.load();
    few_ = end - fetched_ < kFew;
    fetch_until(end);
    book_.await(next_serial());
    look_around();
  }
  // The same after a moment when the last one was hardly worth it, since each takes from the other
  // cores what they are just writing to; and sets out places before the old ones are used up.
  [[gnu::noinline]] void fetch_more() {
    if (!is_open()) return;
    if (few_) Patience::pause(kFew);
    if (crowded_) open();
    fetch();
  }
  void fetch_until(std::uint64_t end) {
    for (; fetched_ != end; ++fetched_) {
      __builtin_prefetch(&at(fetched_ + kAhead), 1);
      EventPlace& place = at(fetched_);
      const std::atomic_ref ready(place.ready);
      for (Patience patience; !ready.load(std::memory_order_acquire);) patience.wait();
      book_.admit(place);
    }
  }
  void look_around() noexcept {
    if (putter_.load(std::memory_order_relaxed) != std::this_thread::get_id()) crowded_ = true;
  }

  PendingEvents& book_;
  const std::size_t most_;
  // The lines of the cache that one side writes to are not those that the other side needs.
  std::atomic<bool> open_ = false;
  std::vector<EventPlace> places_;  // a ring; the numbers that follow count from the beginning
  alignas(64) std::atomic<std::uint64_t> taken_ = kClosed;
  std::atomic<std::uint64_t> set_out_ = 0;    // places before this one may be taken
  std::atomic<std::thread::id> putter_ = {};  // who took one last
  // Nothing has come that is due by then.
  alignas(64) std::atomic<UtcTime> quiet_until_ = UtcTime::max();
  alignas(64) std::uint64_t fetched_ = 0;
  std::uint64_t reserved_ = 0;
  std::size_t wanted_ = kLeast;
  bool few_ = false, crowded_ = false;
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_EVENT_PORCH_H_
