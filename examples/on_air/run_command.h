// on_air run: lives through a schedule, on simulated time or on the real clock.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_RUN_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_RUN_COMMAND_H_

#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "commands.h"
#include "masterclock/time/time_points.h"

namespace on_air {

// Who is asked how right the machine's clock is.
enum class Discipline { kKernel, kChrony, kLinuxPtp };

struct RunOptions {
  std::string guide, as_run;
  std::optional<masterclock::UtcTime> from, to;
  std::optional<double> speed = 1.0;     // absent: as fast as can be
  std::vector<std::string> channels;     // only these are logged; empty: all
  std::optional<Discipline> discipline;  // on the real clock; absent: it is followed as it is
  std::string zone = "UTC";
  std::chrono::seconds day_start = std::chrono::hours(6);

  // At its own speed and from now on, the schedule is lived through on the real clock.
  [[nodiscard]] bool real() const noexcept { return speed == 1.0 && !from; }
};

// Logs every programme start in [from, to). On simulated time `from` is the guide's first instant
// unless given, `to` is after its last, and the log is replaced; on the real clock it goes on until
// `to` or until it is interrupted, and the log is added to. Progress is shown on stderr where that
// is a terminal; one line on `out` sums up, unless the log itself goes to stdout.
//
// Under a `discipline` the schedule is lived through by UTC that never runs backward, and each step, and
// each change of how far the time can be trusted, is a line on stderr.
//
// Errors: one line; Cancelled when SIGINT, SIGTERM or SIGHUP came, and then the log is closed and
//         whole.
absl::Status run_schedule(const RunOptions& options, std::ostream& out);

// "max" or a number of simulated seconds a second, greater than 0 and not above a million. Nothing
// is "max".
[[nodiscard]] absl::StatusOr<std::optional<double>> parse_speed(std::string_view text);

// "kernel", "chrony" or "linuxptp".
[[nodiscard]] absl::StatusOr<std::optional<Discipline>> parse_discipline(std::string_view text);

void add_run(CLI::App& app, common::Command& chosen);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_RUN_COMMAND_H_
