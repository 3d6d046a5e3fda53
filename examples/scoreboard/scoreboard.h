// The clocks of a match: commands in, readings and reports out. No sockets, no thread.
//
// A command is stored, then acknowledged, then shown. The log computes the state from the stored records, and
// the board reports each clock at its boundaries.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_SCOREBOARD_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_SCOREBOARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/master_clock.h"
#include "masterclock/timers/clock_board.h"
#include "masterclock/timers/clock_log.h"
#include "store.h"

namespace scoreboard {

struct ScoreboardOptions {
  std::string boot;  // /proc/sys/kernel/random/boot_id
  masterclock::BootPolicy policy = masterclock::BootPolicy::kAsk;

  // Gets the reports of the clocks, on the thread that commanded or triggered. It must not call the
  // scoreboard.
  std::function<void(const masterclock::ClockReport&)> on_report = {};
};

struct Answer {
  std::uint64_t sequence = 0;
  masterclock::LogOutcome outcome = masterclock::LogOutcome::kDone;
};

// Threads: any.
class Scoreboard {
 public:
  // Replays the store. `clock` and `store` must outlive the scoreboard.
  //
  // Errors: those of the store; DataLoss for records that cannot be replayed.
  static absl::StatusOr<std::unique_ptr<Scoreboard>> open(masterclock::MasterClock& clock,
                                                          Store& store, ScoreboardOptions options);

  // Applies a batch now, all or none. A retry has the same id and changes nothing.
  //
  // Errors: NotFound for a clock; FailedPrecondition when a clock refuses its command: nothing is
  //         stored then; those of the store.
  absl::StatusOr<Answer> command(const std::string& id,
                                 const std::vector<masterclock::KeyedCommand>& commands);

  absl::StatusOr<Answer> undo(const std::string& id);
  absl::StatusOr<Answer> redo(const std::string& id);
  absl::StatusOr<Answer> decide(const std::string& id, bool let_run_on);

  // Errors: AlreadyExists; InvalidArgument for rules that are no clock.
  absl::Status add_clock(const masterclock::ClockKey& key, const masterclock::ClockRules& rules);

  // Errors: NotFound.
  absl::Status remove_clock(const masterclock::ClockKey& key);

  // Returns the body of GET /api/state, without what the pusher knows.
  [[nodiscard]] nlohmann::json state() const;

  // Returns up to 1,000 records from `first` on.
  [[nodiscard]] absl::StatusOr<nlohmann::json> history(std::uint64_t first) const;

 private:
  Scoreboard(masterclock::MasterClock& clock, Store& store, ScoreboardOptions options);
  absl::Status replay();
  [[nodiscard]] masterclock::LogTime now() const;
  absl::StatusOr<Answer> record(masterclock::LogVerb verb, const std::string& id,
                                const std::vector<masterclock::KeyedCommand>& commands);
  absl::Status try_out(const masterclock::LogTime& at,
                       const std::vector<masterclock::KeyedCommand>& commands) const;
  void show(const masterclock::LogTime& at);

  masterclock::MasterClock& clock_;
  Store& store_;
  const ScoreboardOptions options_;
  mutable std::mutex mutex_;
  std::map<masterclock::ClockKey, StoredClock> clocks_;
  std::map<std::string, std::uint64_t> ids_;  // of the stored records
  std::optional<masterclock::ClockLog> log_;
  masterclock::ClockBoard board_;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_SCOREBOARD_H_
