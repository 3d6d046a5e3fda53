// Defines the values of events/: requests, handles, reports, counters and options.
//
// `DueTime` places an event on the UTC timeline or on the steady timeline. Only the first follows a clock
// step: after a step back of an hour, the event is an hour further away.
//
//   UtcTime     "at 20:00:00Z"        UTC timeline
//   LocalDue    "at 06:00 in Dublin"  UTC timeline: the scheduler resolves the wall time at once
//   After       "in 500 ms"           steady timeline
//   SteadyTime  at a steady instant   steady timeline
//
// `Every` repeats an event in elapsed time, `Daily` at a wall time.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   const masterclock::EventRequest opening{.id = "opening", .due = masterclock::UtcTime(1'000s)};
//   const masterclock::EventRequest poll{.due = masterclock::After{500ms},
//                                        .repeat = masterclock::Every{500ms}};
#ifndef MASTERCLOCK_EVENTS_EVENT_H_
#define MASTERCLOCK_EVENTS_EVENT_H_

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "masterclock/internal/hash.h"
#include "masterclock/internal/printable.h"
#include "masterclock/time/local_clock.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/weekdays.h"

namespace masterclock::inline v0_2 {

// Identifies one scheduled event. No scheduler of the program gives a handle twice, so a stale handle
// is harmless. The default handle identifies no event.
class EventHandle {
 public:
  constexpr EventHandle() = default;

  // Converts to a number and back, for a C interface, an atomic, or a foreign id.
  [[nodiscard]] constexpr std::uint64_t to_uint64() const noexcept { return number_; }
  [[nodiscard]] static constexpr EventHandle from_uint64(std::uint64_t number) noexcept {
    EventHandle handle;
    handle.number_ = number;
    return handle;
  }

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return number_ != 0; }

  // The order is arbitrary and fixed, for the keys of a map.
  friend constexpr auto operator<=>(EventHandle, EventHandle) noexcept = default;

  [[nodiscard]] std::string to_string() const { return std::to_string(number_); }

  template <class H>
  friend H AbslHashValue(H state, EventHandle handle) {
    return H::combine(std::move(state), handle.number_);
  }

 private:
  std::uint64_t number_ = 0;
};

// Due after `delay` of steady time from now. `delay` is not negative.
struct After {
  std::chrono::nanoseconds delay = {};
};

// Due at the wall time `local` in `zone`. `resolve` decides when `local` names no instant or two.
struct LocalDue {
  LocalTime local;
  AnyWallClock zone;
  Resolve resolve = Resolve::kCompatible;
};

using DueTime = std::variant<UtcTime, After, SteadyTime, LocalDue>;

// Repeats after each `interval` of elapsed time, on the event's own timeline. `interval` is positive.
//
// A LocalDue gives the wall time of the first occurrence. The next occurrences are `interval` of UTC
// apart, so a DST night has no hole and no double.
struct Every {
  std::chrono::nanoseconds interval;
};

// Repeats at the same wall reading on each of `days`. Requires a LocalDue, which gives the time of day
// and the first date. `gap` and `fold` decide on a DST night; the LocalDue's `resolve` decides where they
// leave the choice open. Under Resolve::kReject the event does not occur on such a day.
struct Daily {
  Weekdays days = kEveryDay;
  OnGap gap = OnGap::kResolve;
  OnFold fold = OnFold::kOnce;
};

using Repeat = std::variant<Every, Daily>;

// Decides which occurrences of a repeating event fire when several are due at once: after a clock step,
// a suspend or a stall. The scheduler counts the skipped occurrences.
enum class OnMisfire {
  kRunAll,   // each fires, in its place, late
  kRunLast,  // the last fires, the others are skipped
  kSkip,     // all are skipped, unless only one is due
};

// Decides about a request whose id is already pending.
enum class OnDuplicate {
  kReject,   // AlreadyExists; the pending event stays
  kReplace,  // cancels the pending event; the new one takes the id
  kKeep,     // ignores the request; returns the handle of the pending event
};

[[nodiscard]] inline std::string to_string(OnMisfire policy) {
  return internal::name_of(policy, {"run-all", "run-last", "skip"});
}
[[nodiscard]] inline std::string to_string(OnDuplicate policy) {
  return internal::name_of(policy, {"reject", "replace", "keep"});
}

struct FiredEvent {
  std::string id = {}, type = {}, payload = {};
  UtcTime due = {};  // on the steady timeline: converted by the present offset of the two clocks
  // The clock reading of the trigger. For an event with `max_lateness` the trigger reads again.
  UtcTime fired = {};
  std::chrono::nanoseconds lateness = {};  // on the event's own timeline; never negative
  std::int64_t skipped = 0;  // occurrences that `on_misfire` skipped since the event last fired
};

struct ScheduledEvent {
  EventHandle handle = {};
  std::string id = {}, type = {}, payload = {};
  UtcTime due = {};  // as in FiredEvent
};

struct EventRequest {
  std::string id = {};      // unique among the pending events, or empty
  DueTime due = UtcTime();  // the default, 1970, fires at the next trigger

  // A repeating event keeps its handle and its id until the event is cancelled. An occurrence fires after
  // the action of the previous occurrence has ended. A reschedule moves one occurrence: `Every` then
  // continues in UTC from the new instant, `Daily` returns to its wall time.
  std::optional<Repeat> repeat = {};
  OnMisfire on_misfire = OnMisfire::kRunLast;

  // An event later than this is dropped and reported. The time of earlier actions of the same trigger
  // counts. The default drops nothing.
  std::optional<std::chrono::nanoseconds> max_lateness = {};

  std::string type = {}, payload = {};  // the scheduler copies both to the FiredEvent
  absl::AnyInvocable<void(const FiredEvent&)> action = {};
  OnDuplicate on_duplicate = OnDuplicate::kReject;
};

// The hooks report to a log, a metric or an as-run record. A hook runs with no lock held, on the thread
// that schedules or triggers, and may call the scheduler. The scheduler ignores exceptions of hooks. A hook
// must not call pthread_exit. Hooks of different threads have no order: one thread may report an event as
// fired before another thread reports the same event as scheduled.
struct SchedulerOptions {
  // An event is late when its lateness is more than this.
  std::chrono::nanoseconds late_after = std::chrono::milliseconds(1);

  // The scheduler refuses more pending events with ResourceExhausted. At most 2^24.
  std::size_t max_pending = std::numeric_limits<std::size_t>::max();

  std::function<void(const ScheduledEvent&)> on_scheduled = {};
  std::function<void(const FiredEvent&)> on_late = {};                        // before the action
  std::function<void(const FiredEvent&, std::exception_ptr)> on_failed = {};  // the action threw
  std::function<void(const FiredEvent&)> on_fired = {};                       // after the action
  std::function<void(const FiredEvent&)> on_dropped = {};  // later than its max_lateness
};

// Counts the events of a scheduler.
// Always: scheduled + repeated == fired + dropped + cancelled + pending.
struct EventCounters {
  std::uint64_t scheduled = 0;
  std::uint64_t repeated = 0;  // further occurrences of repeating events
  std::uint64_t fired = 0;
  std::uint64_t dropped = 0;    // later than their max_lateness: they did not fire
  std::uint64_t cancelled = 0;  // replaced events included
  std::uint64_t late = 0;       // fired, later than `late_after`
  std::uint64_t failed = 0;     // fired, and the action threw
  std::uint64_t skipped = 0;    // occurrences that `on_misfire` skipped
  std::uint64_t pending = 0;    // repeating events whose action runs included
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_EVENTS_EVENT_H_
