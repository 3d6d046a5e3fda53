#include "cli_options.h"

#include <iostream>

#include "common/find_zone.h"
#include "common/printable.h"
#include "common/text_cells.h"
#include "masterclock/time/duration_text.h"
#include "masterclock/time/rfc3339.h"

namespace on_air {

using common::add_parsed;
using common::in_quotes;

void add_guide_options(CLI::App& app, GuideArguments& guide) {
  app.add_option(
         "--guide", guide.paths,
         "XMLTV guide or ffplayout playlist, perhaps gzipped; - is standard input; a folder "
         "holds playlists as YYYY/MM/YYYY-MM-DD.json; may be given several times")
      ->required()
      ->type_name("FILE|DIR|-")
      ->allow_extra_args(false);
  app.add_option("--zone", guide.zone, "time zone of the station, UTC unless given")
      ->type_name("IANA");
  app.add_option("--assume-zone", guide.assume_zone,
                 "zone of the guide's times that have no offset, UTC unless given")
      ->type_name("IANA");
  add_parsed(app, "--shift", guide.shift, "add this to every time of the guide: 90s, 1h30m, -1h",
             [](const std::string& text) { return masterclock::parse_duration(text); })
      ->type_name("DURATION");
  add_parsed(app, "--day-start", guide.day_start,
             "when the broadcast day begins, 06:00 unless given",
             [](const std::string& text) { return parse_day_start(text); })
      ->type_name("HH:MM");
  app.add_flag("--strict", guide.strict,
               "refuse a guide that has an entry that makes no sense; such entries are left out "
               "otherwise");
}

absl::StatusOr<GuideOptions> guide_options(const GuideArguments& guide) {
  const absl::StatusOr<masterclock::Zone> zone = common::find_zone(guide.zone);
  if (!zone.ok()) return zone.status();
  GuideOptions options{.zone = *zone, .day_start = guide.day_start};
  if (guide.assume_zone) {
    const absl::StatusOr<masterclock::Zone> assumed = common::find_zone(*guide.assume_zone);
    if (!assumed.ok()) return assumed.status();
    options.assume_zone = *assumed;
  }
  options.shift = guide.shift;
  options.strict = guide.strict;
  return options;
}

void print_warnings(const ScheduleService& schedule) {
  std::string lines;
  for (const std::string& warning : schedule.warnings()) {
    lines += "on_air: warning: " + common::printable(warning) + "\n";
  }
  std::cerr << lines << std::flush;
}

absl::StatusOr<StationTime> parse_station_time(std::string_view text) {
  const absl::StatusOr<masterclock::LocalTime> local = masterclock::parse_local_time(text);
  if (local.ok()) return *local;
  if (absl::IsOutOfRange(local.status())) return local.status();  // it is a time
  const absl::StatusOr<masterclock::UtcTime> utc = masterclock::parse_rfc3339(text);
  if (utc.ok()) return *utc;
  return utc.status();
}

absl::StatusOr<masterclock::UtcTime> to_utc(const StationTime& time, masterclock::Zone zone) {
  if (const auto* const utc = std::get_if<masterclock::UtcTime>(&time)) return *utc;
  return zone.to_utc(std::get<masterclock::LocalTime>(time), masterclock::Resolve::kCompatible);
}

absl::StatusOr<std::chrono::seconds> parse_day_start(std::string_view text) {
  std::string time(text);
  if (time.find(':') == 1) time.insert(0, 1, '0');
  if (time.size() == sizeof("hh:mm") - 1) time += ":00";
  const auto parsed = masterclock::parse_rfc3339("1970-01-01T" + time + "Z");
  if (time.size() != sizeof("hh:mm:ss") - 1 || !parsed.ok()) {
    return absl::InvalidArgumentError("Invalid day start " + in_quotes(text) +
                                      ": expected hh:mm or hh:mm:ss");
  }
  return std::chrono::floor<std::chrono::seconds>(parsed->time_since_epoch());
}

CLI::Option* add_station_time(CLI::App& app, const std::string& name,
                              std::optional<StationTime>& time, const std::string& description) {
  return add_parsed(app, name, time,
                    description +
                        "; 2026-03-29T01:30:00Z, or a time of --zone such as 2026-03-29T02:30: the "
                        "first of a repeated hour, later by the gap in a skipped one",
                    [](const std::string& text) { return parse_station_time(text); })
      ->type_name("TIME");
}

CLI::Option* add_rate(CLI::App& app, masterclock::FrameRate& rate) {
  return add_parsed(app, "--rate", rate, "frames a second: 25 unless given, 29.97, 30000/1001",
                    [](const std::string& text) { return masterclock::parse_frame_rate(text); })
      ->type_name("RATE");
}

CLI::Option* add_channels(CLI::App& app, std::vector<std::string>& channels,
                          const std::string& description) {
  return app.add_option("--channel", channels, description + "; may be given several times")
      ->type_name("ID")
      ->allow_extra_args(false);
}

}  // namespace on_air
