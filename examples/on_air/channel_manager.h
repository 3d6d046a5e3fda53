// Keeps all channels of a guide on its schedule.
//
// The first viewer of a channel starts its producer at the join point; the last one stops it. At each
// programme boundary an event of the clock moves the channel on. The as-run log gets the start, with or
// without viewers. A running producer gets the new programme. The manager keeps no time. A Dispatcher,
// or a loop that calls trigger_scheduled_events(), fires its events.
//
// After a step of the clock the channels play what the guide says for the new time:
//
//   forward   a programme that ended before the new time was not aired: one entry of the log counts
//             such programmes. Producers go to the programme of the new time
//   back      producers go back. The log gets no start twice
//
// A step leaves a producer alone when it plays the right programme within a tolerance.
//
// A producer that fails affects no other channel, nor the log. The manager reports the error. It tries
// again after growing delays, for the next viewer, and at the next boundary. A filler is on the air
// meanwhile.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_MANAGER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_MANAGER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "channel.h"
#include "masterclock/master_clock.h"
#include "schedule_service.h"

namespace on_air {

struct SessionInfo {
  std::string channel_id;
};

// Threads: any. An observer of the clock may call it. The clock and the schedule service must outlive
//          it.
class ChannelManager {
 public:
  ChannelManager(masterclock::MasterClock& clock, ScheduleService& schedule,
                 ChannelManagerOptions options = {});
  ChannelManager(const ChannelManager&) = delete;
  ChannelManager& operator=(const ChannelManager&) = delete;

  // Stops all producers and cancels all events. The manager calls nothing of its options afterwards.
  ~ChannelManager();

  // Cost:   the first viewer of a channel waits for its producer to start.
  // Errors: NotFound for an unknown channel; AlreadyExists for a session that has joined; the
  //         producer's error when it cannot start, and then the session has not joined.
  absl::StatusOr<JoinInfo> viewer_join(std::string_view session_id, const SessionInfo& info);

  // Errors: NotFound for a session that has not joined.
  absl::Status viewer_leave(std::string_view session_id);

  // Follows the guide that the schedule service loaded last: new channels, new programmes.
  void guide_changed();

  // Waits until the producers have done what the channels asked so far.
  void wait_for_producers();

  // Returns the channels in the order of the guide.
  [[nodiscard]] std::vector<ChannelStatus> channels() const;

 private:
  class State;
  std::shared_ptr<State> state_;  // shared with the event that follows a step of the clock
  masterclock::TimeSubscription steps_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_MANAGER_H_
