#include "environment.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/json_line.h"
#include "common/parse_json.h"
#include "common/printable.h"
#include "service_name.h"

namespace poller {
namespace {

using nlohmann::json;

enum class Type {
  kText,
  kNumber,
  kSwitch,  // true, false, 1, 0, yes, no, on, off
  kList,    // a JSON list, or an object that has one under the name of the field
};

struct Variable {
  const char *name, *section, *field;
  Type type;
};

constexpr Variable kVariables[] = {
    {"PIHOLE_HOST", "pihole", "host", Type::kText},
    {"PIHOLE_PASSWORD", "pihole", "password", Type::kText},
    {"WEATHER_LOCATION", "weather", "location", Type::kText},
    {"ARANET4_SENSORS", "aranet4", "sensors", Type::kList},
    {"ARANET4_TIMEOUT", "aranet4", "timeout", Type::kNumber},
    {"CAMERA_CONFIG", "camera", "cameras", Type::kList},
    {"DISPLAY_ROTATION", "display", "rotation", Type::kNumber},
    {"SCROLL_SPEED", "display", "scroll_speed", Type::kNumber},
    {"ICON_DURATION", "display", "icon_duration", Type::kNumber},
    {"SLEEP_START", "sleep", "start_hour", Type::kNumber},
    {"SLEEP_END", "sleep", "end_hour", Type::kNumber},
    {"DISABLE_PI_LEDS", "sleep", "disable_pi_leds", Type::kSwitch},
    {"AUTH_ENABLED", "auth", "enabled", Type::kSwitch},
    {"AUTH_USERNAME", "auth", "username", Type::kText},
    {"AUTH_PASSWORD_HASH", "auth", "password_hash", Type::kText},
};
constexpr std::string_view kScheduleVariable = "SCHEDULE_";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

absl::StatusOr<json> read(const Variable& variable, const std::string& text) {
  const auto fault = [&](const char* expected) {
    return absl::InvalidArgumentError(std::string(variable.name) + ": expected " + expected +
                                      ", not " + common::in_quotes(text));
  };
  const json value = common::parse_json(text);
  switch (variable.type) {
    case Type::kText: return json(text);
    case Type::kNumber:
      if (!value.is_number()) return fault("a number");
      return value;
    case Type::kSwitch:
      for (const char* yes : {"true", "1", "yes", "on"}) {
        if (lower(text) == yes) return json(true);
      }
      for (const char* no : {"false", "0", "no", "off"}) {
        if (lower(text) == no) return json(false);
      }
      return fault("true or false");
    case Type::kList:
      if (value.is_array()) return value;
      if (value.is_object() && value.contains(variable.field) && value[variable.field].is_array()) {
        return value[variable.field];
      }
      return fault("a JSON list");
  }
  return fault("a value");
}

}  // namespace

Environment process_environment() {
  Environment all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

absl::Status apply_schedule_variables(const Environment& environment, Config& config) {
  Intervals intervals = config.intervals();
  for (const auto& [name, text] : environment) {
    if (!name.starts_with(kScheduleVariable)) continue;
    std::string service = lower(name.substr(kScheduleVariable.size()));
    std::replace(service.begin(), service.end(), '_', '-');
    json number = common::parse_json(text);
    if (!number.is_number()) number = text;
    const auto read = parse_schedule(common::json_line(json{{service, number}}), config, name);
    if (!read.ok()) return read.status();
    for (const auto& [resolved, interval] : *read) intervals[resolved] = interval;
  }
  config.set_intervals(intervals);
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> redis_seeds(const Environment& environment,
                                                               const Config& config) {
  std::map<std::string, json> sections = config.seeds;
  for (const Variable& variable : kVariables) {
    const auto found = environment.find(variable.name);
    if (found == environment.end()) continue;
    const auto value = read(variable, found->second);
    if (!value.ok()) return value.status();
    sections[variable.section][variable.field] = *value;
  }
  std::map<std::string, std::string> seeds;
  for (auto& [section, value] : sections) {
    for (const Variable& variable : kVariables) {
      if (variable.section == section && !value.contains(variable.field)) {
        value[variable.field] = nullptr;
      }
    }
    seeds["config:" + section] = common::json_line(value);
  }
  seeds["config:schedule"] = schedule_text(config.intervals());
  return seeds;
}

}  // namespace poller
