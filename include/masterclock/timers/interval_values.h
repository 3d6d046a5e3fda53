// Defines what IntervalSchedule (interval_schedule.h) takes and returns: the options of a job, a run
// that is due, and the health of a job.
#ifndef MASTERCLOCK_TIMERS_INTERVAL_VALUES_H_
#define MASTERCLOCK_TIMERS_INTERVAL_VALUES_H_

#include "masterclock/version.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "masterclock/internal/printable.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/backoff.h"

namespace masterclock::inline v0_2 {

// Decides what happens to grid instants that fall due during a run. The names are Temporal's.
enum class Overlap {
  kBufferOne,  // merges them into one run, to start as soon as the current run ends
  kSkip,       // drops them; the next run is due at the next grid instant
};

struct IntervalOptions {
  std::chrono::nanoseconds interval{};  // positive
  Overlap overlap = Overlap::kBufferOne;
  // Delays the retry of a failed run, in place of the grid, until a run succeeds. The retry can be
  // sooner or later than the next grid instant. Without `retry`, or once `attempts` is used up, the
  // next run is due at the next grid instant.
  std::optional<Backoff> retry{};
  // Delays each start by up to `jitter`, differently each time and for each job. The grid does not
  // move. Not negative, less than `interval`.
  std::chrono::nanoseconds jitter{0};
  friend bool operator==(const IntervalOptions&, const IntervalOptions&) = default;
};

struct DueRun {
  std::uint64_t id = 0;  // never reused, not even for a job that was removed and added again
  std::string name;
  SteadyTime due{};         // grid instant served; of a retry its own instant; of a manual run now
  std::int64_t missed = 0;  // grid instants before the start without a separate run
  bool manual = false;
};

// kNever: no success yet. kFresh: in time. kOverdue: the last success is longer ago than allowed.
enum class Freshness { kNever, kFresh, kOverdue };

[[nodiscard]] inline std::string to_string(Overlap overlap) {
  return internal::name_of(overlap, {"buffer_one", "skip"});
}
[[nodiscard]] inline std::string to_string(Freshness freshness) {
  return internal::name_of(freshness, {"never", "fresh", "overdue"});
}

struct IntervalHealth {
  std::string name;
  Freshness freshness = Freshness::kNever;
  bool running = false;
  int failures = 0;             // in a row
  std::int64_t overlapped = 0;  // instants dropped by Overlap::kSkip since the job was added
  // `last_success` is the instant at which the successful run ended. `last_overlapped` is the latest
  // instant that `overlapped` counts.
  std::optional<SteadyTime> last_start{}, last_success{}, next_due{}, last_overlapped{};
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_INTERVAL_VALUES_H_
