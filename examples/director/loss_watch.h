// Decides when a source counts as lost and when it counts as back, with hysteresis in both directions.
//
//   LossWatch watch(3s, 5s);
//   watch.observe(now, true);   // lost, from 3 s of it on
//   watch.observe(later, false);  // back, from 5 s of it on
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_LOSS_WATCH_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_LOSS_WATCH_H_

#include <chrono>
#include <optional>

#include "masterclock/time/time_points.h"

namespace director {

class LossWatch {
 public:
  // A loss counts after `after`, a return after `back`.
  LossWatch(std::chrono::nanoseconds after, std::chrono::nanoseconds back, bool lost = false)
      : after_(after), back_(back), lost_(lost) {}

  // Notes a report. None: unknown, and the time of the next report counts from that report.
  void observe(masterclock::SteadyTime now, std::optional<bool> lost) {
    if (!lost || *lost == lost_) {
      since_.reset();
    } else if (!since_) {
      since_ = now;
    }
  }

  // Returns the instant of the next decision, if the reports stay the same.
  [[nodiscard]] std::optional<masterclock::SteadyTime> due() const {
    if (!since_) return std::nullopt;
    return masterclock::saturating_add(*since_, lost_ ? back_ : after_);
  }

  // Decides what is due. Returns whether the decision has changed.
  bool decide(masterclock::SteadyTime now) {
    const std::optional<masterclock::SteadyTime> at = due();
    if (!at || now < *at) return false;
    lost_ = !lost_;
    since_.reset();
    return true;
  }

  [[nodiscard]] bool lost() const noexcept { return lost_; }

 private:
  std::chrono::nanoseconds after_, back_;
  bool lost_;
  std::optional<masterclock::SteadyTime> since_;  // of the reports that contradict `lost_`
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_LOSS_WATCH_H_
