// The one injection point: whoever wants to know the time asks a TimeSource, and nobody else.
//
// No other code of this library reads a system clock (a test sees to it), so a program that hands a
// `testing::ManualTimeSource` to its MasterClock runs a whole broadcast day in milliseconds.
//
// Requirements on a source of your own: both readings are total, cheap, noexcept and callable from
// any thread. `now_steady` never decreases. A source whose UTC can jump announces each jump.
//
// ## Example
//
//   class Frozen final : public masterclock::TimeSource {
//    public:
//     masterclock::UtcTime now_utc() const noexcept override { return {}; }
//     masterclock::SteadyTime now_steady() const noexcept override { return {}; }
//   };
#ifndef MASTERCLOCK_TIME_TIME_SOURCE_H_
#define MASTERCLOCK_TIME_TIME_SOURCE_H_

#include "masterclock/version.h"

#include <utility>

#include "masterclock/time/internal/time_listeners.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

class TimeSource {
 public:
  TimeSource() = default;
  TimeSource(const TimeSource&) = delete;
  TimeSource& operator=(const TimeSource&) = delete;
  virtual ~TimeSource() = default;

  // What UTC is now. May jump either way; see `subscribe`.
  //
  // Threads: any.
  [[nodiscard]] virtual UtcTime now_utc() const noexcept = 0;

  // What the steady timeline reads now. Never decreases, notices no step.
  //
  // Threads: any.
  [[nodiscard]] virtual SteadyTime now_steady() const noexcept = 0;

  // Calls `listener` whenever this source announces a change, until the subscription ends. A source
  // that decorates another passes the call on to it.
  //
  // Threads: any; the listener runs on the announcing thread.
  virtual TimeSubscription subscribe(TimeListener listener) {
    return listeners_.add(std::move(listener));
  }

  // The source whose readings this one passes on as they are, as a decorator does; null for a clock of
  // its own.
  //
  // Threads: any.
  [[nodiscard]] virtual TimeSource* decorated() const noexcept { return nullptr; }

 protected:
  // Tells every subscriber. Called after the change, with no lock of the source held.
  void announce(const TimeChange& change) { listeners_.announce(change); }

 private:
  TimeListeners listeners_;
};

// `source`, or what it decorates, where that is a `Source`; else null.
//
// Threads: any.
template <class Source>
[[nodiscard]] Source* find_source(TimeSource& source) noexcept {
  for (TimeSource* at = &source; at != nullptr; at = at->decorated()) {
    if (auto* const found = dynamic_cast<Source*>(at)) return found;
  }
  return nullptr;
}

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_TIME_SOURCE_H_
