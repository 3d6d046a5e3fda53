// Keeps every channel of a guide on its schedule: who watches, what is produced, what went on the
// air.
//
// The first viewer of a channel starts its producer at the join point, the last one stops it. At
// each programme boundary an event of the clock moves the channels on: the start is written to the
// as-run log, watched or not, and a running producer goes to the new programme. The manager keeps
// no time of its own. It lives by the clock's events, so something must fire them: a Dispatcher, or
// a loop that calls trigger_scheduled_events().
//
// When the clock is stepped, what is on the air is what the guide says for the new time:
//
//   forward   each boundary in between is logged once, in order, with its lateness; a producer goes
//             straight to what is on now
//   back      a producer goes back to what is on now; boundaries that were logged are not logged
//             again when they come again, those that were not are
//
// A producer whose programme did not change is left alone unless it is off by more than a
// tolerance. A producer that fails takes nothing else down: the error is reported, the log goes on,
// and the channel tries again at its next boundary or for its next viewer. One whose media ends before
// its programme does is left alone: `channels` says that it has finished, and until the next boundary
// the channel shows nothing.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_MANAGER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_MANAGER_H_

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "as_run_log.h"
#include "guide.h"
#include "masterclock/master_clock.h"
#include "producer.h"
#include "schedule_service.h"

namespace on_air {

struct ChannelManagerOptions {
  // Makes the producers. Absent: viewers are counted, nothing is produced.
  ProducerFactory producers;

  // The media of a programme. Absent: the source that the guide names, as a path.
  std::function<absl::StatusOr<std::filesystem::path>(std::string_view channel_id,
                                                      const Programme& programme)>
      media;

  // Where a channel's producer writes. Absent: nowhere.
  std::function<std::filesystem::path(std::string_view channel_id)> output;

  // Takes the as-run entries, in order. Called with the manager's lock held: it must not call back.
  AsRunSink as_run;

  // Hears of a producer or a log that failed. It must not call back.
  std::function<void(std::string_view channel_id, const absl::Status& error)> on_error;

  // How far a producer may be from the clock after a step before it is sent to the right place.
  std::chrono::nanoseconds tolerance = std::chrono::seconds(1);
};

// What a viewer says about itself.
struct SessionInfo {
  std::string channel_id;
};

// Where a viewer came in.
struct JoinInfo {
  PlayoutPlan plan;                           // what is on, how far in, at the reading `plan.at`
  std::optional<masterclock::UtcTime> until;  // when the channel moves on; absent: never
  bool started = false;                       // this viewer started the producer
};

struct ChannelStatus {
  std::string id;
  std::size_t viewers = 0;
  ProducerState producer = ProducerState::kIdle;
  absl::Status error;  // of the last thing the producer was asked
};

// Threads: any, for every member; an observer of the clock may call them too. The clock and the schedule
//          service must outlive it; the guide that the service has when the manager is made is the one
//          it follows.
class ChannelManager {
 public:
  ChannelManager(masterclock::MasterClock& clock, ScheduleService& schedule,
                 ChannelManagerOptions options = {});
  ChannelManager(const ChannelManager&) = delete;
  ChannelManager& operator=(const ChannelManager&) = delete;

  // Stops every producer and withdraws its events. Nothing that it was given is called afterwards.
  ~ChannelManager();

  // Cost:   the first viewer of a channel waits for its producer to start.
  // Errors: NotFound for an unknown channel; AlreadyExists for a session that is here already; the
  //         producer's error when it cannot start, and then the session is not here.
  absl::StatusOr<JoinInfo> viewer_join(std::string_view session_id, const SessionInfo& info);

  // Errors: NotFound for a session that is not here.
  absl::Status viewer_leave(std::string_view session_id);

  // In the guide's order.
  [[nodiscard]] std::vector<ChannelStatus> channels() const;

 private:
  class State;
  std::shared_ptr<State> state_;
  masterclock::TimeSubscription steps_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_MANAGER_H_
