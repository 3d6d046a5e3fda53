// Records the commands of a game and computes every clock's state from the records alone.
//
// A replay equals the live state to the nanosecond: each record carries the steady instant of its
// command, and the log has no other input. The order is by sequence, never by timestamp. Commands
// have ids: a command that arrives twice (a retry, a button, two servers) is applied once.
//
// Undo and redo are records. A replay skips an undone command as if it had never been given. After
// an undone pause the clock has run all the time; after an undone start it never ran. The log
// deletes nothing.
//
// Steady time has no meaning across a reboot. The policy decides the state of a running clock:
//   kContinue   The clock ran on for as long as UTC says has passed.
//   kFreeze     The clock was paused at the last sign of life before the reboot.
//   kAsk        As kFreeze, until an operator decides (`needs_decision`).
// A program that crashes without a reboot stays in the same boot and loses nothing.
//
// The log has no file. The caller stores records and snapshots, and reads them back. The caller
// stores a record before it appends that record, so an appended record is never lost.
//
// Threads: one at a time.
// Cost:    append and clocks() are O(clocks). An undo, a decision and the first record of a boot
//          replay the records since the last snapshot.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   const masterclock::ClockKey game{"game", 1};
//   masterclock::ClockLog log({{game, {.initial = 20min, .maximum = 20min}}},
//                             masterclock::BootPolicy::kAsk);
//   const auto at = [](auto t) {
//     return masterclock::LogTime{masterclock::SteadyTime(t), {}, "boot-1"};
//   };
//   assert(log.append({1, at(0s), "a", {{game, masterclock::ClockCommand::start()}}}).ok());
//   assert(log.append({2, at(20s), "b", {{game, masterclock::ClockCommand::pause()}}}).ok());
//   assert(log.append({3, at(25s), "c", {}, masterclock::LogVerb::kUndo}).ok());
//   assert(log.clock(game, at(60s))->reading(masterclock::SteadyTime(60s)).value == 19min);
#ifndef MASTERCLOCK_TIMERS_CLOCK_LOG_H_
#define MASTERCLOCK_TIMERS_CLOCK_LOG_H_

#include "masterclock/version.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/printable.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_records.h"
#include "masterclock/timers/count_clock.h"
#include "masterclock/timers/internal/clock_fold.h"
#include "masterclock/timers/internal/clock_history.h"

namespace masterclock::inline v0_2 {

// Records with kDuplicate or kWithoutEffect change nothing. The caller keeps them all the same.
enum class LogOutcome { kDone, kDuplicate, kWithoutEffect };

[[nodiscard]] inline std::string to_string(LogOutcome outcome) {
  return internal::name_of(outcome, {"done", "duplicate", "without_effect"});
}

class ClockLog {
 public:
  // A clock whose rules CountClock::make refuses is left out: a command to it is NotFound.
  ClockLog(const std::map<ClockKey, ClockRules>& clocks, BootPolicy policy)
      : history_(clocks_of(clocks), policy) {}
  explicit ClockLog(ClockSnapshot snapshot)
      : history_(snapshot), ids_(std::move(snapshot.command_ids)), sequence_(snapshot.sequence) {}

  // Appends a record. A command that a clock refuses gives kWithoutEffect, not an error. The record
  // is applied as a whole or not at all, also when memory runs out.
  //
  // Errors: OutOfRange for a sequence that is not greater than the last one; NotFound for an
  //         unknown clock; InvalidArgument for a malformed record.
  absl::StatusOr<LogOutcome> append(ClockRecord record) {
    if (absl::Status fault = check(record); !fault.ok()) return fault;
    const std::uint64_t sequence = record.sequence;
    std::set<std::string> id;
    if (!record.command_id.empty()) {
      if (ids_.contains(record.command_id)) {
        sequence_ = sequence;
        return LogOutcome::kDuplicate;
      }
      id.insert(record.command_id);
    }
    const bool effect = history_.append(std::move(record));
    ids_.merge(id);  // does not allocate
    sequence_ = sequence;
    return effect ? LogOutcome::kDone : LogOutcome::kWithoutEffect;
  }

