// on_air join: real media from the join point on.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_JOIN_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_JOIN_COMMAND_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
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
  std::optional<masterclock::FrameRate> rate;  // absent: the media's own
};

// Writes what the channel shows from that instant on to `output`, whose name says what it is: .mp4,
// .mov, .mkv, .ts, or .png and .jpg for the first frame alone. The file appears under its name when
// it is whole, and not at all when anything goes wrong. One line on `out` says what was joined, and
// where.
//
// Errors: one line; Cancelled when SIGINT, SIGTERM or SIGHUP came.
absl::Status run_join(const JoinOptions& options, std::ostream& out);
void add_join(CLI::App& app, common::Command& chosen);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_JOIN_COMMAND_H_
