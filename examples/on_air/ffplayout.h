// ffplayout playlists: one channel's clips of one day, as that playout engine keeps them.
//
//   {"channel": "Channel 1", "date": "2024-02-01",
//    "program": [{"in": 0, "out": 10.0, "duration": 10.0, "source": "a.mp4"}, ...]}
//
// They hold no times of day. The first clip begins at the channel's day start on that date, in the
// channel's zone; each next one when the one before has run for out - in seconds. A day whose
// clocks change does not move the clips after it: what counts is how long they last.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_FFPLAYOUT_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_FFPLAYOUT_H_

#include <chrono>
#include <string_view>

#include "absl/status/statusor.h"
#include "guide.h"
#include "masterclock/time/local_clock.h"

namespace on_air {

// Reads the text of a playlist. A clip's title is its "title" where it has one, else its source.
// `file` is what errors call it. A day start that the clocks skip is moved as Resolve::kCompatible
// says.
//
// Threads: any.
// Errors:  InvalidArgument: "FILE:LINE: what" for what is not JSON, "FILE: program[17].out: what"
//          for JSON that is not a playlist.
[[nodiscard]] absl::StatusOr<Guide> parse_ffplayout(std::string_view text, std::string_view file,
                                                    const masterclock::AnyWallClock& wall,
                                                    std::chrono::seconds day_start);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_FFPLAYOUT_H_
