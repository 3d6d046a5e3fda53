#include "wire.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/parse_json.h"
#include "common/printable.h"
#include "masterclock/timers/clock_display.h"
#include "masterclock/timers/count_clock.h"

namespace scoreboard {
namespace {

using common::integer;
using masterclock::AtEnd;
using masterclock::ClockCommand;
using masterclock::ClockKey;
using masterclock::ClockRules;
using masterclock::ClockVerb;
using masterclock::CountDirection;
using masterclock::KeyedCommand;
using std::chrono::nanoseconds;

absl::Status error(std::string_view field, std::string_view name, std::string_view expected) {
  return absl::InvalidArgumentError(std::string(field) + (field.empty() ? "" : ".") +
                                    std::string(name) + ": expected " + std::string(expected));
}

std::optional<std::string> text(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// Returns the value of an optional field; null counts as absent.
absl::StatusOr<std::optional<nanoseconds>> duration(const json& object, const char* name,
                                                    std::string_view field) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  const std::optional<std::int64_t> count = integer(*found);
  if (!count) return error(field, name, "an integer number of nanoseconds");
  return nanoseconds(*count);
}

bool is_name(const std::optional<std::string>& name) {
  return name && !name->empty() && name->size() <= kLongestName &&
         common::printable(*name) == *name;
}

absl::StatusOr<KeyedCommand> read_command(const json& object, const std::string& field) {
  if (!object.is_object()) return error("", field, "an object");
  absl::StatusOr<ClockKey> key = read_key(object, field);
  if (!key.ok()) return key.status();
  KeyedCommand keyed{*std::move(key), {}};
  ClockCommand& command = keyed.command;
  const auto verb = masterclock::parse_clock_verb(text(object, "verb").value_or(""));
  if (!verb)
    return error(field, "verb", "start, pause, stop, set, adjust, reset, restart or configure");
  command.verb = *verb;
  const auto value = duration(object, "value_ns", field);
  if (!value.ok()) return value.status();
  command.value = *value;
  if (!command.value && (*verb == ClockVerb::kSet || *verb == ClockVerb::kAdjust)) {
    return error(field, "value_ns", "an integer number of nanoseconds");
  }
  const auto rules = object.find("rules");
  if (rules != object.end() && !rules->is_null()) {
    const auto read = read_rules(*rules, field + ".rules");
    if (!read.ok()) return read.status();
    if (const auto clock = masterclock::CountClock::make(*read); !clock.ok()) {
      return absl::InvalidArgumentError(field + ".rules: " + std::string(clock.status().message()));
    }
    command.rules = *read;
  } else if (*verb == ClockVerb::kConfigure) {
    return error(field, "rules", "an object");
  }
  return keyed;
}

}  // namespace

absl::StatusOr<std::string> read_command_id(const json& request) {
  std::optional<std::string> id = text(request, "command_id");
  if (!is_name(id)) return error("", "command_id", "a text of 1 to 100 bytes");
  return *std::move(id);
}

absl::StatusOr<ClockKey> read_key(const json& object, std::string_view field) {
  std::optional<std::string> kind = text(object, "kind");
  if (!is_name(kind)) return error(field, "kind", "a text of 1 to 100 bytes");
  const auto found = object.find("id");
  const auto id = found == object.end() ? std::nullopt : integer(*found);
  if (!id) return error(field, "id", "an integer");
  return ClockKey{*std::move(kind), *id};
}

absl::StatusOr<ClockRules> read_rules(const json& object, std::string_view field) {
  if (!object.is_object()) return error("", field, "an object");
  ClockRules rules;
  const std::string direction = text(object, "direction").value_or("");
  if (direction != "down" && direction != "up") return error(field, "direction", "down or up");
  rules.direction = direction == "up" ? CountDirection::kUp : CountDirection::kDown;
  const auto initial = duration(object, "initial_ns", field);
  const auto maximum = duration(object, "maximum_ns", field);
  if (!initial.ok()) return initial.status();
  if (!maximum.ok()) return maximum.status();
  if (!*initial) return error(field, "initial_ns", "an integer number of nanoseconds");
  rules.initial = **initial;
  rules.maximum = *maximum;
  if (object.contains("at_end")) {
    const std::string at_end = text(object, "at_end").value_or("");
    if (at_end != "stop" && at_end != "run_over") return error(field, "at_end", "stop or run_over");
    rules.at_end = at_end == "stop" ? AtEnd::kStop : AtEnd::kRunOver;
  }
  return rules;
}

absl::StatusOr<std::vector<KeyedCommand>> read_commands(const json& request) {
  const auto found = request.find("commands");
  if (found == request.end() || !found->is_array() || found->empty() ||
      found->size() > kMostCommands) {
    return error("", "commands", "a list of 1 to 100 commands");
  }
  return read_stored_commands(*found);
}

absl::StatusOr<std::vector<KeyedCommand>> read_stored_commands(const json& list) {
  if (!list.is_array()) return error("", "commands", "a list");
  std::vector<KeyedCommand> commands;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto command = read_command(list[i], "commands[" + std::to_string(i) + "]");
    if (!command.ok()) return command.status();
    commands.push_back(*std::move(command));
  }
  return commands;
}

json clock_json(const masterclock::ClockReport& report, CountDirection direction) {
  const masterclock::ClockReading& reading = report.reading;
  json result = {{"kind", report.key.kind},
                 {"id", report.key.id},
                 {"direction", to_string(direction)},
                 {"value_ns", reading.value.count()},
                 {"state", to_string(reading.state)},
                 {"rate", reading.rate},
                 {"at_end", reading.at_end},
                 {"expires_in_ns", nullptr},
                 {"shown", masterclock::clock_text(reading.value, direction)}};
  // The reading of an end is of the instant `due`.
  const auto at =
      report.reason == masterclock::ClockReport::Reason::kExpired ? report.due : report.at;
  if (reading.expires_at) result["expires_in_ns"] = (*reading.expires_at - at).count();
  return result;
}

json to_json(const ClockRules& rules) {
  json result = {{"direction", to_string(rules.direction)},
                 {"initial_ns", rules.initial.count()},
                 {"maximum_ns", nullptr},
                 {"at_end", to_string(rules.at_end)}};
  if (rules.maximum) result["maximum_ns"] = rules.maximum->count();
  return result;
}

json to_json(const std::vector<KeyedCommand>& commands) {
  json result = json::array();
  for (const KeyedCommand& keyed : commands) {
    json one = {{"kind", keyed.key.kind},
                {"id", keyed.key.id},
                {"verb", std::string(to_string(keyed.command.verb))}};
    if (keyed.command.value) one["value_ns"] = keyed.command.value->count();
    if (keyed.command.rules) one["rules"] = to_json(*keyed.command.rules);
    result.push_back(std::move(one));
  }
  return result;
}

}  // namespace scoreboard
