// Runs the events of a schedule: on simulated time, at any pace, or on the real clock.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_RUN_LOOP_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_RUN_LOOP_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "as_run_log.h"
#include "common/stop_signal.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/zones/zone.h"

namespace on_air {

// Writes "on_air: LINE" on stderr, in place of the progress. Drops the line when the reader of stderr is
// not ready.
void say(const std::string& line);

// Shows the progress of a run on stderr, in one line that it overwrites. Shows nothing where stderr is
// not a terminal.
//
// Threads: one at a time.
class Progress {
 public:
  Progress(masterclock::UtcTime from, std::optional<masterclock::UtcTime> to,
           masterclock::Zone zone);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void show(masterclock::UtcTime now, std::size_t starts);

 private:
  const masterclock::UtcTime from_;
  const std::optional<masterclock::UtcTime> to_;
  const masterclock::Zone zone_;
  const bool shown_;
  bool drawn_ = false;
  std::int64_t thousandth_ = 0;
  std::chrono::sys_seconds second_{};
};

// Each of the three ways ends at `end`, after an interruption, when the log cannot be written, or when
// its reader has left.
//
// Threads: one owner; `count` and `fail` any.
class RunLoop {
 public:
  RunLoop(masterclock::MasterClock& clock, const AsRunLog& log, common::StopSignal& stop,
          Progress& progress)
      : clock_(clock), log_(log), stop_(stop), progress_(progress) {}

  // From event to event, without waiting.
  void at_once(masterclock::testing::ManualTimeSource& source, masterclock::UtcTime end);

  // At `speed` simulated seconds per second. The pace is counted from the start, so a late wake-up does
  // not delay the rest.
  void paced(masterclock::testing::ManualTimeSource& source, double speed,
             masterclock::UtcTime end);

  // On the real clock. Calls `every_second`.
  void real(std::optional<masterclock::UtcTime> end, const std::function<void()>& every_second);

  void count(const AsRunEntry& entry);
  void fail(const absl::Status& error);

  [[nodiscard]] absl::Status failure() const;
  [[nodiscard]] std::string summary() const;  // "7 programme starts, 2 skipped,"

 private:
  void advance_to(masterclock::testing::ManualTimeSource& source, masterclock::UtcTime end);
  bool ended(std::chrono::nanoseconds wait);

  masterclock::MasterClock& clock_;
  const AsRunLog& log_;
  common::StopSignal& stop_;
  Progress& progress_;
  std::atomic<std::size_t> starts_ = 0;
  std::atomic<std::int64_t> skipped_ = 0;
  mutable std::mutex mutex_;
  absl::Status failure_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_RUN_LOOP_H_
