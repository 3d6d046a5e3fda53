// Collects what a studio wall shows: the time, its error bound, the channels, the neighbours, and alarms.
#ifndef MASTERCLOCK_EXAMPLES_WALL_WALL_H_
#define MASTERCLOCK_EXAMPLES_WALL_WALL_H_

#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "masterclock/frames/house_timecode.h"
#include "masterclock/master_clock.h"
#include "masterclock/zones/zone.h"
#include "neighbour.h"
#include "schedule_service.h"

namespace wall {

struct WallOptions {
  std::vector<masterclock::Zone> zones;  // the first is the station's
  std::optional<masterclock::TimeOfDayTimecode> timecode = {};
  std::chrono::nanoseconds largest_error = std::chrono::milliseconds(100);  // above: an alarm
  const on_air::ScheduleService* schedule = nullptr;
  const Neighbour* scoreboard = nullptr;
  const Neighbour* director = nullptr;
};

// Threads: one at a time.
class Wall {
 public:
  // `clock`, and what `options` points to, must outlive the wall.
  Wall(const masterclock::MasterClock& clock, WallOptions options)
      : clock_(clock), options_(std::move(options)) {}

  // Returns all that a page shows. A page computes each second from it until the next state.
  [[nodiscard]] nlohmann::json state();

  // Takes the result of ScheduleService::reload_if_changed. An error is an alarm until another guide is there.
  void guide_read(const absl::StatusOr<bool>& changed);

 private:
  [[nodiscard]] nlohmann::json zones(masterclock::UtcTime now) const;
  [[nodiscard]] nlohmann::json timecode(masterclock::UtcTime now) const;
  nlohmann::json sync();
  nlohmann::json channels(masterclock::UtcTime now);
  [[nodiscard]] nlohmann::json events(masterclock::UtcTime now) const;
  nlohmann::json neighbour(const Neighbour* asked, const char* name);
  // `kind` tells the alarms apart: a new text of a kind that stands does not begin a new alarm.
  void alarm(std::string_view kind, std::string text);
  nlohmann::json alarms(masterclock::UtcTime now);

  const masterclock::MasterClock& clock_;
  const WallOptions options_;
  std::string guide_alarm_;
  std::map<std::string, std::string> raised_;          // by the state that is being made
  std::map<std::string, masterclock::UtcTime> since_;  // each kind that stands
};

}  // namespace wall

#endif  // MASTERCLOCK_EXAMPLES_WALL_WALL_H_
