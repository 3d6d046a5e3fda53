// An event as it is kept: what its component needs to know of it, and when it is due, in the words in
// which that was asked for. A wall time stays a wall time with its zone's name and its policy, so
// that rules that change while the program is down move the event as they move the wall.
//
// There is no "in 500 ms": the steady timeline ends with the machine, and cannot be kept.
//
// Threads: plain values.
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

namespace event_store {

struct WallTime {
  masterclock::LocalTime local;
  std::string zone;  // its IANA name
  masterclock::Resolve resolve = masterclock::Resolve::kCompatible;
};

// The fields mean what they mean in masterclock::EventRequest.
struct StoredEvent {
  std::string id;  // not empty; unique among what is pending
  std::string type = {}, payload = {};
  std::variant<masterclock::UtcTime, WallTime> due = {};
  std::optional<masterclock::Repeat> repeat = {};
  masterclock::OnMisfire on_misfire = masterclock::OnMisfire::kRunLast;
  std::optional<std::chrono::nanoseconds> max_lateness = {};
};

// An event that is pending in the database.
struct PendingRow {
  std::int64_t serial = 0;  // the order of scheduling; never given twice
  StoredEvent event;
  masterclock::UtcTime due;  // by today's rules of its zone
};

// An occurrence that is done with.
struct FiredRow {
  std::string id, type, payload;
  masterclock::UtcTime due, fired;
  std::chrono::nanoseconds lateness{};
  std::int64_t skipped = 0;  // occurrences that `on_misfire` skipped before this one
  std::string outcome;       // "fired", "failed" (`error` gives the reason), or "dropped": too late
  std::string error;
};

// 2026-03-29T06:00:00, as on a wall: without an offset.
//
// Errors: InvalidArgument for anything else.
[[nodiscard]] absl::StatusOr<masterclock::LocalTime> parse_wall(std::string_view text);
[[nodiscard]] std::string to_text(masterclock::LocalTime local);
[[nodiscard]] std::string to_text(masterclock::UtcTime utc);  // RFC 3339, no needless zeros

// The names of policies, as the database and the command line have them.
[[nodiscard]] std::string to_text(masterclock::Resolve resolve);
[[nodiscard]] std::string to_text(masterclock::OnMisfire on_misfire);
[[nodiscard]] absl::StatusOr<masterclock::Resolve> parse_resolve(std::string_view text);
[[nodiscard]] absl::StatusOr<masterclock::OnMisfire> parse_on_misfire(std::string_view text);

// Reads days of the week: "Mon,Wed", or "every day". to_string(Weekdays) writes them.
//
// Errors: InvalidArgument for anything else.
[[nodiscard]] absl::StatusOr<masterclock::Weekdays> parse_days(std::string_view text);

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_STORED_EVENT_H_
