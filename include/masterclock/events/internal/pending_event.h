// What the scheduler keeps of one event, and the times by which it is found.
//
// Threads: plain values.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENT_H_
#define MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENT_H_

#include "masterclock/version.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/recurrence.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

// How far a trigger has come in the order.
struct EventSweep {
  TimelineReading now;
  const TimeSource* source = nullptr;  // for what must not be late: what ran before it took time
  UtcTime due = UtcTime::min();        // of the event that it took last ...
  std::uint64_t serial = 0;            // ... and that event's serial
  // Serials from here on were given after the sweep came to `due`.
  std::uint64_t younger = std::numeric_limits<std::uint64_t>::max();
  UtcTime until = now.utc;  // what is due later is not for now
};

using EventAction = absl::AnyInvocable<void(const FiredEvent&)>;

// What an event has beside its time and its action. Most have nothing.
struct EventExtras {
  std::string id = {}, type = {}, payload = {};
  std::optional<std::chrono::nanoseconds> max_lateness = {};
  std::optional<EventRepeat> repeat = {};
};

// One line of the cache: a million pending events are a million of these.
struct alignas(64) PendingEvent {
  std::uint64_t serial = 0;           // 0: the slot is unused
  std::chrono::nanoseconds due = {};  // since the epoch of its timeline
  bool on_steady = false;
  bool running = false;  // its action runs and it will repeat: it stands in no order
  std::unique_ptr<EventExtras> extras = nullptr;
  EventAction action = nullptr;

  void let_go() {
    action = nullptr;
    if (extras != nullptr) extras.reset();
  }
  [[nodiscard]] bool has_id() const noexcept { return extras != nullptr && !extras->id.empty(); }
  [[nodiscard]] EventRepeat* repeat() const noexcept {
    return extras != nullptr && extras->repeat ? &*extras->repeat : nullptr;
  }
};

// A slot and a serial for an event to come, and the event when it is `ready`.
struct alignas(64) EventPlace {
  std::uint64_t serial = 0;
  std::uint32_t slot = 0;
  alignas(std::atomic_ref<bool>::required_alignment) bool ready = false;
  UtcTime due = {};
  EventAction action = nullptr;
};

// An event that is due, and out of line. It stays in its slot, where nobody else touches its action:
// that is run and let go there, with no lock held.
struct DueEvent {
  PendingEvent* event = nullptr;  // null: none
  std::uint32_t slot = 0;
  std::uint64_t serial = 0;
  bool repeats = false;  // it is pending while its action runs: put_back() says what next
  bool dropped = false;  // too late for its max_lateness
  bool has_extras = false;
  FiredEvent fired;

  [[gnu::always_inline]] void hold(PendingEvent& its_event, std::uint32_t its_slot) noexcept {
    event = &its_event;
    slot = its_slot;
    serial = its_event.serial;
    repeats = dropped = false;
  }

  void say_when(const TimelineReading& now) noexcept {
    fired.fired = now.utc;
    if (event->on_steady) {
      fired.due = now.to_utc(SteadyTime(event->due));
      fired.lateness = saturating_difference(now.steady, SteadyTime(event->due));
    } else {
      fired.due = UtcTime(event->due);
      fired.lateness = saturating_difference(now.utc, UtcTime(event->due));
    }
  }

  // For an event with a `max_lateness`; by a reading of its own, when the sweep has a source.
  void look_whether_too_late(const EventSweep& sweep) {
    if (sweep.source != nullptr) {
      const UtcTime utc = sweep.source->now_utc();
      const std::chrono::nanoseconds lateness =
          event->on_steady
              ? saturating_difference(sweep.source->now_steady(), SteadyTime(event->due))
              : saturating_difference(utc, UtcTime(event->due));
      if (lateness > fired.lateness) fired.lateness = lateness, fired.fired = utc;
    }
    dropped = fired.lateness > *event->extras->max_lateness;
  }

  // The texts: those of an event that repeats are copied, the others moved.
  void say_what() {
    fired.skipped = 0;
    if (!has_extras) {
      fired.id.clear();
      fired.type.clear();
      fired.payload.clear();
    } else if (EventExtras& extras = *event->extras; repeats) {
      fired.id = extras.id;
      fired.type = extras.type;
      fired.payload = extras.payload;
      fired.skipped = std::exchange(extras.repeat->skipped, 0);
    } else {
      fired.id = std::move(extras.id);
      fired.type = std::move(extras.type);
      fired.payload = std::move(extras.payload);
    }
  }
};

// A request that has been checked, and what it comes to. Its action stays in the request until it is
// pending: each move of it is two calls through pointers.
struct IncomingEvent {
  TimelineDue due = {};
  std::unique_ptr<EventExtras> extras = nullptr;
  EventAction* action = nullptr;
  OnDuplicate on_duplicate = OnDuplicate::kReject;

  [[nodiscard]] bool has_id() const noexcept { return extras != nullptr && !extras->id.empty(); }
};

