// Stores the clocks and the commands of a match. A command is stored before its effect is shown, and a
// command id counts once.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_STORE_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sqlite.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_log.h"

namespace scoreboard {

// A clock and whether it was removed. The commands to a removed clock stay in the log.
struct StoredClock {
  masterclock::ClockRules rules;
  bool removed = false;
};

// Threads: one at a time.
// Errors:  those of the database, one line that names the file. A refused call stores nothing.
class Store {
 public:
  virtual ~Store() = default;

  virtual absl::StatusOr<std::map<masterclock::ClockKey, StoredClock>> clocks() = 0;

  // Errors: AlreadyExists for a key that is taken. A removed clock may be added again with the same
  //         rules; other rules are a FailedPrecondition, because its commands are still in the log.
  virtual absl::Status add_clock(const masterclock::ClockKey& key,
                                 const masterclock::ClockRules& rules) = 0;

  // Errors: NotFound.
  virtual absl::Status remove_clock(const masterclock::ClockKey& key) = 0;

  // Stores `record` and returns the sequence that the store gives it. The sequence in `record` is
  // ignored.
  //
  // Errors: AlreadyExists when the command id is stored already.
  virtual absl::StatusOr<std::uint64_t> append(const masterclock::ClockRecord& record) = 0;

  // Returns the records from `first` on, at most `limit` of them, in the order of their sequences.
  virtual absl::StatusOr<std::vector<masterclock::ClockRecord>> records(std::uint64_t first,
                                                                        std::size_t limit) = 0;
};

// Keeps the store in an SQLite file.
class SqliteStore : public Store {
 public:
  // Creates the file and its tables if they do not exist.
  //
  // Errors: FailedPrecondition for the file of a later version.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> open(std::string file);

  absl::StatusOr<std::map<masterclock::ClockKey, StoredClock>> clocks() override;
  absl::Status add_clock(const masterclock::ClockKey& key,
                         const masterclock::ClockRules& rules) override;
  absl::Status remove_clock(const masterclock::ClockKey& key) override;
  absl::StatusOr<std::uint64_t> append(const masterclock::ClockRecord& record) override;
  absl::StatusOr<std::vector<masterclock::ClockRecord>> records(std::uint64_t first,
                                                                std::size_t limit) override;

 private:
  explicit SqliteStore(std::unique_ptr<common::Database> database)
      : database_(std::move(database)) {}

  const std::unique_ptr<common::Database> database_;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_STORE_H_
