// Options that several subcommands share, each read strictly: a value that is not one is a usage
// error that says why.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CLI_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/time/time_points.h"

namespace on_air {

// An option whose text `parse` turns into `value`, or into a status that says why not. `value` must
// outlive `app`.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Value& value,
                        const std::string& what, Parse parse) {
  return app.add_option_function<std::string>(
      name,
      [&value, name, parse](const std::string& text) {
        const auto parsed = parse(text);
        if (!parsed.ok()) {
          throw CLI::ValidationError(name, std::string(parsed.status().message()));
        }
        value = *parsed;
      },
      what);
}

// 06:00 or 06:00:00, before 24:00.
[[nodiscard]] absl::StatusOr<std::chrono::seconds> parse_day_start(std::string_view text);

// `name` takes RFC 3339, as in 2026-03-29T01:30:00Z.
CLI::Option* add_time(CLI::App& app, const std::string& name,
                      std::optional<masterclock::UtcTime>& time, const std::string& what);

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
