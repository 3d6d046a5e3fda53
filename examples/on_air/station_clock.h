// Disciplines the real clock for a station: UTC that never runs backward.
//
// A thread asks the sync provider once a second. Small corrections are slewed. Each step, and each
// change of trust, is reported in one line.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_STATION_CLOCK_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_STATION_CLOCK_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/sync/sync_thread.h"
#include "masterclock/sync/time_bounds.h"
#include "masterclock/time/time_source.h"

namespace on_air {

// "the clock was set forward by 2.500000 s (step)".
[[nodiscard]] std::string step_text(const masterclock::TimeChange& change);
// The same for a disciplined clock: "the clock is 3.000000 s fast and waits for UTC (step)".
[[nodiscard]] std::string correction_text(const masterclock::TimeChange& change);
// "the time is synchronized, within 0.000120 s".
[[nodiscard]] std::string trust_text(const masterclock::TimeBounds& bounds);

// Threads: one owner; `source()` any. `say` is called by one thread at a time.
class StationClock {
 public:
  using Say = std::function<void(const std::string& line)>;

  // `machine` must outlive the clock.
  StationClock(masterclock::TimeSource& machine,
               std::unique_ptr<masterclock::SyncProvider> provider, Say say);

  [[nodiscard]] masterclock::DisciplinedTimeSource& source() noexcept { return source_; }

  // Asks the provider at once, and every second from then on.
  void start() { polling_.start(); }

 private:
  void refresh();
  void report(const std::string& line);

  const std::unique_ptr<masterclock::SyncProvider> provider_;
  const Say say_;
  std::mutex mutex_;  // held while say_ runs
  masterclock::DisciplinedTimeSource source_;
  masterclock::TimeSubscription steps_;
  std::optional<masterclock::SyncState> reported_;  // of the polling thread
  masterclock::SyncThread polling_;                 // last: it ends before the parts that it uses
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_STATION_CLOCK_H_
