// Reads and writes the JSON of the director: rundown files, commands, and looks at the rundown.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_WIRE_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_WIRE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "command.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/rundown.h"

namespace director {

using nlohmann::json;

inline constexpr std::size_t kLongestId = 100, kLongestScene = 256;  // bytes

// Reads {"looping", "scenes": [{"name", "duration_ms", "start_ms"?}]}.
//
// Errors: InvalidArgument that names every fault: "scenes[3].name: expected ...; scenes[4] ...".
absl::StatusOr<ShowPlan> read_plan(const json& object);

// Returns the scenes of a faulty rundown that have no fault.
ShowPlan read_scenes(const json& object);

// The same for the text of a file. The error begins with the name of the file.
absl::StatusOr<ShowPlan> parse_plan(std::string_view text, std::string_view file);

// Errors: InvalidArgument "command_id: expected a text of 1 to 100 bytes".
absl::StatusOr<std::string> read_command_id(const json& object);

using Request = std::variant<Command, StreamUpdate>;

// Reads {"command_id", "command", "scene"?, "until"?}. ForceScene is Force with `until`, else Take.
//
// Errors: InvalidArgument "command: expected ...".
absl::StatusOr<Request> read_request(const json& object);

// Reads what to_json wrote.
absl::StatusOr<Command> read_stored_command(const json& object);
json to_json(const Command& command);
json to_json(const ShowPlan& plan);

// Writes a command with the number of its scenes in the place of its plan.
json brief_json(const Command& command);

// Returns a record as GET /api/history has it, from what to_json or brief_json wrote.
json history_json(std::uint64_t sequence, const std::string& id, const std::string& command,
                  masterclock::UtcTime utc);

// Returns a reading: "state", "position_ns", "cycle", "scene", "on_air", "into_scene_ns", "scene_left_ns",
// "progress_ppm", "held", "forced", "behind_ns", "scene_index".
json look_json(const masterclock::Rundown& rundown, masterclock::SteadyTime at);

// Returns the commands that a state allows.
std::vector<std::string> allowed_commands(masterclock::RundownState state);

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_WIRE_H_
