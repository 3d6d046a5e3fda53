// The subcommands. Each adds its options, and sets the command that main.cc runs.
//
// A command returns OK, or one line that says what is wrong with its input.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_COMMANDS_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_COMMANDS_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli_options.h"
#include "common/command_line.h"
#include "common/terminal.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"

namespace on_air {

// The options of on_air now, which shows what is on each channel, and how far in.
struct NowOptions {
  GuideArguments guide;
  std::optional<StationTime> at;  // absent: the system's clock
  masterclock::FrameRate rate = masterclock::k25;
  std::vector<std::string> channels;  // empty: all
  bool json = false;
  bool watch = false;  // draw again every second
};

// Prints the answer to stdout, once or every second. Warnings about entries go to stderr.
absl::Status run_now(const NowOptions& options);
void add_now(CLI::App& app, common::Command& chosen);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_COMMANDS_H_
