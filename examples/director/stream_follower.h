// Ties a rundown to the time code of a stream.
//
// A stream that begins again counts from zero. The follower then takes the present position as the new
// beginning, so a lost stream moves nothing.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_STREAM_FOLLOWER_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_STREAM_FOLLOWER_H_

#include <chrono>
#include <optional>

#include "command.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/timecode_chase.h"

namespace director {

class StreamFollower {
 public:
  // Returns the correction to apply to the position `own` now; usually none.
  std::optional<std::chrono::nanoseconds> observe(masterclock::SteadyTime now,
                                                  std::chrono::nanoseconds own,
                                                  const StreamStatus& status) {
    if (!status.streaming || !status.timecode) {
      chase_.lost();
      again_ = seen_;
      return std::nullopt;
    }
    if (last_ && *status.timecode < *last_) again_ = true;
    if (again_) {
      chase_.lost();
      begin_ = masterclock::saturating_subtract(own, *status.timecode);
      again_ = false;
    }
    seen_ = true;
    last_ = status.timecode;
    return chase_.observe(now, own, masterclock::saturating_add(begin_, *status.timecode));
  }

 private:
  masterclock::TimecodeChase chase_;
  std::chrono::nanoseconds begin_{};  // position at code zero
  std::optional<std::chrono::nanoseconds> last_;
  bool seen_ = false, again_ = false;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_STREAM_FOLLOWER_H_
