// Defines the values of a rundown: its scenes, its state, a reading, and a change on the air.
//
// `Rundown` (rundown.h) takes scenes and returns readings and changes.
#ifndef MASTERCLOCK_TIMERS_RUNDOWN_VALUES_H_
#define MASTERCLOCK_TIMERS_RUNDOWN_VALUES_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "masterclock/internal/printable.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/time/duration_text.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

struct Scene {
  std::string name;                     // the mixer's name for the scene; may occur more than once
  std::chrono::nanoseconds duration{};  // positive
  // Offset from the beginning of the rundown. None: the end of the previous scene.
  std::optional<std::chrono::nanoseconds> start{};
  friend bool operator==(const Scene&, const Scene&) = default;
};

struct RundownOptions {
  bool looping = false;
  friend bool operator==(const RundownOptions&, const RundownOptions&) = default;
};

enum class RundownState { kUnconfigured, kIdle, kRunning, kPaused, kFinished, kStopped, kError };
// kReleased: until `release`. kBoundary: also until the timeline next enters a scene or finishes.
enum class ForceUntil { kReleased, kBoundary };

struct RundownReading {
  RundownState state = RundownState::kUnconfigured;
  std::chrono::nanoseconds position{};  // in the cycle
  std::int64_t cycle = 0;               // number of times that the loop has begun again
  std::optional<std::size_t> scene{};   // of the timeline; none in a gap, before and after
  std::chrono::nanoseconds into_scene{}, scene_left{};  // zero without a scene
  // Forced scene, else the timeline's scene. None: no request, the mixer keeps its scene.
  std::optional<std::string> on_air{};
  bool forced = false, held = false;
  double progress = 0;  // fraction of the cycle, 0 to 1; for display
  // Delay against a timeline without operator intervention since the start. Negative: ahead.
  std::chrono::nanoseconds behind{};
  // End without further operator intervention. None in a loop, while held, or when not running.
  std::optional<SteadyTime> expected_end{};
  friend bool operator==(const RundownReading&, const RundownReading&) = default;
};

struct OnAirChange {
  SteadyTime at{};
  std::optional<std::string> scene{};  // none: no request
  std::int64_t cycle = 0;
  friend bool operator==(const OnAirChange&, const OnAirChange&) = default;
};

[[nodiscard]] inline std::string to_string(RundownState state) {
  return internal::name_of(
      state, {"unconfigured", "idle", "running", "paused", "finished", "stopped", "error"});
}

[[nodiscard]] inline std::string to_string(ForceUntil until) {
  return internal::name_of(until, {"released", "boundary"});
}

[[nodiscard]] inline std::string to_string(const Scene& scene) {
  return internal::quoted(scene.name) + " for " + to_string(scene.duration) +
         (scene.start ? " at " + to_string(*scene.start) : "");
}

[[nodiscard]] inline std::string to_string(RundownOptions options) {
  return options.looping ? "looping" : "once";
}

[[nodiscard]] inline std::string to_string(const RundownReading& reading) {
  return to_string(reading.state) + " at " + to_string(reading.position) + " of cycle " +
         std::to_string(reading.cycle) +
         ", on air: " + (reading.on_air ? internal::quoted(*reading.on_air) : "no request") +
         (reading.forced ? ", forced" : "") + (reading.held ? ", held" : "");
}

[[nodiscard]] inline std::string to_string(const OnAirChange& change) {
  return (change.scene ? internal::quoted(*change.scene) : "no request") + " at steady " +
         to_string(change.at.time_since_epoch()) + ", cycle " + std::to_string(change.cycle);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_RUNDOWN_VALUES_H_
