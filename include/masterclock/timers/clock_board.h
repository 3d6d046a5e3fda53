// Holds many clocks and reports each one once a second, at the instant when its display changes.
//
// clock_report.h describes the reports: a command changed a clock, a clock passed a second, a clock
// reached its end.
//
// A clock is identified by kind and id: play clock 7 and game clock 7 share nothing. The board has
// no thread and no timer. The boundaries of its clocks are events of the given scheduler, and fire
// on the thread that triggers the scheduler.
//
// The board applies a batch of commands to several clocks at one instant, all or none. apply_at()
// takes a recent past instant: an intermission begins when the period ended, not when a thread
// noticed the end.
//
// When memory runs out, a command changes nothing. A boundary that finds no memory is reported
// later, as `missed`: each later call to the board schedules its event again.
//
// When a report throws, the board makes the other reports. Then the first exception goes to the
// caller of the command, or to the scheduler, which counts it.
//
// Threads: any. The board reports with no lock held, on the thread that triggered or commanded.
//          Each report has a revision. A caller that forwards reports drops a report that is older
//          than the one it has. The board schedules its events with its lock held. Therefore
//          a callback of EventScheduler::attach, the hook on_scheduled and an observer of the
//          scheduler's clock must not call the board.
// Cost:    a command is O(log n) of the scheduler. A clock that does not run costs nothing.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::testing::ManualTimeSource source(masterclock::UtcTime(0s));
//   masterclock::EventScheduler scheduler(source);
//   std::vector<std::int64_t> shown;
//   masterclock::ClockBoard board(scheduler, [&](const masterclock::ClockReport& report) {
//     shown.push_back(
//         masterclock::shown_seconds(report.reading.value, masterclock::CountDirection::kDown));
//   });
//   const masterclock::ClockKey play{"play", 7};
//   assert(board.add(play, {.initial = 3s, .maximum = 3s}).ok());
//   assert(board.apply(play, masterclock::ClockCommand::start()).ok());
//   masterclock::simulate_until(source, scheduler, masterclock::UtcTime(1min));
//   assert((shown == std::vector<std::int64_t>{3, 2, 1, 0}));
#ifndef MASTERCLOCK_TIMERS_CLOCK_BOARD_H_
#define MASTERCLOCK_TIMERS_CLOCK_BOARD_H_

#include "masterclock/version.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/clock_key.h"
#include "masterclock/timers/clock_report.h"
#include "masterclock/timers/count_clock.h"
#include "masterclock/timers/internal/board_core.h"

namespace masterclock::inline v0_2 {

class ClockBoard {
 public:
  // `scheduler` must outlive the board.
  ClockBoard(EventScheduler& scheduler, std::function<void(const ClockReport&)> on_report)
      : core_(std::make_shared<internal::BoardCore>(scheduler, std::move(on_report))) {}
  // Leaves none of the board's events pending in the scheduler. Waits for a report that the thread
  // of the scheduler makes. Therefore a report must not destroy the board.
  ~ClockBoard() { core_->close(); }
  ClockBoard(const ClockBoard&) = delete;
  ClockBoard& operator=(const ClockBoard&) = delete;

  // Errors: AlreadyExists; those of CountClock::make.
  absl::Status add(ClockKey key, ClockRules rules) {
    const auto clock = CountClock::make(rules);
    return clock.ok() ? core_->add(std::move(key), *clock) : clock.status();
  }
  // Sets the clock at `key` to `clock`, for example one that ClockLog computed. A running clock
  // runs on. Reports kChanged where the board held a different clock, or none.
  void put(ClockKey key, CountClock clock) { core_->put(std::move(key), clock); }
  // Returns false if the board has no such clock.
  bool remove(const ClockKey& key) { return core_->remove(key); }

  // Applies commands now, or at a past instant `at`. `at` must not be in the future, not before the
  // last command to any of the clocks, and not before an end that was reported.
  //
  // Errors: NotFound for a key; OutOfRange for the instant; those of CountClock::apply;
  //         ResourceExhausted of the scheduler. On an error the board applies nothing.
  absl::StatusOr<ClockChange> apply(const ClockKey& key, const ClockCommand& command) {
    const KeyedCommand one{key, command};
    ClockChange change;
    absl::Status status = core_->apply(std::nullopt, {&one, 1}, &change);
    if (!status.ok()) return status;
    return change;
  }
  absl::Status apply(std::span<const KeyedCommand> commands) {
    return core_->apply(std::nullopt, commands);
  }
  absl::Status apply_at(SteadyTime at, std::span<const KeyedCommand> commands) {
    return core_->apply(at, commands);
  }

  // Returns the reading of a clock now.
  //
  // Errors: NotFound.
  [[nodiscard]] absl::StatusOr<ClockReading> reading(const ClockKey& key) const {
    return core_->reading(key);
  }
  // Returns a report of every clock at one instant, ordered by key. The reason is kChanged, and the
  // revision that of the last report.
  [[nodiscard]] std::vector<ClockReport> readings() const { return core_->readings(); }

 private:
  const std::shared_ptr<internal::BoardCore> core_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_BOARD_H_
