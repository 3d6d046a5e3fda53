// Checks a request and prepares its event, without the scheduler's lock.
#ifndef MASTERCLOCK_EVENTS_INTERNAL_INCOMING_EVENT_H_
#define MASTERCLOCK_EVENTS_INTERNAL_INCOMING_EVENT_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/events/internal/event_slots.h"
#include "masterclock/events/internal/recurrence.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

// A checked request. The action stays in the request until the event is pending.
struct IncomingEvent {
  TimelineDue due = {};
  std::unique_ptr<EventExtras> extras = nullptr;
  EventAction* action = nullptr;
  OnDuplicate on_duplicate = OnDuplicate::kReject;
  // For schedule_all(): the slot of the event, or of the kept one, and the event that it replaces.
  EventSlots::Slot slot = 0;
  std::optional<EventSlots::Slot> old = {};
  bool is_new = false;

  [[nodiscard]] std::string_view id() const noexcept {
    return extras == nullptr ? std::string_view() : extras->id;
  }
};

// Errors: InvalidArgument, as EventScheduler::schedule.
[[nodiscard]] inline absl::Status check(const EventRequest& request) {
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
  if (!std::holds_alternative<LocalDue>(request.due)) return refuse("Daily requires a LocalDue");
  if (std::get<Daily>(*request.repeat).days.empty()) return refuse("Daily has no days");
  return absl::OkStatus();
}

[[nodiscard]] [[gnu::noinline]] inline absl::Status already_pending(std::string_view id) {
  return absl::AlreadyExistsError("event " + internal::quoted(id) + " is already pending");
}
[[nodiscard]] [[gnu::noinline]] inline absl::Status no_room(std::size_t max_pending) {
  return absl::ResourceExhaustedError("no more than " + std::to_string(max_pending) +
                                      " events may be pending");
}

// Resolves `request.due` to `due`. A Daily in `repeat` gives the first occurrence.
[[nodiscard]] inline absl::Status resolve(const EventRequest& request, const TimeSource& source,
                                          std::optional<EventRepeat>& repeat, TimelineDue& due) {
  if (const auto* const after = std::get_if<After>(&request.due)) {
    due = {true, saturating_add(source.now_steady(), after->delay).time_since_epoch()};
    return absl::OkStatus();
  }
  if (const auto* const steady = std::get_if<SteadyTime>(&request.due)) {
    due = {true, steady->time_since_epoch()};
    return absl::OkStatus();
  }
  const auto* const utc = std::get_if<UtcTime>(&request.due);
  if (utc != nullptr) {
    due.due = utc->time_since_epoch();
    return absl::OkStatus();
  }
  const LocalDue& local = *std::get_if<LocalDue>(&request.due);
  const auto* const daily = request.repeat ? std::get_if<Daily>(&*request.repeat) : nullptr;
  if (daily == nullptr) {
    const absl::StatusOr<UtcTime> resolved = local.zone.to_utc(local.local, local.resolve);
    if (resolved.ok()) due.due = resolved->time_since_epoch();
    return resolved.status();
  }
  repeat->daily.emplace(local, *daily);
  const std::optional<UtcTime> first = repeat->daily->first_from(local.local);
  if (!first) {
    return absl::OutOfRangeError("event " + internal::quoted(request.id) +
                                 ": Daily does not occur within 400 days");
  }
  repeat->wall_due = *first;
  due.due = first->time_since_epoch();
  return absl::OkStatus();
}

// The part of check_in() for a request with more than a due time in UTC and an action.
[[nodiscard]] [[gnu::noinline]] inline absl::Status check_in_more(EventRequest& request,
                                                                  const TimeSource& source,
                                                                  IncomingEvent& event,
                                                                  bool has_more) {
  absl::Status wrong = check(request);
  if (!wrong.ok()) return wrong;
  std::optional<EventRepeat> repeat;
  if (request.repeat) {
    repeat.emplace(EventRepeat{.on_misfire = request.on_misfire});
    if (const auto* const every = std::get_if<Every>(&*request.repeat)) {
      repeat->interval = every->interval;
    }
  }
  wrong = resolve(request, source, repeat, event.due);
  if (!wrong.ok()) return wrong;
  if (has_more) {
    event.extras = std::make_unique<EventExtras>(
        EventExtras{std::move(request.id), std::move(request.type), std::move(request.payload),
                    request.max_lateness, repeat});
  }
  return absl::OkStatus();
}

// Checks a request, which must outlive `event`. A delay counts from the reading of `source`.
//
// Errors: as EventScheduler::schedule, except those that depend on the pending events.
[[nodiscard]] inline absl::Status check_in(EventRequest& request, const TimeSource& source,
                                           IncomingEvent& event) {
  event.action = &request.action;
  event.on_duplicate = request.on_duplicate;
  const bool has_more = !request.id.empty() || !request.type.empty() || !request.payload.empty() ||
                        request.max_lateness || request.repeat;
  const auto* const utc = std::get_if<UtcTime>(&request.due);
  if (utc == nullptr || has_more) return check_in_more(request, source, event, has_more);
  event.due.due = utc->time_since_epoch();
  return absl::OkStatus();
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_EVENTS_INTERNAL_INCOMING_EVENT_H_
