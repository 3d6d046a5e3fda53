// The program's subcommands. Each describes its own options and says what to do when it is chosen;
// main.cc parses the command line and does it.
//
// A command answers OK, or what was wrong with its input in one line, which becomes exit status 1.
// What is wrong with the command line itself never gets that far: that is exit status 2.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_COMMANDS_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_COMMANDS_H_

#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli_options.h"
#include "common/command_line.h"
#include "common/terminal.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"

namespace on_air {

// on_air now: what is on each channel, and how far in.
struct NowOptions {
  GuideArguments guide;
  std::optional<StationTime> at;  // absent: the system's clock
  masterclock::FrameRate rate = masterclock::k25;
  std::vector<std::string> channels;  // empty: all
  bool json = false;
};
absl::Status run_now(const NowOptions& options, const common::Terminal& terminal,
                     std::ostream& out);
void add_now(CLI::App& app, common::Command& chosen);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_COMMANDS_H_
