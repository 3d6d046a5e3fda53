// Records in the as-run log what one channel put on the air.
//
// A start is recorded once, when the channel reaches it. A programme that had ended by then was not
// aired: after a step forward, a suspend or a stall, one entry counts these programmes. After a step
// back, recorded starts are not recorded again; the others are.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_RECORDER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_RECORDER_H_

#include <set>
#include <string>

#include "absl/status/status.h"
#include "as_run_log.h"
#include "masterclock/time/time_points.h"
#include "schedule_service.h"

namespace on_air {

// Threads: one at a time.
class AsRunRecorder {
 public:
  // Records the boundaries in [begin, end). An empty `sink` records nothing.
  AsRunRecorder(const ScheduleService& schedule, std::string channel, AsRunSink sink,
                masterclock::UtcTime begin, masterclock::UtcTime end);

  // Records the boundaries up to `plan.at`.
  //
  // Cost:   grows with the number of these boundaries.
  // Errors: that of the sink. The entry is not repeated.
  absl::Status record(const PlayoutPlan& plan);

  // Records that a filler replaces the programme from `at` on, or that the programme is back.
  absl::Status record_filler(const NowPlaying& programme, masterclock::UtcTime at,
                             std::string reason);
  absl::Status record_return(const NowPlaying& programme, masterclock::UtcTime at);

  // Notes that the clock was set back to `lowest` since the last call: the boundaries after it count.
  void clock_was_at(masterclock::UtcTime lowest);

 private:
  absl::Status start(const Airing& airing, const Programme& programme, masterclock::UtcTime at);
  absl::Status write(const AsRunEntry& entry);

  const ScheduleService& schedule_;
  const std::string channel_;
  const AsRunSink sink_;
  const masterclock::UtcTime end_;
  masterclock::UtcTime seen_;             // boundaries up to here, inclusively, are recorded
  std::set<masterclock::UtcTime> aired_;  // the last recorded starts
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_RECORDER_H_