// What scheduling leaves to do when the lock is gone: most often nothing.
struct Aftermath {
  std::vector<ScheduledEvent> announced;
  std::vector<PendingEvent> replaced;
};
struct Intake {
  bool wakes = false;
  std::unique_ptr<Aftermath> aftermath;

  Aftermath& more() {
    if (aftermath == nullptr) aftermath = std::make_unique<Aftermath>();
    return *aftermath;
  }
};

// Checks a request by itself.
//
// Errors: InvalidArgument, as EventScheduler::schedule.
inline absl::Status check(const EventRequest& request) {
  constexpr std::chrono::nanoseconds kZero(0);
  const auto refuse = [&](const std::string& why) {
    return absl::InvalidArgumentError("event " + internal::quoted(request.id) + ": " + why);
  };
  const auto in_ns = [](std::chrono::nanoseconds d) { return std::to_string(d.count()) + " ns"; };
  const auto* const after = std::get_if<After>(&request.due);
  if (after != nullptr && after->delay < kZero) {
    return refuse("the delay of After is negative: " + in_ns(after->delay));
  }
  if (request.max_lateness && *request.max_lateness < kZero) {
    return refuse("max_lateness is negative: " + in_ns(*request.max_lateness));
  }
  if (!request.repeat) return absl::OkStatus();
  if (const auto* const every = std::get_if<Every>(&*request.repeat)) {
    if (every->interval > kZero) return absl::OkStatus();
    return refuse("the interval of Every is not positive: " + in_ns(every->interval));
  }
  if (!std::holds_alternative<LocalDue>(request.due)) {
    return refuse("Daily requires a LocalDue");
  }
  if (std::get<Daily>(*request.repeat).days.empty()) return refuse("Daily has no days");
  return absl::OkStatus();
}

// Why a request cannot be taken as things stand.
[[gnu::noinline]] inline absl::Status already_pending(const std::string& id, UtcTime due) {
  return absl::AlreadyExistsError("event " + internal::quoted(id) + " is already pending, due " +
                                  to_rfc3339(due));
}
[[gnu::noinline]] inline absl::Status no_room(std::size_t max_pending) {
  return absl::ResourceExhaustedError("no more than " + std::to_string(max_pending) +
                                      " events may be pending");
}

// The rest of take_apart(): for a request that is more than a due time in UTC and an action.
[[gnu::noinline]] inline absl::Status take_apart_more(EventRequest& request,
                                                      const TimeSource& source,
                                                      IncomingEvent& event, bool has_more) {
  absl::Status wrong = check(request);
  if (!wrong.ok()) return wrong;
  std::optional<EventRepeat> repeat;
  if (request.repeat) {
    repeat.emplace();
    repeat->on_misfire = request.on_misfire;
  }
  const auto* const every = request.repeat ? std::get_if<Every>(&*request.repeat) : nullptr;
  const auto* const daily = request.repeat ? std::get_if<Daily>(&*request.repeat) : nullptr;
  if (every != nullptr) repeat->interval = every->interval;
  if (const auto* const utc = std::get_if<UtcTime>(&request.due)) {
    event.due.utc = *utc;
  } else if (const auto* const after = std::get_if<After>(&request.due)) {
    event.due = {true, {}, saturating_add(source.now_steady(), after->delay)};
  } else if (const auto* const steady = std::get_if<SteadyTime>(&request.due)) {
    event.due = {true, {}, *steady};
  } else if (const LocalDue& local = std::get<LocalDue>(request.due); daily != nullptr) {
    repeat->daily.emplace(local, *daily);
    const std::optional<UtcTime> first = repeat->daily->first_from(local.local);
    if (!first) {
      return absl::OutOfRangeError("event " + internal::quoted(request.id) +
                                   ": Daily does not occur in the first 400 days");
    }
    event.due.utc = repeat->wall_due = *first;
  } else {
    const absl::StatusOr<UtcTime> resolved = local.zone.to_utc(local.local, local.resolve);
    if (!resolved.ok()) return resolved.status();
    event.due.utc = *resolved;
  }
  if (has_more) {
    event.extras = std::make_unique<EventExtras>(
        EventExtras{std::move(request.id), std::move(request.type), std::move(request.payload),
                    request.max_lateness, std::move(repeat)});
  }
  return absl::OkStatus();
}

// Checks a request, which outlives `event`, and takes it apart. A delay counts from the reading of
// `source`.
//
// Errors: as EventScheduler::schedule, but for those that depend on what is pending.
inline absl::Status take_apart(EventRequest& request, const TimeSource& source,
                               IncomingEvent& event) {
  event.action = &request.action;
  event.on_duplicate = request.on_duplicate;
  const bool has_more = !request.id.empty() || !request.type.empty() || !request.payload.empty() ||
                        request.max_lateness || request.repeat;
  const auto* const utc = std::get_if<UtcTime>(&request.due);
  if (utc == nullptr || has_more) return take_apart_more(request, source, event, has_more);
  event.due.utc = *utc;
  return absl::OkStatus();
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_PENDING_EVENT_H_
