// Chooses, once, what bounds and disciplines a MasterClock.
#ifndef MASTERCLOCK_CLOCK_INTERNAL_CLOCK_BOUNDS_H_
#define MASTERCLOCK_CLOCK_INTERNAL_CLOCK_BOUNDS_H_

#include "masterclock/version.h"

#include "masterclock/sync/bounded_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/holdover.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/time_source.h"

namespace masterclock::inline v0_2::internal {

// The bound comes from the named provider, else from the disciplined source, else there is none. `refresh`
// always refreshes a disciplined source.
class ClockBounds {
 public:
  ClockBounds(TimeSource& source, SyncProvider* provider, const HoldoverOptions& holdover)
      : disciplined_(source.disciplined()),
        answering_(provider == nullptr ? disciplined_ : nullptr),
        bounded_(disciplined_ != nullptr ? disciplined_->underlying() : source, provider,
                 holdover) {}

  [[nodiscard]] TimeBounds now_bounded() const noexcept {
    return answering_ != nullptr ? answering_->now_bounded() : bounded_.now_bounded();
  }
  void refresh() {
    if (disciplined_ != nullptr) disciplined_->refresh();
    bounded_.refresh();
  }

 private:
  DisciplinedTimeSource* const disciplined_;
  const DisciplinedTimeSource* const answering_;
  BoundedClock bounded_;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_CLOCK_INTERNAL_CLOCK_BOUNDS_H_
