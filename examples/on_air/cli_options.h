// The options that several subcommands share.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/command_line.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"
#include "schedule_service.h"

namespace on_air {

// The options that say which guides are read, and how.
struct GuideArguments {
  std::vector<std::string> paths;
  std::string zone = "UTC";
  std::optional<std::string> assume_zone;
  std::chrono::nanoseconds shift{};
  std::chrono::seconds day_start = std::chrono::hours(6);
  bool strict = false;
};

// Adds --guide, --zone, --assume-zone, --shift, --day-start and --strict. `guide` must outlive `app`.
void add_guide_options(CLI::App& app, GuideArguments& guide);

// Finds the zones that the arguments name.
//
// Errors: NotFound, with the name that may have been meant.
[[nodiscard]] absl::StatusOr<GuideOptions> guide_options(const GuideArguments& guide);

// Prints what was wrong with entries of the loaded guides to stderr.
void print_warnings(const ScheduleService& schedule);

// An instant, or a time on the station's wall.
using StationTime = std::variant<masterclock::UtcTime, masterclock::LocalTime>;

// Reads RFC 3339, as in 2026-03-29T01:30:00Z, or a local time, as in 2026-03-29T02:30.
//
// Errors: InvalidArgument.
[[nodiscard]] absl::StatusOr<StationTime> parse_station_time(std::string_view text);

// Returns the instant. A local time that occurs twice is the first; one that the clocks skip counts
// with the offset before them.
[[nodiscard]] absl::StatusOr<masterclock::UtcTime> to_utc(const StationTime& time,
                                                          masterclock::Zone zone);

// Reads 06:00, 6:00 or 06:00:00, before 24:00.
//
// Errors: InvalidArgument.
[[nodiscard]] absl::StatusOr<std::chrono::seconds> parse_day_start(std::string_view text);

// Adds an option that takes a StationTime.
CLI::Option* add_station_time(CLI::App& app, const std::string& name,
                              std::optional<StationTime>& time, const std::string& description);

// Adds --rate 25.
CLI::Option* add_rate(CLI::App& app, masterclock::FrameRate& rate);

// Adds --channel ID, which may be given several times.
CLI::Option* add_channels(CLI::App& app, std::vector<std::string>& channels,
                          const std::string& description);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_
