// Reads and writes the JSON of the scoreboard: rules, keys and commands, as requests and the store have
// them.
//
//   {"kind": "play", "id": 7, "verb": "restart", "value_ns": 25000000000}
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_WIRE_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_WIRE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "masterclock/timers/clock_command.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_report.h"

namespace scoreboard {

using nlohmann::json;

inline constexpr std::size_t kLongestName = 100;   // of a kind and of a command id
inline constexpr std::size_t kMostCommands = 100;  // in a batch

// Each function names the field in its error, InvalidArgument: "commands[1].verb: expected ...".
absl::StatusOr<std::string> read_command_id(const json& request);
absl::StatusOr<masterclock::ClockKey> read_key(const json& object, std::string_view field = "");
absl::StatusOr<masterclock::ClockRules> read_rules(const json& object, std::string_view field);
absl::StatusOr<std::vector<masterclock::KeyedCommand>> read_commands(const json& request);
// Reads what to_json wrote. An empty list is a list.
absl::StatusOr<std::vector<masterclock::KeyedCommand>> read_stored_commands(const json& list);

// Returns a clock as GET /api/state and the reports of /ws have it.
json clock_json(const masterclock::ClockReport& report, masterclock::CountDirection direction);

json to_json(const masterclock::ClockRules& rules);
json to_json(const std::vector<masterclock::KeyedCommand>& commands);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_WIRE_H_
