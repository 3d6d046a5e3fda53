// The real clock, made into a station's: UTC that never runs backward, by what a daemon knows of it.
//
// Once a second the daemon is asked, on a thread of the clock's own, since it may take its time to
// answer. Small corrections are slewed; each step, and each change of how far the time can be
// trusted, is told in a line.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_STATION_CLOCK_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_STATION_CLOCK_H_

#include <functional>
#include <memory>
#include <string>

#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/time_source.h"

namespace on_air {

// "the clock is 3.000000 s fast, and waits (step)".
//
// Threads: any, for both.
[[nodiscard]] std::string step_text(const masterclock::TimeChange& change);
// "the time is synchronized, to 0.000120 s".
[[nodiscard]] std::string trust_text(const masterclock::TimeBounds& bounds);

// Threads: one owner; `source()` any. `say` is called by one thread at a time.
class StationClock {
 public:
  using Say = std::function<void(const std::string& line)>;

  // `machine` must outlive the clock.
  StationClock(masterclock::TimeSource& machine,
               std::unique_ptr<masterclock::SyncProvider> provider, Say say);
  ~StationClock();

  [[nodiscard]] masterclock::DisciplinedTimeSource& source() noexcept;

  // Asks now. Not after `start`.
  void refresh();

  // Asks once a second from now on.
  void start();

 private:
  class State;
  const std::unique_ptr<State> state_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_STATION_CLOCK_H_
