// Keeps the changes on the air until a caller takes them.
#ifndef MASTERCLOCK_TIMERS_INTERNAL_ON_AIR_LOG_H_
#define MASTERCLOCK_TIMERS_INTERNAL_ON_AIR_LOG_H_

#include "masterclock/version.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "masterclock/time/time_points.h"
#include "masterclock/timers/rundown_values.h"

namespace masterclock::inline v0_2::internal {

class OnAirLog {
 public:
  // Notes the scene from `at` on; null for no request. Replaces a change at the same instant, and
  // makes no change when the scene is on already. Requires an `at` not before those noted.
  void note(SteadyTime at, const std::string* scene, std::int64_t cycle) {
    if (!changes_.empty() && changes_.back().at == at) changes_.pop_back();
    const std::optional<std::string>& before = changes_.empty() ? taken_ : changes_.back().scene;
    if (before && scene ? *before == *scene : !before && !scene) return;
    changes_.push_back({at, scene ? std::optional(*scene) : std::nullopt, cycle});
  }

  // Returns the changes up to and including `until`, and forgets them.
  [[nodiscard]] std::vector<OnAirChange> take(SteadyTime until) {
    const auto end = std::find_if(changes_.begin(), changes_.end(),
                                  [&](const OnAirChange& change) { return change.at > until; });
    std::vector<OnAirChange> taken(std::make_move_iterator(changes_.begin()),
                                   std::make_move_iterator(end));
    changes_.erase(changes_.begin(), end);
    if (!taken.empty()) taken_ = taken.back().scene;
    return taken;
  }

 private:
  std::vector<OnAirChange> changes_;  // in order, each with another scene than the one before
  std::optional<std::string> taken_;  // the scene of the last change that a caller took
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIMERS_INTERNAL_ON_AIR_LOG_H_
