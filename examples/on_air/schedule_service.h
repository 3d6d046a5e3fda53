// Answers what each channel plays now, how far into the programme it is, and what follows.
//
// The service holds a guide and a reference to the clock, and no time. It reads the clock once for each
// question, and the whole answer belongs to that reading. A viewer who joins twice therefore starts at
// the clock's position both times.
//
// An answer refers to the titles of the guide, and allocates nothing. It keeps that guide in memory, also
// after another `load`. A caller that stores a part of an answer for long stores `with_own_texts`.
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
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "guide.h"
#include "guide_file.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/master_clock.h"
#include "masterclock/zones/broadcast_day.h"
#include "masterclock/zones/zone.h"

namespace on_air {

// Says how to read a guide and how to answer from it. guide_reading.h explains the fields of the reading.
struct GuideOptions {
  masterclock::Zone zone;  // of the station; UTC unless set
  std::chrono::seconds day_start = std::chrono::hours(6);
  masterclock::FrameRate rate = masterclock::k25;  // in which frames are counted
  std::optional<masterclock::Zone> assume_zone{};
  std::chrono::nanoseconds shift{};
  bool strict = false;
  // The time for which playlists of a folder are read; the clock's present reading unless set.
  std::optional<masterclock::UtcTime> from{}, until{};
};

// The programme that is on the air.
struct NowPlaying {
  std::string_view title;
  masterclock::UtcTime start;                // of the programme: the offset counts from here
  masterclock::UtcTime begin;                // of this airing: later than `start` after a break
  std::optional<masterclock::UtcTime> stop;  // of this airing: its end, or an interruption
  masterclock::JoinPoint join;               // the position, in SI time and in frames
  std::optional<masterclock::Timecode> timecode;      // of that frame; the first is 00:00:00:00
  std::optional<std::chrono::nanoseconds> remaining;  // SI time until `stop`
  std::string_view source;                            // the media, where the guide names it
  std::chrono::nanoseconds media_position{};          // the position in the media
  std::shared_ptr<const void> texts;                  // keeps `title` and `source`
};

// Returns the same, with a copy of the texts in place of a reference to the guide.
[[nodiscard]] NowPlaying with_own_texts(NowPlaying now);

// The programme that is on next. After a break, `start` is the instant at which it resumes.
struct ComingUp {
  std::string_view title;
  masterclock::UtcTime start;
};

// One channel at one instant.
struct PlayoutPlan {
  std::string_view channel_id;
  std::string_view display_name;
  masterclock::UtcTime at;                    // the reading of the clock
  masterclock::BroadcastDay day;              // the broadcast day of `at`
  std::optional<NowPlaying> now;              // absent: the channel is off the air
  std::optional<ComingUp> next;               // absent: the guide ends here
  std::optional<masterclock::UtcTime> until;  // the channel changes then; absent: never
  std::shared_ptr<const void> texts;          // keeps the guide, and so all texts

  [[nodiscard]] bool on_air() const noexcept { return now.has_value(); }
};

// Airings of one channel, in a guide that they keep in memory.
struct PlannedAirings {
  std::shared_ptr<const ChannelSchedule> channel;
  std::span<const Airing> airings;

  [[nodiscard]] const Programme& programme(const Airing& airing) const {
    return channel->programme(airing);
  }
};

// Threads: any. A question during `load` is answered from one guide, the old or the new.
// Errors:  NotFound for an unknown channel. It names a similar id, or the ids of the guide.
class ScheduleService {
 public:
  // The clock must outlive the service.
  explicit ScheduleService(const masterclock::MasterClock& clock) noexcept : clock_(clock) {}

  // Reads guides in place of those loaded before: files, "-" or folders, as guide_file.h says. After
  // an error nothing changes.
  //
  // Errors: as GuideFiles::load in guide_file.h: one line with file and line or field.
  absl::Status load(std::vector<std::string> paths, const GuideOptions& options = {});
  absl::Status load(const std::string& path, const GuideOptions& options = {}) {
    return load(std::vector<std::string>{path}, options);
  }

  // Loads the same guides again when a file changed, and when another broadcast day needs other
  // playlists of a folder. Returns whether there is another guide now. A failure keeps the guide and
  // is reported once for each change. `interrupted`, if any, is asked now and then; true ends the reading
  // with Cancelled.
  absl::StatusOr<bool> reload_if_changed(std::function<bool()> interrupted = {});

  // Returns what was wrong with entries of the last load: "FILE:LINE: reason".
  [[nodiscard]] std::vector<std::string> warnings() const;

  // Returns the loaded guide. It is empty before the first `load`, and not changed by a later one.
  [[nodiscard]] std::shared_ptr<const Guide> guide() const;

  // Returns the ids in the order of the guide.
  [[nodiscard]] std::vector<std::string> channels() const;

  // Returns the plan at the present reading of the clock, or at a reading that the caller took for
  // several questions. Cost: O(log airings of the channel); allocates for an error only.
  [[nodiscard]] absl::StatusOr<PlayoutPlan> get_playout_plan_now(std::string_view channel_id) const;
  [[nodiscard]] absl::StatusOr<PlayoutPlan> get_playout_plan_now(
      std::string_view channel_id, masterclock::UtcTime at_station_time) const;

  // Returns the airings of which some part lies in [from, until), in order.
  [[nodiscard]] absl::StatusOr<PlannedAirings> airings(std::string_view channel_id,
                                                       masterclock::UtcTime from,
                                                       masterclock::UtcTime until) const;

 private:
  struct Loaded {
    Guide guide;
    GuideOptions options;
    std::vector<std::string> warnings;
  };

  [[nodiscard]] std::shared_ptr<const Loaded> loaded() const;
  absl::Status read(GuideFiles& files, const GuideOptions& options);

  const masterclock::MasterClock& clock_;
  std::mutex files_mutex_;  // guards the next two
  GuideFiles files_;
  GuideOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Loaded> loaded_ = std::make_shared<const Loaded>();
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_SCHEDULE_SERVICE_H_
