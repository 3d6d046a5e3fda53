// Reads the rules of a sport: its clocks, and which command does what to which clocks.
//
//   {"name": "American football",
//    "clocks": [{"kind": "period", "id": 1, "rules": {"direction": "down", ...}}, ...],
//    "actions": [{"name": "Snap", "key": "s", "commands": [{"kind": "period", ...}, ...]}, ...],
//    "at_end": [{"kind": "period", "id": 1, "commands": [...]}]}
//
// An action is one batch of commands at one instant. A batch of `at_end` is applied at the exact instant
// at which its clock ended.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_SPORT_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_SPORT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "masterclock/timers/clock_command.h"
#include "masterclock/timers/clock_key.h"

namespace scoreboard {

struct SportAction {
  std::string name;  // of its button: "Snap"
  std::string key;   // of the keyboard, "" for none
  std::vector<masterclock::KeyedCommand> commands;
};

struct Sport {
  std::string name;
  masterclock::ClockKey game;  // the first clock of the file
  std::map<masterclock::ClockKey, masterclock::ClockRules> clocks;
  std::vector<SportAction> actions;
  std::map<masterclock::ClockKey, std::vector<masterclock::KeyedCommand>> at_end;
};

// Errors: InvalidArgument "FILE: FIELD: expected ...", also for a clock that the file does not list, rules
//         that are no clock, and a key that two actions have.
absl::StatusOr<Sport> parse_sport(std::string_view text, std::string_view file);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_SPORT_H_
