// Defines what a program stores of a ClockLog (clock_log.h): records and snapshots.
//
// Both are plain data. A program writes them in the format of its store and reads them back. It
// stores a CountClock as rules() and anchor(), and CountClock::restore() returns the clock.
#ifndef MASTERCLOCK_TIMERS_CLOCK_RECORDS_H_
#define MASTERCLOCK_TIMERS_CLOCK_RECORDS_H_

#include "masterclock/version.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "masterclock/internal/printable.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/count_clock.h"

namespace masterclock::inline v0_2 {

// Holds the instant of a record. `boot` identifies the boot: /proc/sys/kernel/random/boot_id.
struct LogTime {
  SteadyTime steady{};
  UtcTime utc{};
  std::string boot{};
  friend bool operator==(const LogTime&, const LogTime&) = default;
};

// kAlive is a sign of life: a freeze pauses clocks at the last one. LogVerb::kContinue and
// LogVerb::kFreeze are the decisions that BootPolicy::kAsk waits for.
enum class LogVerb { kCommand, kUndo, kRedo, kAlive, kContinue, kFreeze };
enum class BootPolicy { kContinue, kFreeze, kAsk };

[[nodiscard]] inline std::string to_string(LogVerb verb) {
  return internal::name_of(verb, {"command", "undo", "redo", "alive", "continue", "freeze"});
}
[[nodiscard]] inline std::string to_string(BootPolicy policy) {
  return internal::name_of(policy, {"continue", "freeze", "ask"});
}

struct ClockRecord {
  std::uint64_t sequence = 0;  // from 1
  LogTime at{};
  // Chosen by the caller. A retry has the same id. Empty: the record is never a duplicate.
  std::string command_id{};
  std::vector<KeyedCommand> commands{};  // at one instant, all or none
  LogVerb verb = LogVerb::kCommand;
  friend bool operator==(const ClockRecord&, const ClockRecord&) = default;
};

// The treatment of running clocks at one change of the boot. kOpen waits for a decision.
enum class BootChoice { kContinue, kFreeze, kOpen };

[[nodiscard]] inline std::string to_string(BootChoice choice) {
  return internal::name_of(choice, {"continue", "freeze", "open"});
}

struct BootCrossing {
  LogTime last{};   // the last sign of life before the boot
  LogTime first{};  // the first one after it
  BootChoice choice = BootChoice::kFreeze;
  friend bool operator==(const BootCrossing&, const BootCrossing&) = default;
};

// A command record that had an effect, or a change of the boot.
struct LogEntry {
  ClockRecord record{};
  std::optional<BootCrossing> boot{};
  bool undone = false;
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

// Holds the state after `sequence`, where a replay can begin. A snapshot contains what the log
// needs to continue exactly, to undo, and to detect a duplicate. Once the snapshot is stored, the
// caller may delete records up to `sequence`. To add a clock to a game, add the clock to
// `clocks` of a snapshot.
struct ClockSnapshot {
  std::uint64_t sequence = 0;
  BootPolicy policy = BootPolicy::kAsk;
  std::optional<LogTime> last{};            // the last sign of life
  std::map<ClockKey, CountClock> clocks{};  // before `entries`
  std::vector<LogEntry> entries{};
  std::uint64_t undo_depth = 0;  // number of the last entries that can still be undone
  std::set<std::string> command_ids{};
  friend bool operator==(const ClockSnapshot&, const ClockSnapshot&) = default;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_RECORDS_H_
