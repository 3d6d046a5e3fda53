// Names the changes of the clocks as events for other programs.
//
//   CLOCK_SET     {"seconds": N}  the game clock got another value
//   GAME_STARTED                  the game clock began to run
//   GAME_PAUSED                   the game clock stopped, also at its end
//   CLOCK_CHANGED                 the same for any other clock
//
// Each payload has the clock's kind, id, value_ns and state.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_GAME_EVENT_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_GAME_EVENT_H_

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/count_clock.h"

namespace scoreboard {

inline constexpr std::array<std::string_view, 4> kEventTypes = {"CLOCK_SET", "GAME_STARTED",
                                                                "GAME_PAUSED", "CLOCK_CHANGED"};

struct GameEvent {
  std::string type;
  nlohmann::json payload;
};

// One change of a clock, at the instant of a record.
struct ClockStep {
  masterclock::ClockKey key;
  masterclock::CountDirection direction{};
  masterclock::ClockState before{};                        // after the record before
  std::optional<std::chrono::nanoseconds> value_before{};  // without the record; none: a new clock
  masterclock::ClockReading after;
};

// Returns the events of one change, in their order. None for a change without effect.
std::vector<GameEvent> events_of(const ClockStep& step, bool is_game_clock);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_GAME_EVENT_H_
