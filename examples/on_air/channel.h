// One channel: its viewers, what it should play now, its producer, and its as-run log.
//
// The channel follows the clock from boundary to boundary by an event of that clock. The event of one
// channel touches no other channel. While the channel has viewers its producer plays what the plan for
// the present reading says; the plan has the position.
//
// A channel with viewers always shows something. A filler replaces a producer that ends early, until
// the boundary. A producer that failed is tried again, after growing delays.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_H_

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "as_run_recorder.h"
#include "channel_event.h"
#include "channel_producer.h"
#include "masterclock/master_clock.h"
#include "masterclock/timers/backoff.h"
#include "producer.h"
#include "schedule_service.h"

namespace on_air {

struct ChannelManagerOptions {
  // Makes the producers. Empty: viewers are counted, nothing is produced.
  ProducerFactory producers;

  // Finds the media of a programme. Empty: the path that the guide names.
  std::function<absl::StatusOr<std::filesystem::path>(std::string_view channel_id,
                                                      const NowPlaying& now)>
      media;

  // Names the file that a channel's producer writes. Empty: none.
  std::function<std::filesystem::path(std::string_view channel_id, const NowPlaying& now)> output;

  // Makes the filler that a channel shows when its producer ends early. `failures` counts the fillers
  // that failed during this programme. Empty: the channel shows nothing.
  std::function<ProducerRequest(const PlayoutPlan& plan, int failures)> filler;

  // A producer or a filler that failed starts again after these delays.
  masterclock::Backoff retry{std::chrono::seconds(1), std::chrono::minutes(1)};

  // The next programme is prepared this long before its boundary. Zero: it is not.
  std::chrono::nanoseconds preroll{0};

  // Returns true when the program ends: the channels then follow the clock no longer. Empty: never.
  std::function<bool()> stopped;

  // Takes the as-run entries, in order within a channel. It must not call the manager.
  AsRunSink as_run;

  // Boundaries at this instant and later are not recorded.
  masterclock::UtcTime record_until = masterclock::UtcTime::max();

  // Reports a producer or a log that failed. It must not call the manager.
  std::function<void(std::string_view channel_id, const absl::Status& error)> on_error;

  // A step of the clock restarts a producer when it then is further off than this.
  std::chrono::nanoseconds tolerance = std::chrono::seconds(1);
};

// Answers a viewer who joined.
struct JoinInfo {
  PlayoutPlan plan;      // at the reading `plan.at`
  bool started = false;  // the join started the producer
};

struct ChannelStatus {
  std::string id;
  std::size_t viewers = 0;
  ProducerState producer = ProducerState::kIdle;
  absl::Status error;  // of the last request to the producer
};

// Threads: any.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  // Decides whether a producer that plays the right programme is started again.
  enum class Cause {
    kBoundary,   // never
    kClockStep,  // when it is off by more than the tolerance
    kViewer,     // when it failed
    kRetry,      // when it failed
  };

  Channel(std::string id, masterclock::MasterClock& clock, const ScheduleService& schedule,
          std::shared_ptr<const ChannelManagerOptions> options);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }

  // Cost:   waits for the producer when it starts it.
  // Errors: as ChannelManager::viewer_join.
  absl::StatusOr<JoinInfo> add_viewer(std::string_view session_id);

  // Errors: NotFound for a session that has not joined.
  absl::Status remove_viewer(std::string_view session_id);

  // Moves to the present reading of the clock: records the boundaries since the last call, moves the
  // producer, and schedules the next boundary.
  void follow_clock(Cause cause);

  // As follow_clock, after steps of the clock. It read `lowest` in between.
  void follow_step(masterclock::UtcTime lowest);

  [[nodiscard]] ChannelStatus status() const;

  // Stops the producer and cancels the event. The channel calls nothing afterwards, once
  // `wait_until_stopped` has returned.
  void close();
  void wait_until_stopped() { (void)producer_.wait(); }

 private:
  [[nodiscard]] PlayoutPlan plan_at(masterclock::UtcTime now) const;
  [[nodiscard]] absl::StatusOr<ProducerRequest> request_for(const NowPlaying& now) const;
  void programme_started(const NowPlaying& now);
  void programme_ended_early(const NowPlaying& now, const absl::Status& reason);
  void filler_failed();
  void prepare_next();
  void update_events();
  void report(const absl::Status& error) const;

  // With the lock held:
  bool show(const PlayoutPlan& plan, masterclock::SteadyTime now, Cause cause);
  bool plays(const NowPlaying& wanted, masterclock::SteadyTime now, Cause cause) const;
  void fill();
  void stop_playing();
  [[nodiscard]] bool filler_needed() const;  // the media ended, and there is no filler
  [[nodiscard]] std::optional<masterclock::UtcTime> retry_time(int failures) const;

  const std::string id_;
  masterclock::MasterClock& clock_;
  const ScheduleService& schedule_;
  const std::shared_ptr<const ChannelManagerOptions> options_;
  ChannelEvent boundary_, retry_, preroll_;

  mutable std::mutex mutex_;  // guards the members below, except that producer_ has its own lock
  bool closed_ = false;
  std::set<std::string, std::less<>> viewers_;
  AsRunRecorder recorder_;
  std::optional<NowPlaying> playing_;  // the last programme given to the producer
  masterclock::SteadyTime playing_since_;
  int failures_ = 0;         // of the producer, in a row, during the programme
  int filler_failures_ = 0;  // during the programme
  bool filler_ = false;      // in place of the programme
  ChannelProducer producer_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_H_
