// on_air join: writes media from the join point on.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_JOIN_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_JOIN_COMMAND_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "commands.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"

namespace on_air {

struct JoinOptions {
  GuideArguments guide;
  std::string channel, media, output;
  std::optional<StationTime> at;               // absent: the system's clock
  std::optional<std::int64_t> frames;          // absent: until the media ends
  std::optional<masterclock::FrameRate> rate;  // absent: that of the media
};

// Writes the channel from that instant on to `output`. The extension names the format: .mp4, .mov, .mkv,
// .ts, or .png and .jpg for the first frame. The file gets its name when it is complete; an error leaves
// no file. One line on stdout describes the join.
//
// Errors: one line; Cancelled after SIGINT, SIGTERM or SIGHUP.
absl::Status run_join(const JoinOptions& options);
void add_join(CLI::App& app, common::Command& chosen);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_JOIN_COMMAND_H_
