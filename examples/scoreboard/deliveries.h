// Keeps the deliveries of the events to their destinations, in the database of the match.
//
// An event without a row in the table `deliveries` waits. A row has `delivered`: 0 not yet, 1 delivered, 2 failed and
// to be tried again, 3 a dead letter.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_DELIVERIES_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_DELIVERIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/time_points.h"
#include "messages.h"
#include "sql.h"

namespace scoreboard {

struct PendingDelivery {
  std::int64_t event_id = 0;
  std::string line;  // the event as one JSON object
  int failures = 0;
  masterclock::SteadyTime due{};
};

struct DestinationOptions {
  std::int64_t from = 1;           // the first event of a new destination
  std::vector<std::string> types;  // of the events that it wants; empty: all
};

// The deliveries to one destination, for its pusher.
//
// Threads: one at a time.
// Errors:  those of the database.
class Deliveries {
 public:
  // Registers this process as the pusher of `destination`.
  //
  // Errors: FailedPrecondition when another process pushes to it.
  static absl::StatusOr<std::unique_ptr<Deliveries>> open(const std::string& database,
                                                          const std::string& destination,
                                                          const DestinationOptions& options);

  // Returns the first event after `after` that is not delivered. The instants of retries are those of this
  // boot: after a reboot, a retry is due at once.
  absl::StatusOr<std::optional<PendingDelivery>> next(std::int64_t after,
                                                      masterclock::SteadyTime now);

  absl::Status delivered(std::int64_t event_id, std::int64_t utc_s);
  absl::Status failed(const PendingDelivery& delivery, masterclock::SteadyTime retry,
                      const std::string& why);
  absl::Status dead(const PendingDelivery& delivery, const std::string& why);

  // Says that the pusher ended by intention.
  absl::Status close();

 private:
  Deliveries(std::unique_ptr<Sql> sql, std::string destination)
      : sql_(std::move(sql)), destination_(std::move(destination)) {}
  absl::Status registered(const DestinationOptions& options);
  absl::Status note(const PendingDelivery& delivery, int state, std::int64_t retry_ns,
                    const std::string& why);

  const std::unique_ptr<Sql> sql_;
  const std::string destination_;
  std::int64_t through_ = 0;  // up to this event none waits, unless it was resent
};

// The deliveries to all destinations, for the server.
//
// Threads: one at a time.
class DeliveryDesk {
 public:
  static absl::StatusOr<std::unique_ptr<DeliveryDesk>> open(const std::string& database);

  absl::StatusOr<PusherState> state();

  // Returns up to 200 dead letters, the latest first.
  absl::StatusOr<nlohmann::json> dead_letters();

  // Makes one event wait again, or each event from `since` on, where the delivery is a dead letter. Returns
  // the number of these deliveries.
  absl::StatusOr<std::int64_t> resend(std::optional<std::int64_t> event_id,
                                      std::optional<std::int64_t> since);

 private:
  explicit DeliveryDesk(std::unique_ptr<Sql> sql) : sql_(std::move(sql)) {}

  const std::unique_ptr<Sql> sql_;
  std::map<std::string, std::int64_t> through_;  // by destination, as in Deliveries
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_DELIVERIES_H_
