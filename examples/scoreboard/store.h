// Stores the clocks and the commands of a match. A command is stored before its effect is shown, and a
// command id counts once.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_STORE_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_STORE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "game_event.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_log.h"
#include "sql.h"

namespace scoreboard {

// A clock and whether it was removed. The commands to a removed clock stay in the log.
struct StoredClock {
  masterclock::ClockRules rules;
  bool removed = false;
  std::string command_id = {};  // of the request that added it
};

// The state of a clock after a record, for the programs that read the table `clocks`.
struct ClockRow {
  masterclock::ClockKey key;
  std::chrono::nanoseconds value{};
  masterclock::ClockState state = masterclock::ClockState::kStopped;
};

// The part of a record's transaction that follows from the record.
struct Effects {
  std::vector<ClockRow> clocks;
  std::vector<GameEvent> events;
};

// Computes the effects of the record that the store is about to commit as `sequence`.
using Fold = std::function<absl::StatusOr<Effects>(std::uint64_t sequence)>;

// Threads: one at a time.
// Errors:  those of the database, one line that names it. A refused call stores nothing.
class Store {
 public:
  // Opens an SQLite file or "postgresql://...". Makes the match if it does not exist and `create` is true.
  //
  // Errors: FailedPrecondition for a match of a later version; NotFound for none.
  static absl::StatusOr<std::unique_ptr<Store>> open(const std::string& database,
                                                     bool create = true);

  absl::StatusOr<std::map<masterclock::ClockKey, StoredClock>> clocks();

  // Adds a clock, or gives a removed one back. The rules of the first time stay: a record configures
  // the clock anew.
  absl::Status add_clock(const masterclock::ClockKey& key, const masterclock::ClockRules& rules,
                         const std::string& command_id);

  // Errors: NotFound.
  absl::Status remove_clock(const masterclock::ClockKey& key);

  // Stores `record` with its effects in one transaction, and returns the sequence that the store gives
  // it. The sequence in `record` is ignored.
  //
  // Errors: Aborted when the store has records after `seen`; AlreadyExists when the command id is
  //         stored already; those of `fold`.
  absl::StatusOr<std::uint64_t> append(const masterclock::ClockRecord& record, std::uint64_t seen,
                                       const Fold& fold);

  // Returns the records from `first` on, at most `limit` of them, in the order of their sequences.
  absl::StatusOr<std::vector<masterclock::ClockRecord>> records(std::uint64_t first,
                                                                std::size_t limit);

  // A setting is a text that the servers of a match share. One that was never set is empty.
  absl::StatusOr<std::string> setting(const std::string& name);
  absl::Status set_setting(const std::string& name, const std::string& value);

 private:
  explicit Store(std::unique_ptr<Sql> sql) : sql_(std::move(sql)) {}
  absl::Status prepare(bool postgres, bool create);
  absl::Status write(const Effects& effects, masterclock::UtcTime utc);

  const std::unique_ptr<Sql> sql_;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_STORE_H_
