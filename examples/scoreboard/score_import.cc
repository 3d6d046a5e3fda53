#include "score_import.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/data_error.h"
#include "common/http_message.h"
#include "common/printable.h"
#include "common/sqlite.h"
#include "masterclock/timers/clock_command.h"
#include "masterclock/timers/clock_log.h"

namespace scoreboard {
namespace {

using masterclock::BootPolicy;
using masterclock::ClockCommand;
using masterclock::ClockKey;
using masterclock::ClockLog;
using masterclock::ClockRecord;
using masterclock::ClockRules;
using masterclock::ClockVerb;
using nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);
constexpr std::int64_t kMostSeconds = 1'000'000'000;  // of a clock
constexpr std::int64_t kLastUtc = 9'000'000'000;      // in the year 2255

std::optional<std::int64_t> whole(const json& object, const char* name, std::int64_t most) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  const auto value = found->get<std::int64_t>();
  return value < 0 || value > most ? std::nullopt : std::optional(value);
}

absl::StatusOr<ScoreEvent> event_of(const json& line) {
  const auto wrong = [](const char* what) { return absl::InvalidArgumentError(what); };
  const auto id = whole(line, "event_id", std::numeric_limits<std::int64_t>::max());
  const auto utc = whole(line, "event_timestamp", kLastUtc);
  const json type = line.value("event_type", json());
  json payload = line.value("event_payload", json()), game = line.value("game_id", json());
  if (payload.is_null() && line.contains("event_payload")) payload = json::object();
  if (!id) return wrong("event_id: expected an integer");
  if (!utc) return wrong("event_timestamp: expected seconds of UTC");
  if (!type.is_string()) return wrong("event_type: expected a text");
  if (!payload.is_object()) return wrong("event_payload: expected an object");
  std::string game_id;
  if (!game.is_null()) game_id = game.is_string() ? game.get<std::string>() : game.dump();
  return ScoreEvent{*id, type.get<std::string>(), std::move(payload), *utc, std::move(game_id)};
}

std::optional<ClockVerb> verb_of(std::string_view type) {
  for (const char* name : {"GAME_STARTED", "GAME_START", "CLOCK_START", "PERIOD_START"}) {
    if (type == name) return ClockVerb::kStart;
  }
  for (const char* name : {"GAME_PAUSED", "GAME_END", "CLOCK_STOP", "PERIOD_END"}) {
    if (type == name) return ClockVerb::kPause;
  }
  return type == "CLOCK_SET" ? std::optional(ClockVerb::kSet) : std::nullopt;
}

absl::StatusOr<ScoreLines> read_database(const std::string& file) {
  const auto database = common::Database::open(file);
  if (!database.ok()) return database.status();
  auto column =
      (*database)->query("SELECT 1 FROM pragma_table_info('events') WHERE name = 'game_id'");
  if (!column.ok()) return column.status();
  const auto has_games = column->step();
  if (!has_games.ok()) return has_games.status();
  // A time that is no whole number becomes NULL.
  auto rows = (*database)->query(
      "SELECT id, type, payload, CASE WHEN typeof(created_at) IN ('integer', 'real')"
      " AND created_at = CAST(created_at AS INTEGER) THEN CAST(created_at AS INTEGER) END, " +
      std::string(*has_games ? "game_id" : "NULL") + " FROM events ORDER BY id");
  if (!rows.ok()) return rows.status();
  ScoreLines result;
  for (;;) {
    const auto more = rows->step();
    if (!more.ok()) return more.status();
    if (!*more) return result;
    json line = {{"event_id", rows->integer(0)}, {"event_type", rows->text(1)}};
    if (rows->is_null(2)) {
      line["event_payload"] = nullptr;
    } else if (const auto payload = common::parse_json_object(rows->text(2)); payload.ok()) {
      line["event_payload"] = *payload;
    }
    if (!rows->is_null(3)) line["event_timestamp"] = rows->integer(3);
    if (!rows->is_null(4)) line["game_id"] = rows->text(4);
    const auto event = event_of(line);
    if (!event.ok()) {
      return common::data_error(file, "event " + std::to_string(rows->integer(0)) + ": " +
                                          std::string(event.status().message()));
    }
    result.events.push_back(*event);
  }
}

// Keeps the events of `game`.
absl::Status choose_game(std::vector<ScoreEvent>& events, const std::string& game) {
  std::set<std::string> games;
  for (const ScoreEvent& event : events) games.insert(event.game);
  if (game.empty() && games.size() < 2) return absl::OkStatus();
  if (game.empty()) {
    std::string names;
    for (const std::string& name : games)
      names += (names.empty() ? "" : ", ") + common::in_quotes(name);
    return absl::InvalidArgumentError("several games: choose one of " + names + " with --game");
  }
  std::erase_if(events, [&](const ScoreEvent& event) { return event.game != game; });
  if (!events.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("no event of game " + common::in_quotes(game));
}

}  // namespace

