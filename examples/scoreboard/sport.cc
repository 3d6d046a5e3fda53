#include "sport.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "common/data_error.h"
#include "common/http_message.h"
#include "common/printable.h"
#include "masterclock/timers/count_clock.h"
#include "wire.h"

namespace scoreboard {
namespace {

using masterclock::ClockKey;
using masterclock::KeyedCommand;

constexpr std::size_t kMostEntries = 1'000;

absl::Status error(const std::string& field, std::string_view expected) {
  return absl::InvalidArgumentError(field + ": expected " + std::string(expected));
}

// Returns the list `name` of the file; a missing one is empty.
absl::StatusOr<json> list(const json& file, const char* name) {
  const auto found = file.find(name);
  if (found == file.end()) return json::array();
  if (!found->is_array() || found->size() > kMostEntries) {
    return error(name, "a list of at most 1000 entries");
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    if (!(*found)[i].is_object()) {
      return error(std::string(name) + "[" + std::to_string(i) + "]", "an object");
    }
  }
  return *found;
}

// Reads the batch of an entry. Each of its clocks must be one of the sport.
absl::StatusOr<std::vector<KeyedCommand>> batch(const json& entry, const Sport& sport,
                                                const std::string& field) {
  auto commands = read_commands(entry);
  if (!commands.ok()) {
    return absl::InvalidArgumentError(field + "." + std::string(commands.status().message()));
  }
  for (const KeyedCommand& keyed : *commands) {
    if (!sport.clocks.contains(keyed.key)) {
      return error(field + ".commands", "clocks of this file, not " + to_string(keyed.key));
    }
  }
  return commands;
}

absl::Status only(const json& entry, const std::string& field,
                  std::initializer_list<std::string_view> names) {
  if (!entry.is_object()) return absl::OkStatus();  // its reader says so
  for (const auto& [name, value] : entry.items()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return absl::InvalidArgumentError((field.empty() ? "" : field + ".") + common::printable(name) +
                                      ": no such field");
  }
  return absl::OkStatus();
}

absl::Status only_rules(const json& entry, const std::string& field) {
  return only(entry.value("rules", json()), field + ".rules",
              {"direction", "initial_ns", "maximum_ns", "at_end"});
}

absl::Status only_commands(const json& entry, const std::string& field) {
  const json commands = entry.value("commands", json());
  for (std::size_t i = 0; commands.is_array() && i < commands.size(); ++i) {
    const std::string one = field + ".commands[" + std::to_string(i) + "]";
    absl::Status fault = only(commands[i], one, {"kind", "id", "verb", "value_ns", "rules"});
    if (fault.ok() && commands[i].is_object()) fault = only_rules(commands[i], one);
    if (!fault.ok()) return fault;
  }
  return absl::OkStatus();
}

// Reads the key of an action: a letter is a small one.
absl::StatusOr<std::string> read_key_name(const json& entry, const std::string& field) {
  const auto found = entry.find("key");
  std::string key = found != entry.end() && found->is_string() ? found->get<std::string>() : "";
  if (key.empty() || key.size() > 20) return error(field + ".key", "a key such as s or F2");
  if (key.size() == 1 && key[0] >= 'A' && key[0] <= 'Z') key[0] = static_cast<char>(key[0] + 32);
  const auto pages = {" ",
                      "Enter",
                      "Backspace",
                      "z",
                      "y",
                      "i",
                      "m",
                      "b",
                      "a",
                      "r",
                      "c",
                      "f",
                      "ArrowLeft",
                      "ArrowRight",
                      "ArrowUp",
                      "ArrowDown",
                      "Shift+ArrowLeft",
                      "Shift+ArrowRight"};
  if (std::find(pages.begin(), pages.end(), key) == pages.end()) return key;
  return error(field + ".key", "a key that the page does not use itself");
}

absl::StatusOr<std::string> short_text(const json& entry, const char* name, std::size_t most,
                                       const std::string& field = "") {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->is_string()) return std::string();
  auto text = found->get<std::string>();
  if (text.size() > most) return error(field + name, "at most " + std::to_string(most) + " bytes");
  return text;
}

absl::StatusOr<Sport> read(std::string_view text) {
  const auto file = common::parse_json_object(text);
  if (!file.ok()) return file.status();
  absl::Status fault = only(*file, "", {"name", "clocks", "actions", "at_end"});
  if (!fault.ok()) return fault;
  Sport sport;
  auto name = short_text(*file, "name", kLongestName);
  if (!name.ok()) return name.status();
  if (name->empty()) return error("name", "a text");
  sport.name = *std::move(name);

  const auto clocks = list(*file, "clocks");
  if (!clocks.ok()) return clocks.status();
  if (clocks->empty()) return error("clocks", "one clock at least");
  for (std::size_t i = 0; i < clocks->size(); ++i) {
    const std::string field = "clocks[" + std::to_string(i) + "]";
    const json& entry = (*clocks)[i];
    fault = only(entry, field, {"kind", "id", "rules"});
    if (fault.ok()) fault = only_rules(entry, field);
    if (!fault.ok()) return fault;
    auto key = read_key(entry, field);
    if (!key.ok()) return key.status();
    const auto rules = read_rules(entry.value("rules", json()), field + ".rules");
    if (!rules.ok()) return rules.status();
    if (const auto clock = masterclock::CountClock::make(*rules); !clock.ok()) {
      return absl::InvalidArgumentError(field + ".rules: " + std::string(clock.status().message()));
    }
    if (i == 0) sport.game = *key;
    if (!sport.clocks.emplace(*std::move(key), *rules).second) {
      return error(field, "a clock that is not listed before");
    }
  }

  const auto actions = list(*file, "actions");
  if (!actions.ok()) return actions.status();
  std::set<std::string> keys;
  for (std::size_t i = 0; i < actions->size(); ++i) {
    const std::string field = "actions[" + std::to_string(i) + "]";
    const json& entry = (*actions)[i];
    fault = only(entry, field, {"name", "key", "commands"});
    if (fault.ok()) fault = only_commands(entry, field);
    if (!fault.ok()) return fault;
    auto label = short_text(entry, "name", kLongestName, field + ".");
    auto key = read_key_name(entry, field);
    auto commands = batch(entry, sport, field);
    if (!commands.ok()) return commands.status();
    if (!label.ok()) return label.status();
    if (label->empty()) return error(field + ".name", "a text");
    if (!key.ok()) return key.status();
    if (!keys.insert(*key).second) {
      return error(field + ".key", "a key that no other action has");
    }
    sport.actions.push_back({*std::move(label), *std::move(key), *std::move(commands)});
  }

  const auto at_end = list(*file, "at_end");
  if (!at_end.ok()) return at_end.status();
  for (std::size_t i = 0; i < at_end->size(); ++i) {
    const std::string field = "at_end[" + std::to_string(i) + "]";
    fault = only((*at_end)[i], field, {"kind", "id", "commands"});
    if (fault.ok()) fault = only_commands((*at_end)[i], field);
    if (!fault.ok()) return fault;
    auto key = read_key((*at_end)[i], field);
    if (!key.ok()) return key.status();
    if (!sport.clocks.contains(*key)) return error(field, "a clock of this file");
    auto commands = batch((*at_end)[i], sport, field);
    if (!commands.ok()) return commands.status();
    if (!sport.at_end.emplace(*std::move(key), *std::move(commands)).second) {
      return error(field, "one entry for a clock");
    }
  }
  return sport;
}

}  // namespace

absl::StatusOr<Sport> parse_sport(std::string_view text, std::string_view file) {
  absl::StatusOr<Sport> sport = read(text);
  if (sport.ok()) return sport;
  return common::data_error(file, std::string(sport.status().message()));
}

}  // namespace scoreboard
