#include "score_import.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "common/data_error.h"
#include "common/http_message.h"
#include "common/printable.h"
#include "common/sqlite.h"
#include "masterclock/timers/clock_command.h"

namespace scoreboard {
namespace {

using masterclock::ClockCommand;
using masterclock::ClockRecord;
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
  const json type = line.value("event_type", json()), payload = line.value("event_payload", json());
  if (!id) return wrong("event_id: expected an integer");
  if (!utc) return wrong("event_timestamp: expected seconds of UTC");
  if (!type.is_string()) return wrong("event_type: expected a text");
  if (!payload.is_object()) return wrong("event_payload: expected an object");
  return ScoreEvent{*id, type.get<std::string>(), payload, *utc};
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
  auto rows = (*database)->query("SELECT id, type, payload, created_at FROM events ORDER BY id");
  if (!rows.ok()) return rows.status();
  ScoreLines result;
  for (;;) {
    const auto more = rows->step();
    if (!more.ok()) return more.status();
    if (!*more) return result;
    const auto payload = common::parse_json_object(rows->text(2));
    const auto event = event_of({{"event_id", rows->integer(0)},
                                 {"event_type", rows->text(1)},
                                 {"event_payload", payload.ok() ? *payload : json()},
                                 {"event_timestamp", rows->integer(3)}});
    if (!event.ok()) {
      return common::data_error(file, "event " + std::to_string(rows->integer(0)) + ": " +
                                          std::string(event.status().message()));
    }
    result.events.push_back(*event);
  }
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

absl::StatusOr<std::string> import_score(const std::string& file, Store& store) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad()) {
    return absl::NotFoundError(common::printable(file) + ": cannot be read");
  }
  const auto read =
      text.starts_with(kSqliteMagic) ? read_database(file) : parse_score_lines(text, file);
  if (!read.ok()) return read.status();
  const auto records = records_of(read->events);
  if (!records.ok()) return common::data_error(file, std::string(records.status().message()));

  std::uint64_t last = 0;
  for (;;) {
    const auto stored = store.records(last + 1, 1'000);
    if (!stored.ok()) return stored.status();
    if (stored->empty()) break;
    if (stored->back().at.boot != kImportBoot) {
      return absl::FailedPreconditionError("The match has commands already");
    }
    last = stored->back().sequence;
  }
  const auto clocks = store.clocks();
  if (!clocks.ok()) return clocks.status();
  if (!clocks->contains(kImportedClock)) {
    if (absl::Status added = store.add_clock(kImportedClock, {}, kImportBoot); !added.ok()) {
      return added;
    }
  }
  for (const ClockRecord& record : *records) {
    const auto sequence = store.append(record, last, [](std::uint64_t) { return Effects(); });
    if (sequence.ok()) last = *sequence;
    if (!sequence.ok() && !absl::IsAlreadyExists(sequence.status())) return sequence.status();
  }
  std::string line = "imported " + std::to_string(read->events.size()) + " events";
  if (read->cut_bytes > 0) {
    line += ", without a cut line of " + std::to_string(read->cut_bytes) + " bytes";
  }
  return line;
}

}  // namespace scoreboard
