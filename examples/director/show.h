// A rundown whose commands are stored: commands in, readings and changes on the air out. No thread.
//
// A show that is opened again replays its commands, each at its instant. Across a reboot the timeline ran
// on for the UTC time between the last record before and the first record after.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_SHOW_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_SHOW_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "command.h"
#include "masterclock/time/time_source.h"
#include "masterclock/timers/rundown.h"
#include "store.h"

namespace director {

// The cause of a scene on the air. kOperator: an operator of the mixer. kSafe: a loss, or the end of a loss.
enum class Cause { kTimeline, kTake, kForce, kOperator, kSafe };

std::string_view to_string(Cause cause);

// Identifies a change on the air in the same way after each restart: the last record before the change,
// and the time since that record.
struct ChangeId {
  std::uint64_t sequence = 0;
  std::chrono::nanoseconds after{};
  friend auto operator<=>(const ChangeId&, const ChangeId&) = default;
};

struct ShowChange {
  ChangeId id;
  masterclock::OnAirChange on_air;
  Cause cause = Cause::kTimeline;
  std::string why = {};  // of kSafe
};

struct Applied {
  std::uint64_t sequence = 0;
  bool changed = false;
  bool duplicate = false;  // the command id was known: nothing happened
};

// Threads: one at a time.
class Show {
 public:
  // Replays the store, which must outlive the show. Leaves out a record that the rundown refuses.
  //
  // Errors: those of the store.
  static absl::StatusOr<std::unique_ptr<Show>> open(Store& store, std::string boot,
                                                    const masterclock::TimeReading& now);

  // Returns a line for each record that the replay has left out.
  [[nodiscard]] const std::vector<std::string>& left_out() const noexcept { return left_out_; }

  // Applies and stores a command.
  //
  // Errors: those of the rundown; Unavailable for a store that cannot be written: nothing has changed.
  absl::StatusOr<Applied> apply(Command wanted, const masterclock::TimeReading& now);

  // Returns whether a stored command has this id.
  [[nodiscard]] bool knows(const std::string& id) const { return ids_.contains(id); }

  // Returns whether the safe scene is forced, for a loss.
  [[nodiscard]] bool is_safe(masterclock::SteadyTime now) const {
    return safe_ && rundown_.reading(now).forced;
  }

  // Returns the changes up to and including `until` that no earlier call returned, in order.
  std::vector<ShowChange> changes(masterclock::SteadyTime until);

  // Returns the instant at which the reading next changes scene or state without a command.
  [[nodiscard]] std::optional<masterclock::SteadyTime> next_boundary(
      masterclock::SteadyTime now) const;

  [[nodiscard]] const masterclock::Rundown& rundown() const noexcept { return rundown_; }
  [[nodiscard]] const ShowPlan& plan() const noexcept { return plan_; }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return last_.id.sequence; }
  // Returns the sequence of the configuration; 0 without one.
  [[nodiscard]] std::uint64_t configured() const noexcept { return configured_; }
  // Returns a name of this show: the time of its first record.
  [[nodiscard]] std::int64_t first_utc_ns() const noexcept { return first_utc_ns_; }

 private:
  Show(Store& store, std::string boot) : store_(store), boot_(std::move(boot)) {}
  absl::Status replay(const masterclock::TimeReading& now);
  absl::StatusOr<bool> command(const Command& command, masterclock::SteadyTime at);
  void note(const Record& record, bool changed);
  void collect(masterclock::SteadyTime until);

  struct Last {
    ChangeId id;
    masterclock::SteadyTime at = masterclock::SteadyTime::min();
    Cause cause = Cause::kTimeline;
    std::string why = {};
  };

  Store& store_;
  const std::string boot_;
  masterclock::Rundown rundown_;
  ShowPlan plan_;
  Last last_;          // record
  bool safe_ = false;  // the last force was for a loss
  std::uint64_t configured_ = 0;
  std::int64_t first_utc_ns_ = 0;
  std::unordered_set<std::string> ids_;
  std::vector<ShowChange> changes_;  // not yet returned
  std::vector<std::string> left_out_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_SHOW_H_
