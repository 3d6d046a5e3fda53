// What should be on the air: a guide, asked by the station's clock.
//
// The service holds a guide and a reference to the clock, and no time of its own: "now" is read
// when a question is asked, once, and everything in the answer belongs to that reading. So a viewer
// who joins twice is where the clock says, not where the service remembered to be.
//
// ## Example
//
//   on_air::ScheduleService schedule(clock);
//   absl::Status status = schedule.load("guide.xml", {.zone = dublin});
//   if (!status.ok()) return status;
//   const auto plan = schedule.get_playout_plan_now("RTEOne.ie");
//   if (plan.ok() && plan->now) join(plan->now->source, plan->now->media_position);
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_SCHEDULE_SERVICE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_SCHEDULE_SERVICE_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "guide.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/master_clock.h"
#include "masterclock/zones/broadcast_day.h"
#include "masterclock/zones/zone.h"

namespace on_air {

// How a guide is read and answered from.
struct GuideOptions {
  masterclock::Zone zone;                                  // the station's wall; UTC unless set
  std::chrono::seconds day_start = std::chrono::hours(6);  // on that wall
  masterclock::FrameRate rate = masterclock::k25;          // in which frames are counted
};

// The programme that is on, and where it is.
struct NowPlaying {
  std::string title;
  masterclock::UtcTime start;                // the programme's own: what the offset counts from
  std::optional<masterclock::UtcTime> stop;  // when it, or what interrupts it, ends this airing
  masterclock::JoinPoint join;               // how far in, in SI time and in frames
  std::optional<masterclock::Timecode> timecode;      // of that frame, the first being 00:00:00:00
  std::optional<std::chrono::nanoseconds> remaining;  // SI time until `stop`
  std::string source;                                 // the media, where the guide names it
  std::chrono::nanoseconds media_position{};          // where in the media that is
};

// The programme that is on next. After a break, `start` is when it resumes.
struct ComingUp {
  std::string title;
  masterclock::UtcTime start;
};

// A channel at one instant.
struct PlayoutPlan {
  std::string channel_id;
  std::string display_name;
  masterclock::UtcTime at;        // the reading of the clock that the rest belongs to
  masterclock::BroadcastDay day;  // the one that holds it
  std::optional<NowPlaying> now;  // absent: the channel is off the air
  std::optional<ComingUp> next;   // absent: the guide ends here

  [[nodiscard]] bool on_air() const noexcept { return now.has_value(); }
};

// One airing of a range, as copied out of the guide.
struct PlannedAiring {
  Programme programme;
  masterclock::UtcTime begin;
  std::optional<masterclock::UtcTime> end;
};

// Threads: any, for every member. A question that runs while a guide is loaded is answered from one
//          guide or the other.
// Errors:  NotFound for an unknown channel; it names what may have been meant, or what there is.
class ScheduleService {
 public:
  // The clock must outlive the service.
  explicit ScheduleService(const masterclock::MasterClock& clock) noexcept : clock_(clock) {}

  // Reads an XMLTV guide or an ffplayout playlist in place of what was loaded before. When it fails
  // nothing changes.
  //
  // Errors: as load_guide in guide_file.h: one line with file and line or field.
  absl::Status load(const std::string& path, const GuideOptions& options = {});

  // What is loaded; empty, never null, before anything is. Stays as it is through the next load.
  [[nodiscard]] std::shared_ptr<const Guide> guide() const;

  // The ids, in the guide's order.
  [[nodiscard]] std::vector<std::string> channels() const;

  // What is on, how far in, what remains, what follows: at the clock's present reading, which keeps
  // nanoseconds, or at the reading `at_station_time` that the caller took for several questions.
  [[nodiscard]] absl::StatusOr<PlayoutPlan> get_playout_plan_now(std::string_view channel_id) const;
  [[nodiscard]] absl::StatusOr<PlayoutPlan> get_playout_plan_now(
      std::string_view channel_id, masterclock::UtcTime at_station_time) const;

  // The first instant later than `after` at which the channel changes. Nothing when it never does.
  [[nodiscard]] absl::StatusOr<std::optional<masterclock::UtcTime>> next_boundary(
      std::string_view channel_id, masterclock::UtcTime after) const;

  // What airs in [from, until), in order, also where only a part of it does.
  [[nodiscard]] absl::StatusOr<std::vector<PlannedAiring>> airings(
      std::string_view channel_id, masterclock::UtcTime from, masterclock::UtcTime until) const;

 private:
  struct Loaded {
    Guide guide;
    GuideOptions options;
  };

  [[nodiscard]] std::shared_ptr<const Loaded> loaded() const;
  static absl::StatusOr<const ChannelSchedule*> find(const Loaded& loaded, std::string_view id);

  const masterclock::MasterClock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Loaded> loaded_ = std::make_shared<const Loaded>();
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_SCHEDULE_SERVICE_H_
