// What an event is: what is asked for, what is pending, what has fired, and the handle to it.
//
// An event falls due on one of three timelines, and each meets a step of the clock in its own way:
//
//   due        "at 20:00:00Z"        UTC: follows the step. Set the clock back an hour and the event
//                                    is an hour further off; set it forward past `due` and it is
//                                    due.
//   due_in     "in 500 ms"           steady: does not notice the step.
//   due_local  "at 06:00 in Dublin"  a wall time, resolved to UTC when it is scheduled; from then on
//                                    it follows UTC.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::EventRequest opening{.id = "opening", .due = masterclock::UtcTime(1'000s)};
//   opening.action = [](const masterclock::FiredEvent& event) { assert(event.lateness >= 0ns); };
//
// Threads: plain values.
#ifndef MASTERCLOCK_EVENTS_EVENT_H_
#define MASTERCLOCK_EVENTS_EVENT_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/local_clock.h"

namespace masterclock::inline v0_2 {

namespace internal {
class PendingEvents;
}

// Names one scheduled event for ever: a handle is never given out twice while the program runs, by
// any scheduler, so a stale one is harmless. A default-made handle names none.
class EventHandle {
 public:
  constexpr EventHandle() = default;
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return serial_ != 0; }
  friend constexpr bool operator==(EventHandle, EventHandle) = default;

 private:
  friend class internal::PendingEvents;
  constexpr EventHandle(std::uint64_t serial, std::uint32_t slot) noexcept
      : serial_(serial), slot_(slot) {}
  std::uint64_t serial_ = 0;
  std::uint64_t slot_ = 0;  // as wide as it is copied: a copy would wait for half a word to be written
};

// A wall time: the reading, the wall it is read from, and what to do where that reading names no
// instant or two (see local_clock.h).
struct LocalDue {
  LocalTime local;
  AnyWallClock zone;
  Resolve resolve = Resolve::kCompatible;
};

// What to do with a request whose id is already pending.
enum class OnDuplicate {
  kReject,   // AlreadyExists; what is pending stays
  kReplace,  // what is pending is cancelled, the request takes the name
  kKeep,     // the request is dropped, the handle of what is pending is returned
};

// What a repeating event does about occurrences that have gone by: the clock was set forward a
// year, the machine slept, nobody triggered. Whatever it does, it works out how many they were.
enum class OnMissed {
  kRunAll,   // each of them fires, in its place, late
  kRunLast,  // the last of them fires, the others are passed over
  kSkip,     // when there is more than one, none of them fires
};

// An event that has fired.
struct FiredEvent {
  std::string id = {};
  std::string type = {};
  std::string payload = {};
  UtcTime due = {};  // for a `due_in` event: what UTC would have read then by today's clock
  // The reading that found it due: one for all that a trigger fires, however long their actions take,
  // but one of its own for an event with a `max_lateness`.
  UtcTime fired = {};
  std::chrono::nanoseconds lateness = {};  // by then, on the event's own timeline; never negative
  // Occurrences of a repeating event passed over since it last fired. On the wall they are counted by
  // its readings, among them one that fell into a gap under kReject.
  std::int64_t missed = 0;
};

// An event that is pending.
struct ScheduledEvent {
  EventHandle handle = {};
  std::string id = {};
  std::string type = {};
  std::string payload = {};
  UtcTime due = {};  // for a `due_in` event: what UTC will read then, unless it is stepped
};

// An event to be. Exactly one of `due`, `due_in` and `due_local` is given.
struct EventRequest {
  std::string id = {};  // unique among the pending events; empty: the handle is enough
  std::optional<UtcTime> due = {};
  std::optional<std::chrono::nanoseconds> due_in = {};  // from now; not negative
  std::optional<LocalDue> due_local = {};
  std::string type = {};     // `type` and `payload` are for whoever handles the event;
  std::string payload = {};  // they are never interpreted here
  absl::AnyInvocable<void(const FiredEvent&)> action = {};  // optional
  OnDuplicate on_duplicate = OnDuplicate::kReject;

  // Later than this it does not fire: it is dropped and reported as missed. What has run before it in
  // the same trigger counts. By default it fires however late it is: worse than late is "not played
  // because it was too late".
  std::optional<std::chrono::nanoseconds> max_lateness = {};

  // Repeats this often, on the event's own timeline: the steady one for `due_in`, UTC for `due`,
  // the wall for `due_local`, where 24 h is every day at the same reading. Positive. The event
  // keeps its handle and its id until it is cancelled; its next occurrence fires when its action has
  // ended, or later.
  //
  // Rescheduled, an event on the wall is moved this once, and the next time it is where the wall has
  // it. The others repeat from where they were moved to, in UTC.
  std::optional<std::chrono::nanoseconds> repeat_every = {};
  OnMissed on_missed = OnMissed::kRunLast;

  // Due then instead, this once: what a snapshot says of an event that repeats on the wall and was
  // rescheduled. Only together with `due_local` and `repeat_every`.
  std::optional<UtcTime> moved_to = {};
};

}  // namespace masterclock

#endif  // MASTERCLOCK_EVENTS_EVENT_H_