  // Returns a clock on the steady timeline of `now.boot`. `now` must not be before the last
  // record.
  //
  // Errors: NotFound.
  [[nodiscard]] absl::StatusOr<CountClock> clock(const ClockKey& key, const LogTime& now) const {
    const auto found = history_.clocks().find(key);
    if (found == history_.clocks().end()) return unknown(key);
    internal::Clocks one{*found};
    history_.cross(one, now);
    return one.begin()->second;
  }
  [[nodiscard]] std::map<ClockKey, CountClock> clocks(const LogTime& now) const {
    internal::Clocks all = history_.clocks();
    history_.cross(all, now);
    return all;
  }

  // Returns the record that the next undo reverses, or that the next redo applies again. Null if
  // there is none. A button names the record before an operator presses the button. The pointer is valid
  // until the next append.
  [[nodiscard]] const ClockRecord* next_undo() const noexcept { return history_.next_undo(); }
  [[nodiscard]] const ClockRecord* next_redo() const noexcept { return history_.next_redo(); }
  [[nodiscard]] bool needs_decision() const noexcept { return history_.has_open_boot(); }

  // Returns a snapshot after which at most `undo_depth` commands can still be undone.
  [[nodiscard]] ClockSnapshot snapshot(std::size_t undo_depth = 64) const {
    ClockSnapshot result = history_.snapshot(undo_depth);
    result.sequence = sequence_;
    result.command_ids = ids_;
    return result;
  }

  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return sequence_; }

 private:
  static internal::Clocks clocks_of(const std::map<ClockKey, ClockRules>& rules) {
    internal::Clocks clocks;
    for (const auto& [key, one] : rules) {
      if (const auto clock = CountClock::make(one); clock.ok()) clocks.emplace(key, *clock);
    }
    return clocks;
  }

  static absl::Status unknown(const ClockKey& key) {
    return absl::NotFoundError("no clock " + internal::quoted(to_string(key)));
  }

  [[nodiscard]] absl::Status check(const ClockRecord& record) const {
    const auto text = [&](const char* fault) {
      return "record " + std::to_string(record.sequence) + ": " + fault;
    };
    if (record.sequence <= sequence_) {
      return absl::OutOfRangeError(text("the last sequence is ") + std::to_string(sequence_));
    }
    if (record.verb != LogVerb::kCommand && !record.commands.empty()) {
      return absl::InvalidArgumentError(text("only a command record has commands"));
    }
    for (const auto& [key, command] : record.commands) {
      if (!history_.clocks().contains(key)) return unknown(key);
      const bool corrects = command.verb == ClockVerb::kSet || command.verb == ClockVerb::kAdjust;
      if (corrects && !command.value) {
        return absl::InvalidArgumentError(text("set and adjust require a value"));
      }
      if (command.verb == ClockVerb::kConfigure && !command.rules) {
        return absl::InvalidArgumentError(text("configure requires rules"));
      }
    }
    return absl::OkStatus();
  }

  internal::ClockHistory history_;
  std::set<std::string> ids_;
  std::uint64_t sequence_ = 0;
};

// Returns the log of `records`, given in any order: sorts them and appends each one.
//
// Errors: those of ClockLog::append.
[[nodiscard]] inline absl::StatusOr<ClockLog> replay(const std::map<ClockKey, ClockRules>& clocks,
                                                     BootPolicy policy,
                                                     std::vector<ClockRecord> records) {
  std::vector<ClockRecord*> order;
  order.reserve(records.size());
  for (ClockRecord& record : records) order.push_back(&record);
  std::sort(order.begin(), order.end(), [](const ClockRecord* a, const ClockRecord* b) {
    return a->sequence != b->sequence ? a->sequence < b->sequence : a < b;
  });
  ClockLog log(clocks, policy);
  for (ClockRecord* const record : order) {
    const auto outcome = log.append(std::move(*record));
    if (!outcome.ok()) return outcome.status();
  }
  return log;
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_LOG_H_
