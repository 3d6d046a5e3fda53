// Defines the commands to a show, and the record that a store keeps of a command.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_COMMAND_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "masterclock/time/time_points.h"
#include "masterclock/timers/rundown_values.h"

namespace director {

enum class Verb {
  kConfigure,
  kStart,
  kPause,
  kResume,
  kStop,
  kReset,
  kTake,
  kSkip,
  kForce,
  kRelease,
  kHold,
  kGo,
  kCorrect,  // by a TimecodeChase
  kBoot,     // the first opening in a new boot; changes nothing
};

// The scenes of a show, as a rundown file and POST /config have them.
struct ShowPlan {
  std::vector<masterclock::Scene> scenes;
  bool looping = false;
  friend bool operator==(const ShowPlan&, const ShowPlan&) = default;
};

struct Command {
  Verb verb = Verb::kStart;
  std::string id = {};     // counts once; empty: without
  std::string scene = {};  // kTake, kForce
  masterclock::ForceUntil until = masterclock::ForceUntil::kReleased;  // kForce
  bool in_mixer = false;          // by an operator of the mixer
  std::string why = {};           // by the director, to or from the safe scene; the loss or its end
  ShowPlan plan = {};             // kConfigure
  std::chrono::nanoseconds by{};  // kCorrect
  friend bool operator==(const Command&, const Command&) = default;
};

struct Record {
  std::uint64_t sequence = 0;  // from 1 on
  Command command;
  masterclock::SteadyTime steady;
  masterclock::UtcTime utc;
  std::string boot;  // steady times of one boot can be compared
  friend bool operator==(const Record&, const Record&) = default;
};

// The program that streams and records, as it reports itself.
struct StreamStatus {
  bool streaming = false, recording = false;
  bool lost = false;  // connects again, or gave up doing so
  std::optional<std::chrono::nanoseconds> timecode = {};
  friend bool operator==(const StreamStatus&, const StreamStatus&) = default;
};

// The command UpdateStreamStatus. It changes no rundown and is not stored. What it lacks stays as it is.
struct StreamUpdate {
  std::string id = {};
  std::optional<bool> streaming = {}, recording = {}, feed_lost = {};
  std::optional<std::chrono::nanoseconds> timecode = {};
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_COMMAND_H_
