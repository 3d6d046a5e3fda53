// The clocks of a match: commands in, readings and reports out. No sockets, no thread.
//
// A command is stored, then acknowledged, then shown. The log computes the state from the stored records, and
// the board reports each clock at its boundaries. The end of a clock is a record too, at the exact instant
// of the end, with the batch that the sport has for it. A command that takes a running clock to its end has
// that batch in its own record.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_SCOREBOARD_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_SCOREBOARD_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/master_clock.h"
#include "masterclock/timers/clock_board.h"
#include "masterclock/timers/clock_log.h"
#include "store.h"

namespace scoreboard {

// Facts about a clock that a report lacks.
struct ClockInfo {
  masterclock::CountDirection direction{};
  bool is_game = false;
};

struct ScoreboardOptions {
  std::string boot;  // /proc/sys/kernel/random/boot_id
  masterclock::BootPolicy policy = masterclock::BootPolicy::kAsk;
  std::chrono::nanoseconds alive_every =
      std::chrono::seconds(10);  // signs of life while a clock runs

  // The batch that is applied at the instant at which its clock ended.
  std::map<masterclock::ClockKey, std::vector<masterclock::KeyedCommand>> at_end = {};

  // The clock that CLOCK_SET, GAME_STARTED and GAME_PAUSED are about. None: the first by kind and id.
  std::optional<masterclock::ClockKey> game = {};

  // Gets the reports of the clocks, on the thread that commanded or triggered. It must not call the
  // scoreboard.
  std::function<void(const masterclock::ClockReport&, const ClockInfo&)> on_report = {};

  std::function<void()> on_change = {};  // after each record that is no sign of life
  std::function<void(std::string_view line)> log = {};
};

struct Answer {
  std::uint64_t sequence = 0;
  masterclock::LogOutcome outcome = masterclock::LogOutcome::kDone;
};

// Threads: any.
class Scoreboard {
 public:
  // Replays the store. `clock` and `store` must outlive the scoreboard. Nothing triggers the events of
  // `clock` while the scoreboard is destroyed.
  //
  // Errors: those of the store; DataLoss for records that cannot be replayed.
  static absl::StatusOr<std::unique_ptr<Scoreboard>> open(masterclock::MasterClock& clock,
                                                          Store& store, ScoreboardOptions options);

  // Applies a batch now, all or none. A retry has the same id and changes nothing.
  //
  // Errors: NotFound for a clock; FailedPrecondition when a clock refuses its command: nothing is
  //         stored then; Unavailable for a store that cannot be written.
  absl::StatusOr<Answer> command(const std::string& id,
                                 const std::vector<masterclock::KeyedCommand>& commands);

  absl::StatusOr<Answer> undo(const std::string& id);
  absl::StatusOr<Answer> redo(const std::string& id);
  absl::StatusOr<Answer> decide(const std::string& id, bool let_run_on);

  // Errors: AlreadyExists; InvalidArgument for rules that are no clock.
  absl::StatusOr<Answer> add_clock(const std::string& id, const masterclock::ClockKey& key,
                                   const masterclock::ClockRules& rules);

  // Errors: NotFound.
  absl::StatusOr<Answer> remove_clock(const masterclock::ClockKey& key);

  // Reads and shows what another server of the match has stored.
  absl::Status refresh();

  // Returns the body of GET /api/state, without the part of the pusher.
  [[nodiscard]] nlohmann::json state() const;

  // Returns {"seconds", "running"} of the game clock.
  [[nodiscard]] nlohmann::json game_state() const;

  // Returns up to 1,000 records from `first` on.
  [[nodiscard]] absl::StatusOr<nlohmann::json> history(std::uint64_t first) const;

  [[nodiscard]] absl::StatusOr<std::string> setting(const std::string& name) const;
  absl::Status set_setting(const std::string& name, const std::string& value);

  // Returns whether a clock was ever added, even if it was removed.
  [[nodiscard]] bool had_clock(const masterclock::ClockKey& key) const;

 private:
  Scoreboard(masterclock::MasterClock& clock, Store& store, ScoreboardOptions options);
  absl::Status start();
  [[nodiscard]] masterclock::LogTime now() const;
  void log(std::string_view line) const;
  // Records, and calls `on_change` without the lock.
  absl::StatusOr<Answer> changed(masterclock::LogVerb verb, const std::string& id,
                                 const std::vector<masterclock::KeyedCommand>& commands);

  // The log of the records of the store.
  struct Replayed {
    masterclock::ClockLog log;
    std::map<std::string, std::uint64_t> ids;
    masterclock::LogTime last;  // of the last record
  };

  // All below need the lock.
  [[nodiscard]] std::optional<masterclock::ClockKey> game() const;
  absl::StatusOr<Answer> add(const std::string& id, const masterclock::ClockKey& key,
                             const masterclock::ClockRules& rules);
  absl::Status replay();
  absl::Status catch_up();
  absl::Status read_records(Replayed& into);
  void note_states();
  absl::StatusOr<Answer> record(masterclock::LogVerb verb, const std::string& id,
                                const std::vector<masterclock::KeyedCommand>& commands);
  absl::StatusOr<Answer> store(masterclock::ClockRecord record,
                               const std::optional<masterclock::ClockKey>& added = {});
  absl::StatusOr<Effects> fold(const masterclock::ClockRecord& record,
                               masterclock::LogOutcome& outcome,
                               const std::optional<masterclock::ClockKey>& added);
  // Returns the clocks that the commands take to their ends.
  absl::StatusOr<std::set<masterclock::ClockKey>> try_out(
      const masterclock::LogTime& at, const std::vector<masterclock::KeyedCommand>& commands) const;
  absl::StatusOr<std::set<masterclock::ClockKey>> add_batches(
      masterclock::ClockRecord& record) const;
  [[nodiscard]] bool concerns_removed_clocks(masterclock::LogVerb verb) const;
  void note_ends(const std::set<masterclock::ClockKey>& ends);
  struct End {
    masterclock::ClockKey key;
    masterclock::SteadyTime at;
    std::string id;  // of its record
  };
  [[nodiscard]] std::optional<End> next_end() const;
  void follow_ends();
  void show();
  void note_alive();

  masterclock::MasterClock& clock_;
  Store& store_;
  const ScoreboardOptions options_;
  mutable std::mutex mutex_;
  std::map<masterclock::ClockKey, StoredClock> clocks_;
  std::optional<Replayed> replayed_;
  bool stale_ = false;  // the log has a record that the store may lack
  std::map<masterclock::ClockKey, masterclock::ClockState> shown_;  // after the last record
  std::string store_error_;                                         // of the last record
  mutable std::mutex infos_mutex_;  // the reports need them without the lock above
  std::map<masterclock::ClockKey, ClockInfo> infos_;
  std::set<masterclock::ClockKey> ended_;  // by a command, and not yet reported
  masterclock::ClockBoard board_;
  masterclock::ScopedEvent end_, alive_;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_SCOREBOARD_H_
