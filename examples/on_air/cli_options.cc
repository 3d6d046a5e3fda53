#include "cli_options.h"

#include "common/printable.h"
#include "masterclock/time/rfc3339.h"

namespace on_air {
using common::add_parsed;
using common::in_quotes;

absl::StatusOr<std::chrono::seconds> parse_day_start(std::string_view text) {
  std::string time(text);
  if (time.size() == sizeof("hh:mm") - 1) time += ":00";
  const auto parsed = masterclock::parse_rfc3339("1970-01-01T" + time + "Z");
  if (time.size() != sizeof("hh:mm:ss") - 1 || !parsed.ok()) {
    return absl::InvalidArgumentError("Invalid day start " + in_quotes(text) +
                                      ": expected hh:mm or hh:mm:ss");
  }
  return std::chrono::floor<std::chrono::seconds>(parsed->time_since_epoch());
}

CLI::Option* add_guide(CLI::App& app, std::string& guide) {
  return app.add_option("--guide", guide, "XMLTV guide or ffplayout playlist")
      ->required()
      ->type_name("FILE");
}

CLI::Option* add_zone(CLI::App& app, std::string& zone) {
  return app.add_option("--zone", zone, "time zone of the station, UTC unless given")
      ->type_name("IANA");
}

CLI::Option* add_rate(CLI::App& app, masterclock::FrameRate& rate) {
  return add_parsed(app, "--rate", rate, "frames a second: 25 unless given, 29.97, 30000/1001",
                    [](const std::string& text) { return masterclock::parse_frame_rate(text); })
      ->type_name("RATE");
}

CLI::Option* add_day_start(CLI::App& app, std::chrono::seconds& day_start) {
  return add_parsed(app, "--day-start", day_start,
                    "when the broadcast day begins, 06:00 unless given",
                    [](const std::string& text) { return parse_day_start(text); })
      ->type_name("HH:MM");
}

}  // namespace on_air
