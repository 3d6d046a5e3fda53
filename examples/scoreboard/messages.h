// Composes the messages of /ws and /ws/score.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_MESSAGES_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_MESSAGES_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/log_line.h"
#include "masterclock/time/time_source.h"
#include "masterclock/timers/clock_report.h"
#include "masterclock/timers/count_clock.h"

namespace scoreboard {

// The part of the state that comes from the deliveries.
struct PusherState {
  std::string status = "unknown";  // unknown, healthy, pending, dead
  std::int64_t dead_letters = 0;
  std::optional<std::int64_t> oldest_utc_s = {};  // of the oldest event that is not delivered
  friend bool operator==(const PusherState&, const PusherState&) = default;
};

// {"type": "report", "reason", the fields of a clock, "revision", "missed", "server_utc_ns", "server_steady_ns"}
std::string report_message(const masterclock::ClockReport& report,
                           masterclock::CountDirection direction);

// Adds the instant of a message: "server_utc_ns", and "server_steady_ns", which no step of UTC moves.
void add_instant(nlohmann::json& message, const masterclock::TimeReading& at);

// Returns the answer to a message of a client: {"type": "pong", "t", "server_utc_ns", "server_steady_ns"} for
// a ping, else {"type": "error", "error"}.
std::string answer_to(std::string_view message, const masterclock::TimeReading& now);

using common::log_line;

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_MESSAGES_H_
