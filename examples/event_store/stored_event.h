// Describes an event as the database keeps it, and writes and reads its fields as text.
//
// A wall time stays a wall time, with the name of its zone and its policy. The event moves with the
// wall when the rules of the zone change.
//
// There is no due time "in 500 ms": the steady timeline ends when the machine stops.
#ifndef MASTERCLOCK_EXAMPLES_EVENT_STORE_STORED_EVENT_H_
#define MASTERCLOCK_EXAMPLES_EVENT_STORE_STORED_EVENT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "masterclock/events/event.h"
#include "masterclock/time/local_clock.h"
#include "masterclock/time/time_points.h"
#include "masterclock/time/weekdays.h"

namespace event_store {

struct WallTime {
  masterclock::LocalTime local;
  std::string zone;  // IANA name
  masterclock::Resolve resolve = masterclock::Resolve::kCompatible;
};

// The fields have the meaning that they have in masterclock::EventRequest.
struct StoredEvent {
  std::string id;  // not empty; unique among the pending events
  std::string type = {}, payload = {};
  std::variant<masterclock::UtcTime, WallTime> due = {};

  // At most one of these two. `every` is elapsed time. `days` requires a WallTime, and repeats it on
  // these days of the week, from the first such day on.
  std::optional<std::chrono::nanoseconds> every = {};
  std::optional<masterclock::Weekdays> days = {};

  masterclock::OnMisfire on_misfire = masterclock::OnMisfire::kRunLast;
  std::optional<std::chrono::nanoseconds> max_lateness = {};

  [[nodiscard]] bool repeats() const noexcept { return every || days; }
};

// A pending event.
struct PendingRow {
  std::int64_t serial = 0;   // the order of scheduling; no number is given twice
  StoredEvent event;         // `due` is that of the next occurrence
  masterclock::UtcTime due;  // by the present rules of its zone
};

// A record of an occurrence.
struct FiredRow {
  std::string id, type, payload;
  masterclock::UtcTime due, fired;
  std::chrono::nanoseconds lateness{};
  std::int64_t skipped = 0;  // occurrences that `on_misfire` skipped since the one before
  std::string outcome;       // "fired"; "failed", with the reason in `error`; "dropped": too late
  std::string error;
};

// The names that the database and the command line have for policies and days.
//
// Errors: InvalidArgument for another name; the message lists the names.
[[nodiscard]] std::string to_text(masterclock::Resolve resolve);
[[nodiscard]] std::string to_text(masterclock::OnMisfire on_misfire);
[[nodiscard]] std::string to_text(masterclock::Weekdays days);  // "mon,wed"
[[nodiscard]] absl::StatusOr<masterclock::Resolve> parse_resolve(std::string_view text);
[[nodiscard]] absl::StatusOr<masterclock::OnMisfire> parse_on_misfire(std::string_view text);
[[nodiscard]] absl::StatusOr<masterclock::Weekdays> parse_days(std::string_view text);

// 2026-03-29T06:00:00, with the digits of the fraction that the time needs.
[[nodiscard]] std::string to_text(masterclock::LocalTime local);

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_STORED_EVENT_H_
