// Delivers the events of a match to one destination: at least once, in the order of their ids.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_H_

#include <chrono>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "deliveries.h"
#include "destination.h"
#include "masterclock/master_clock.h"
#include "masterclock/timers/backoff.h"

namespace scoreboard {

struct PusherOptions {
  masterclock::Backoff backoff{std::chrono::seconds(2), std::chrono::hours(1), 10};
  bool ordered = false;  // an event waits for the events before it
  std::function<bool()> stopping = [] { return false; };
  std::function<void(std::string_view line)> log = {};
};

// Threads: one at a time.
class Pusher {
 public:
  // All must outlive the pusher.
  Pusher(masterclock::MasterClock& clock, Deliveries& deliveries, Destination& destination,
         PusherOptions options);

  // Attempts each delivery that is due now. An event that fails does not delay the others, unless the
  // destination is ordered.
  //
  // Errors: those of the database.
  absl::Status push_due();

 private:
  absl::Status attempt(const PendingDelivery& delivery);

  masterclock::MasterClock& clock_;
  Deliveries& deliveries_;
  Destination& destination_;
  const PusherOptions options_;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_H_
