// Options that several subcommands share, each read strictly: a value that is not one is a usage
// error that says why.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/command_line.h"
#include "masterclock/frames/frame_rate.h"

namespace on_air {

// 06:00 or 06:00:00, before 24:00.
[[nodiscard]] absl::StatusOr<std::chrono::seconds> parse_day_start(std::string_view text);

// --guide FILE, required.
CLI::Option* add_guide(CLI::App& app, std::string& guide);
// --zone IANA
CLI::Option* add_zone(CLI::App& app, std::string& zone);
// --rate 25
CLI::Option* add_rate(CLI::App& app, masterclock::FrameRate& rate);
// --day-start 06:00
CLI::Option* add_day_start(CLI::App& app, std::chrono::seconds& day_start);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_
