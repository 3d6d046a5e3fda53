#include "store.h"

#include <chrono>
#include <optional>
#include <string_view>

#include "common/json_line.h"
#include "wire.h"

namespace scoreboard {
namespace {

using common::Transaction;
using masterclock::ClockKey;
using masterclock::ClockRecord;
using masterclock::ClockRules;
using masterclock::LogVerb;
using std::chrono::nanoseconds;

constexpr std::int64_t kVersion = 1;

// AUTOINCREMENT: a sequence is never given twice.
constexpr const char* kSchema[] = {
    "CREATE TABLE clocks (kind TEXT NOT NULL, id INTEGER NOT NULL, rules TEXT NOT NULL,"
    " removed INTEGER NOT NULL DEFAULT 0, command_id TEXT NOT NULL, value_ns INTEGER NOT NULL,"
    " status TEXT NOT NULL, started_utc_ns INTEGER, PRIMARY KEY (kind, id)) STRICT",
    "CREATE TABLE records (sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " command_id TEXT UNIQUE, verb TEXT NOT NULL, boot TEXT NOT NULL,"
    " steady_ns INTEGER NOT NULL, utc_ns INTEGER NOT NULL, commands TEXT NOT NULL) STRICT",
    ("CREATE TABLE events (event_id INTEGER PRIMARY KEY AUTOINCREMENT, event_type TEXT NOT NULL,"
     " event_payload TEXT NOT NULL, event_timestamp INTEGER NOT NULL) STRICT"),
    ("CREATE TABLE destinations (destination TEXT PRIMARY KEY, first_event_id INTEGER NOT NULL,"
     " types TEXT NOT NULL, pid INTEGER, started INTEGER) STRICT"),
    ("CREATE TABLE deliveries (event_id INTEGER NOT NULL, destination TEXT NOT NULL,"
     " delivered INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER, attempts INTEGER NOT NULL "
     "DEFAULT 0,"
     " retry_at_ns INTEGER NOT NULL DEFAULT 0, error TEXT, PRIMARY KEY (destination, event_id)) "
     "STRICT"),
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "PRAGMA user_version = 1",
};

std::optional<LogVerb> parse_log_verb(std::string_view text) {
  for (const LogVerb verb : {LogVerb::kCommand, LogVerb::kUndo, LogVerb::kRedo, LogVerb::kAlive,
                             LogVerb::kContinue, LogVerb::kFreeze}) {
    if (to_string(verb) == text) return verb;
  }
  return std::nullopt;
}

absl::StatusOr<ClockRules> rules_of(const std::string& text) {
  const json parsed = json::parse(text, nullptr, false);
  return read_rules(parsed, "rules");
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::open(std::string file) {
  auto database = common::Database::open(std::move(file),
                                         {.create = true, .busy_timeout = std::chrono::seconds(5)});
  if (!database.ok()) return database.status();
  auto transaction = Transaction::begin(**database);
  if (!transaction.ok()) return transaction.status();
  {
    auto version = (*database)->query("PRAGMA user_version");
    if (!version.ok()) return version.status();
    if (const auto row = version->step(); !row.ok()) return row.status();
    const std::int64_t stored = version->integer(0);
    if (stored > kVersion) {
      return (*database)->error(absl::StatusCode::kFailedPrecondition,
                                "is of a later version of this program");
    }
    if (stored == 0) {
      for (const char* const sql : kSchema) {
        if (absl::Status made = (*database)->run(sql); !made.ok()) return made;
      }
    }
  }
  if (absl::Status done = transaction->commit(); !done.ok()) return done;
  return std::unique_ptr<SqliteStore>(new SqliteStore(*std::move(database)));
}

absl::StatusOr<std::map<ClockKey, StoredClock>> SqliteStore::clocks() {
  auto rows = database_->query("SELECT kind, id, rules, removed, command_id FROM clocks");
  if (!rows.ok()) return rows.status();
  std::map<ClockKey, StoredClock> result;
  for (;;) {
    const auto more = rows->step();
    if (!more.ok()) return more.status();
    if (!*more) return result;
    const auto rules = rules_of(rows->text(2));
    if (!rules.ok()) return database_->error(rules.status());
    result.insert_or_assign(ClockKey{rows->text(0), rows->integer(1)},
                            StoredClock{*rules, rows->integer(3) != 0, rows->text(4)});
  }
}

absl::Status SqliteStore::add_clock(const ClockKey& key, const ClockRules& rules,
                                    const std::string& command_id) {
  return database_->run(
      "INSERT INTO clocks (kind, id, rules, command_id, value_ns, status)"
      " VALUES (?1, ?2, ?3, ?4, ?5, 'stopped')"
      " ON CONFLICT DO UPDATE SET removed = 0, command_id = ?4",
      {key.kind, key.id, common::json_line(to_json(rules)), command_id,
       std::int64_t{rules.initial.count()}});
}

absl::Status SqliteStore::remove_clock(const ClockKey& key) {
  const absl::Status removed =
      database_->run("UPDATE clocks SET removed = 1 WHERE kind = ?1 AND id = ?2 AND removed = 0",
                     {key.kind, key.id});
  if (!removed.ok()) return removed;
  if (database_->changes() > 0) return absl::OkStatus();
  return absl::NotFoundError("There is no clock " + to_string(key));
}

absl::StatusOr<std::uint64_t> SqliteStore::append(const ClockRecord& record, std::uint64_t seen,
                                                  const Fold& fold) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction.ok()) return transaction.status();
  std::optional<std::string> id;  // NULL may occur more than once
  if (!record.command_id.empty()) id = record.command_id;
  const absl::Status stored = database_->run(
      "INSERT INTO records (command_id, verb, boot, steady_ns, utc_ns, commands)"
      " SELECT ?1, ?2, ?3, ?4, ?5, ?6"
      " WHERE (SELECT COALESCE(MAX(sequence), 0) FROM records) <= ?7",
      {id, to_string(record.verb), record.at.boot,
       nanoseconds(record.at.steady.time_since_epoch()).count(),
       nanoseconds(record.at.utc.time_since_epoch()).count(),
       common::json_line(to_json(record.commands)), static_cast<std::int64_t>(seen)});
  if (absl::IsFailedPrecondition(stored)) {
    return absl::AlreadyExistsError("The command " + record.command_id + " is stored already");
  }
  if (!stored.ok()) return stored;
  if (database_->changes() == 0) return absl::AbortedError("There are newer records");
  const auto sequence = static_cast<std::uint64_t>(database_->last_rowid());
  const absl::StatusOr<Effects> effects = fold(sequence);
  if (!effects.ok()) return effects.status();
  if (absl::Status written = write(*effects, record.at.utc); !written.ok()) return written;
  if (absl::Status done = transaction->commit(); !done.ok()) return done;
  return sequence;
}

absl::Status SqliteStore::write(const Effects& effects, masterclock::UtcTime utc) {
  const std::int64_t utc_ns = nanoseconds(utc.time_since_epoch()).count();
  for (const ClockRow& row : effects.clocks) {
    std::optional<std::int64_t> started;
    if (row.state == masterclock::ClockState::kRunning) started = utc_ns;
    const absl::Status stored = database_->run(
        "UPDATE clocks SET value_ns = ?3, status = ?4, started_utc_ns = ?5"
        " WHERE kind = ?1 AND id = ?2",
        {row.key.kind, row.key.id, std::int64_t{row.value.count()}, to_string(row.state), started});
    if (!stored.ok()) return stored;
  }
  for (const GameEvent& event : effects.events) {
    const absl::Status stored = database_->run(
        "INSERT INTO events (event_type, event_payload, event_timestamp) VALUES (?1, ?2, ?3)",
        {event.type, common::json_line(event.payload), utc_ns / 1'000'000'000});
    if (!stored.ok()) return stored;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SqliteStore::setting(const std::string& name) {
  auto row = database_->query("SELECT value FROM settings WHERE name = ?1", {name});
  if (!row.ok()) return row.status();
  const auto exists = row->step();
  if (!exists.ok()) return exists.status();
  return *exists ? row->text(0) : std::string();
}

absl::Status SqliteStore::set_setting(const std::string& name, const std::string& value) {
  return database_->run("INSERT INTO settings VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
                        {name, value});
}

absl::StatusOr<std::vector<ClockRecord>> SqliteStore::records(std::uint64_t first,
                                                              std::size_t limit) {
  auto rows = database_->query(
      "SELECT sequence, command_id, verb, boot, steady_ns, utc_ns, commands FROM records"
      " WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
      {static_cast<std::int64_t>(first), static_cast<std::int64_t>(limit)});
  if (!rows.ok()) return rows.status();
  std::vector<ClockRecord> result;
  for (;;) {
    const auto more = rows->step();
    if (!more.ok()) return more.status();
    if (!*more) return result;
    ClockRecord record;
    record.sequence = static_cast<std::uint64_t>(rows->integer(0));
    record.command_id = rows->text(1);
    const auto verb = parse_log_verb(rows->text(2));
    record.at = {masterclock::SteadyTime(nanoseconds(rows->integer(4))),
                 masterclock::UtcTime(nanoseconds(rows->integer(5))), rows->text(3)};
    auto commands = read_stored_commands(json::parse(rows->text(6), nullptr, false));
    if (!verb || !commands.ok()) {
      return database_->error(absl::StatusCode::kDataLoss,
                              "record " + std::to_string(record.sequence) + " cannot be read");
    }
    record.verb = *verb;
    record.commands = *std::move(commands);
    result.push_back(std::move(record));
  }
}

}  // namespace scoreboard