absl::StatusOr<ScoreLines> parse_score_lines(std::string_view text, std::string_view file) {
  ScoreLines result;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto object = common::parse_json_object(line);
    if (!object.ok() && text.empty()) {  // the power went
      result.cut_bytes = line.size();
      break;
    }
    const auto event = object.ok() ? event_of(*object) : object.status();
    if (!event.ok()) {
      return common::data_error(file, number, std::string(event.status().message()));
    }
    result.events.push_back(*event);
  }
  return result;
}

absl::StatusOr<std::vector<ClockRecord>> records_of(std::vector<ScoreEvent> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const ScoreEvent& a, const ScoreEvent& b) { return a.id < b.id; });
  std::vector<ClockRecord> records;
  for (const ScoreEvent& event : events) {
    const std::optional<ClockVerb> verb = verb_of(event.type);
    if (!verb) continue;
    ClockCommand command{*verb, {}, {}};
    if (*verb == ClockVerb::kSet) {
      const auto value = whole(event.payload, "seconds", kMostSeconds);
      if (!value) {
        return absl::InvalidArgumentError("event " + std::to_string(event.id) +
                                          ": seconds: expected an integer, 0 or more");
      }
      command.value = seconds(*value);
    }
    ClockRecord record;
    record.sequence = records.size() + 1;
    record.at = {masterclock::SteadyTime(seconds(event.utc_s)),
                 masterclock::UtcTime(seconds(event.utc_s)), kImportBoot};
    record.command_id = "import " + std::to_string(event.id);
    record.commands = {{kImportedClock, command}};
    records.push_back(std::move(record));
  }
  return records;
}

absl::StatusOr<ScoreImport> read_score(const std::string& file, const std::string& game) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad()) {
    return absl::NotFoundError(common::printable(file) + ": cannot be read");
  }
  auto read = text.starts_with(kSqliteMagic) ? read_database(file) : parse_score_lines(text, file);
  if (!read.ok()) return read.status();
  if (absl::Status chosen = choose_game(read->events, game); !chosen.ok()) {
    return common::data_error(file, std::string(chosen.message()));
  }
  std::string summary = "imported " + std::to_string(read->events.size()) + " events";
  if (read->cut_bytes > 0) {
    summary += ", without a cut line of " + std::to_string(read->cut_bytes) + " bytes";
  }
  auto records = records_of(std::move(read->events));
  if (!records.ok()) return common::data_error(file, std::string(records.status().message()));
  return ScoreImport{*std::move(records), std::move(summary)};
}

absl::Status import_score(const ScoreImport& import, Store& store) {
  auto clocks = store.clocks();
  if (!clocks.ok()) return clocks.status();
  const bool has_clock = clocks->contains(kImportedClock);
  std::map<ClockKey, ClockRules> rules = {{kImportedClock, {}}};
  for (const auto& [key, clock] : *clocks) rules.insert_or_assign(key, clock.rules);
  ClockLog log(std::move(rules), BootPolicy::kAsk);
  for (;;) {
    const auto stored = store.records(log.last_sequence() + 1, 1'000);
    if (!stored.ok()) return stored.status();
    if (stored->empty()) break;
    if (stored->back().at.boot != kImportBoot) {
      return absl::FailedPreconditionError("The match has commands already");
    }
    for (const ClockRecord& record : *stored) {
      if (const auto outcome = log.append(record); !outcome.ok()) return outcome.status();
    }
  }
  if (!has_clock) {
    if (absl::Status added = store.add_clock(kImportedClock, {}, kImportBoot); !added.ok()) {
      return added;
    }
  }
  for (ClockRecord record : import.records) {
    // The events of the other system were delivered there.
    const auto effects = [&](std::uint64_t sequence) -> absl::StatusOr<Effects> {
      record.sequence = sequence;
      if (const auto outcome = log.append(record); !outcome.ok()) return outcome.status();
      const auto clock = log.clock(kImportedClock, record.at);
      if (!clock.ok()) return clock.status();
      const masterclock::ClockReading reading = clock->reading(record.at.steady);
      return Effects{{{kImportedClock, reading.value, reading.state}}, {}};
    };
    const auto sequence = store.append(record, log.last_sequence(), effects);
    if (!sequence.ok() && !absl::IsAlreadyExists(sequence.status())) return sequence.status();
  }
  return absl::OkStatus();
}

}  // namespace scoreboard
