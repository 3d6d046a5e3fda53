// Reads the events of a Score system, from its database or its JSON lines, as commands to one clock.
//
//   {"event_id": 1, "event_type": "CLOCK_SET", "event_payload": {"seconds": 1200}, "event_timestamp": 1706745600}
//
// GAME_STARTED, GAME_START, CLOCK_START and PERIOD_START start the clock. GAME_PAUSED, GAME_END, CLOCK_STOP and
// PERIOD_END pause it. Other types are ignored. The order is that of the event ids.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_SCORE_IMPORT_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_SCORE_IMPORT_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_records.h"
#include "store.h"

namespace scoreboard {

struct ScoreEvent {
  std::int64_t id = 0;
  std::string type;
  nlohmann::json payload;
  std::int64_t utc_s = 0;
  std::string game = {};  // its `game_id`; empty: none
};

struct ScoreLines {
  std::vector<ScoreEvent> events;
  std::size_t cut_bytes = 0;  // of a last line that is no whole object, and does not count
};

// Errors: InvalidArgument "FILE:LINE: what" for a damaged line before the last.
absl::StatusOr<ScoreLines> parse_score_lines(std::string_view text, std::string_view file);

inline const masterclock::ClockKey kImportedClock{"game", 1};
inline constexpr char kImportBoot[] = "import";

// Returns the commands to `kImportedClock`. Their steady time is UTC, in the boot `kImportBoot`.
//
// Errors: InvalidArgument "event 7: seconds: ..." for a CLOCK_SET without a time.
absl::StatusOr<std::vector<masterclock::ClockRecord>> records_of(std::vector<ScoreEvent> events);

struct ScoreImport {
  std::vector<masterclock::ClockRecord> records;
  std::string summary;  // a line that says how many events there were
};

// Reads a database or a file of lines. `game` is the `game_id` of the events to import; empty: all.
//
// Errors: InvalidArgument for events of several games when `game` is empty, and for a game without events.
absl::StatusOr<ScoreImport> read_score(const std::string& file, const std::string& game = "");

// Imports the records into a store without other commands. A repetition imports each event once.
absl::Status import_score(const ScoreImport& import, Store& store);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_SCORE_IMPORT_H_
