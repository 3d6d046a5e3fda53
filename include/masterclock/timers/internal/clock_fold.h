// Computes the state of many clocks from the entries of a log.
//
// An entry is a command record that had an effect, or a change of the boot. The fold applies the
// commands that are not undone, and carries the clocks from one boot's steady timeline to the next.
#ifndef MASTERCLOCK_TIMERS_INTERNAL_CLOCK_FOLD_H_
#define MASTERCLOCK_TIMERS_INTERNAL_CLOCK_FOLD_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "masterclock/time/time_points.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_records.h"
#include "masterclock/timers/count_clock.h"

namespace masterclock::inline v0_2::internal {

using Clocks = std::map<ClockKey, CountClock>;

// Applies the commands at one instant. Changes nothing if a clock refuses its command, or when
// memory runs out. Returns whether a command had an effect.
inline bool apply_all(Clocks& clocks, SteadyTime at, const std::vector<KeyedCommand>& commands) {
  if (commands.size() == 1) {  // the usual case needs no copy
    const auto found = clocks.find(commands.front().key);
    if (found == clocks.end()) return false;
    const auto change = found->second.apply(at, commands.front().command);
    return change.ok() && change->changed;
  }
  Clocks changed;
  bool effect = false;
  for (const KeyedCommand& one : commands) {
    const auto found = clocks.find(one.key);
    if (found == clocks.end()) return false;
    CountClock& clock = changed.emplace(one.key, found->second).first->second;
    const auto change = clock.apply(at, one.command);
    if (!change.ok()) return false;
    effect = effect || change->changed;
  }
  for (const auto& [key, clock] : changed) clocks.find(key)->second = clock;
  return effect;
}

[[nodiscard]] inline bool any_running(const Clocks& clocks, SteadyTime at) {
  return std::any_of(clocks.begin(), clocks.end(), [&](const auto& entry) {
    return entry.second.reading(at).state == ClockState::kRunning;
  });
}

// Carries the clocks from the last instant of one boot to the first instant of the next.
inline void cross_boot(Clocks& clocks, const LogTime& last, const LogTime& first, bool run_on) {
  const std::chrono::nanoseconds off =
      std::max(saturating_difference(first.utc, last.utc), std::chrono::nanoseconds(0));
  for (auto& [key, clock] : clocks) {
    if (!run_on) (void)clock.apply(last.steady, ClockCommand::pause());
    clock = clock.rebased(run_on ? saturating_add(last.steady, off) : last.steady, first.steady);
  }
}

// Applies entry after entry to `clocks`.
inline void fold(Clocks& clocks, std::span<const LogEntry> entries) {
  for (const LogEntry& entry : entries) {
    if (entry.boot) {
      cross_boot(clocks, entry.boot->last, entry.boot->first,
                 entry.boot->choice == BootChoice::kContinue);
    } else if (!entry.undone) {
      (void)apply_all(clocks, entry.record.at.steady, entry.record.commands);
    }
  }
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIMERS_INTERNAL_CLOCK_FOLD_H_
