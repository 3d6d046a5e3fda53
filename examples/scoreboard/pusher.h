// Delivers the events of a match to one destination: at least once, in the order of their ids.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
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

// Threads: any; one at a time for an ordered destination. An event that gets no answer holds one thread.
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
  // Delivers without the lock.
  absl::Status attempt(const PendingDelivery& delivery, std::unique_lock<std::mutex>& lock);

  masterclock::MasterClock& clock_;
  Deliveries& deliveries_;
  Destination& destination_;
  const PusherOptions options_;
  std::mutex mutex_;  // guards the deliveries and the rest
  std::condition_variable answered_;
  std::set<std::int64_t> claimed_;  // the events that a thread attempts
  std::uint64_t attempts_ = 0;
  bool attempting_ = false;  // the last attempt has no answer yet
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_H_
