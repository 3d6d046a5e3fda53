// on_air run: runs a schedule and writes the as-run log, on simulated time or on the real clock.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_RUN_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_RUN_COMMAND_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "commands.h"
#include "masterclock/time/time_points.h"

namespace on_air {

// Names the source that disciplines the clock.
enum class Discipline { kKernel, kChrony, kLinuxPtp };

struct RunOptions {
  GuideArguments guide;
  std::string as_run;
  std::optional<masterclock::UtcTime> from, to;
  std::optional<double> speed = 1.0;                 // absent: without waiting
  std::vector<std::string> channels;                 // only these are logged; empty: all
  std::optional<Discipline> discipline;              // of the real clock; absent: none
  std::optional<std::string> media, output, filler;  // absent media: nothing is produced
  std::chrono::nanoseconds preroll = std::chrono::seconds(2);

  // Speed 1 from the present instant is the real clock.
  [[nodiscard]] bool real() const noexcept { return speed == 1.0 && !from; }
};

// Logs every programme start in [from, to).
//
// Simulated time begins at `from`, by default with the guide, and ends at `to`, by default after the
// guide. It replaces the log. The real clock runs until `to` or an interruption, and appends to the
// log. It shows the progress when stderr is a terminal. A summary goes to stdout, unless the log does.
//
// Steps of the real clock are reported on stderr. With a `discipline` the clock never runs backward,
// and changes of trust are reported too.
//
// Errors: one line. Cancelled after SIGINT, SIGTERM or SIGHUP; the log then is closed and whole.
absl::Status run_schedule(const RunOptions& options);

// Reads "max", which is returned as nothing, or a number of simulated seconds per second: more than 0,
// at most a million.
[[nodiscard]] absl::StatusOr<std::optional<double>> parse_speed(std::string_view text);

// Reads "kernel", "chrony" or "linuxptp".
[[nodiscard]] absl::StatusOr<std::optional<Discipline>> parse_discipline(std::string_view text);

void add_run(CLI::App& app, common::Command& chosen);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_RUN_COMMAND_H_
