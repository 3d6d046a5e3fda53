#include "game_event.h"

#include "masterclock/timers/clock_display.h"

namespace scoreboard {

using masterclock::ClockState;

std::vector<GameEvent> events_of(const ClockStep& step, bool is_game_clock) {
  const bool set = step.value_before != step.after.value;
  const bool ran = step.before == ClockState::kRunning;
  const bool runs = step.after.state == ClockState::kRunning;
  const nlohmann::json payload = {{"kind", step.key.kind},
                                  {"id", step.key.id},
                                  {"value_ns", step.after.value.count()},
                                  {"state", to_string(step.after.state)}};
  std::vector<GameEvent> events;
  if (!is_game_clock) {
    if (set || ran != runs) events.push_back({"CLOCK_CHANGED", payload});
    return events;
  }
  if (set) {
    events.push_back({"CLOCK_SET", payload});
    events.back().payload["seconds"] = masterclock::shown_seconds(step.after.value, step.direction);
  }
  if (ran != runs) events.push_back({runs ? "GAME_STARTED" : "GAME_PAUSED", payload});
  return events;
}

}  // namespace scoreboard
