#include "store.h"

#include <chrono>
#include <optional>
#include <string_view>

#include "common/json_line.h"
#include "wire.h"

namespace scoreboard {
namespace {

using masterclock::ClockKey;
using masterclock::ClockRecord;
using masterclock::ClockRules;
using masterclock::LogVerb;
using std::chrono::nanoseconds;

constexpr std::int64_t kVersion = 1;

// AUTOINCREMENT: a sequence is never given twice.
constexpr const char* kSchema[] = {
    ("CREATE TABLE clocks (kind TEXT NOT NULL, id INTEGER NOT NULL, rules TEXT NOT NULL,"
     " removed INTEGER NOT NULL DEFAULT 0, command_id TEXT NOT NULL, value_ns INTEGER NOT NULL,"
     " status TEXT NOT NULL, started_utc_ns INTEGER, PRIMARY KEY (kind, id)) STRICT"),
    ("CREATE TABLE records (sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
     " command_id TEXT UNIQUE, verb TEXT NOT NULL, boot TEXT NOT NULL,"
     " steady_ns INTEGER NOT NULL, utc_ns INTEGER NOT NULL, commands TEXT NOT NULL) STRICT"),
    ("CREATE TABLE events (event_id INTEGER PRIMARY KEY AUTOINCREMENT, event_type TEXT NOT NULL,"
     " event_payload TEXT NOT NULL, event_timestamp INTEGER NOT NULL) STRICT"),
    ("CREATE TABLE destinations (destination TEXT PRIMARY KEY, first_event_id INTEGER NOT NULL,"
     " types TEXT NOT NULL, pid INTEGER, started INTEGER) STRICT"),
    ("CREATE TABLE deliveries (event_id INTEGER NOT NULL, destination TEXT NOT NULL,"
     " delivered INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER,"
     " attempts INTEGER NOT NULL DEFAULT 0, retry_at_ns INTEGER NOT NULL DEFAULT 0, error TEXT,"
     " PRIMARY KEY (destination, event_id)) STRICT"),
};

// The deliveries that wait, and the dead letters. A match of an earlier build gets the indexes too.
constexpr const char* kIndexes[] = {
    ("CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries (destination, event_id)"
     " WHERE delivered IN (0, 2)"),
    "CREATE INDEX IF NOT EXISTS deliveries_dead ON deliveries (event_id) WHERE delivered = 3",
};

// The other servers of a match listen to the channel. An update that shows nothing new is silent.
constexpr const char* kTriggers[] = {
    ("CREATE FUNCTION scoreboard_changed() RETURNS trigger LANGUAGE plpgsql AS"
     " $$ BEGIN PERFORM pg_notify('scoreboard', TG_TABLE_NAME); RETURN NULL; END $$"),
    ("CREATE TRIGGER records_changed AFTER INSERT OR DELETE ON records"
     " FOR EACH STATEMENT EXECUTE FUNCTION scoreboard_changed()"),
    ("CREATE TRIGGER clocks_changed AFTER INSERT OR DELETE ON clocks"
     " FOR EACH STATEMENT EXECUTE FUNCTION scoreboard_changed()"),
    ("CREATE TRIGGER clock_changed AFTER UPDATE ON clocks FOR EACH ROW"
     " WHEN ((OLD.status, OLD.value_ns, OLD.removed) IS DISTINCT FROM"
     " (NEW.status, NEW.value_ns, NEW.removed)) EXECUTE FUNCTION scoreboard_changed()"),
    ("CREATE TRIGGER settings_changed AFTER INSERT OR UPDATE OR DELETE ON settings"
     " FOR EACH STATEMENT EXECUTE FUNCTION scoreboard_changed()"),
    ("CREATE FUNCTION instr(TEXT, TEXT) RETURNS INT LANGUAGE sql IMMUTABLE AS"
     " $$ SELECT strpos($1, $2) $$"),
};

std::optional<LogVerb> parse_log_verb(std::string_view text) {
  for (const LogVerb verb : {LogVerb::kCommand, LogVerb::kUndo, LogVerb::kRedo, LogVerb::kAlive,
                             LogVerb::kContinue, LogVerb::kFreeze}) {
    if (to_string(verb) == text) return verb;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::open(const std::string& database, bool create) {
  auto sql = Sql::open(database, create);
  if (!sql.ok()) return sql.status();
  std::unique_ptr<Store> store(new Store(*std::move(sql)));
  if (absl::Status ready = store->prepare(Sql::is_postgres(database), create); !ready.ok()) {
    return ready;
  }
  return store;
}

absl::Status Store::prepare(bool postgres, bool create) {
  auto transaction = SqlTransaction::begin(*sql_);
  if (!transaction.ok()) return transaction.status();
  absl::Status made = sql_->define(
      "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  if (!made.ok()) return made;
  const auto version = setting("version");
  if (!version.ok()) return version.status();
  if (!version->empty()) {
    if (*version == std::to_string(kVersion)) {
      for (const char* const statement : kIndexes) {
        if (made = sql_->define(statement); !made.ok()) return made;
      }
      return transaction->commit();
    }
    return absl::FailedPreconditionError("The match is of version " + *version +
                                         " of this program");
  }
  if (!create) return absl::NotFoundError("The database has no match");
  for (const char* const statement : kSchema) {
    if (made = sql_->define(statement); !made.ok()) return made;
  }
  for (const char* const statement : kIndexes) {
    if (made = sql_->define(statement); !made.ok()) return made;
  }
  for (const char* const statement : kTriggers) {
    if (!postgres) break;
    if (made = sql_->define(statement); !made.ok()) return made;
  }
  if (made = set_setting("version", std::to_string(kVersion)); !made.ok()) return made;
  return transaction->commit();
}

absl::StatusOr<std::map<ClockKey, StoredClock>> Store::clocks() {
  const auto result = sql_->run("SELECT kind, id, rules, removed, command_id FROM clocks");
  if (!result.ok()) return result.status();
  std::map<ClockKey, StoredClock> clocks;
  for (const SqlRow& row : result->rows) {
    const auto rules = read_rules(json::parse(row.text(2), nullptr, false), "rules");
    if (!rules.ok()) return absl::DataLossError(std::string(rules.status().message()));
    clocks.insert_or_assign(ClockKey{row.text(0), row.integer(1)},
                            StoredClock{*rules, row.integer(3) != 0, row.text(4)});
  }
  return clocks;
}

absl::Status Store::add_clock(const ClockKey& key, const ClockRules& rules,
                              const std::string& command_id) {
  return sql_
      ->run(
          "INSERT INTO clocks (kind, id, rules, command_id, value_ns, status)"
          " VALUES (?1, ?2, ?3, ?4, ?5, 'stopped')"
          " ON CONFLICT (kind, id) DO UPDATE SET removed = 0, command_id = ?4",
          {key.kind, key.id, common::json_line(to_json(rules)), command_id,
           std::int64_t{rules.initial.count()}})
      .status();
}

absl::Status Store::remove_clock(const ClockKey& key) {
  const auto removed =
      sql_->run("UPDATE clocks SET removed = 1 WHERE kind = ?1 AND id = ?2 AND removed = 0",
                {key.kind, key.id});
  if (!removed.ok()) return removed.status();
  if (removed->changes > 0) return absl::OkStatus();
  return absl::NotFoundError("There is no clock " + to_string(key));
}

absl::StatusOr<std::uint64_t> Store::append(const ClockRecord& record, std::uint64_t seen,
                                            const Fold& fold) {
  auto transaction = SqlTransaction::begin(*sql_);
  if (!transaction.ok()) return transaction.status();
  SqlValue id;  // NULL may occur more than once
  if (!record.command_id.empty()) id = record.command_id;
  const auto stored = sql_->run(
      "INSERT INTO records (command_id, verb, boot, steady_ns, utc_ns, commands)"
      " SELECT ?1, ?2, ?3, CAST(?4 AS BIGINT), CAST(?5 AS BIGINT), ?6"
      " WHERE (SELECT COALESCE(MAX(sequence), 0) FROM records) <= CAST(?7 AS BIGINT)"
      " RETURNING sequence",
      {id, to_string(record.verb), record.at.boot,
       std::int64_t{nanoseconds(record.at.steady.time_since_epoch()).count()},
       std::int64_t{nanoseconds(record.at.utc.time_since_epoch()).count()},
       common::json_line(to_json(record.commands)), static_cast<std::int64_t>(seen)});
  if (absl::IsFailedPrecondition(stored.status())) {
    return absl::AlreadyExistsError("The command " + record.command_id + " is stored already");
  }
  if (!stored.ok()) return stored.status();
  if (stored->rows.empty()) return absl::AbortedError("There are newer records");
  const auto sequence = static_cast<std::uint64_t>(stored->rows.front().integer(0));
  const absl::StatusOr<Effects> effects = fold(sequence);
  if (!effects.ok()) return effects.status();
  if (absl::Status written = write(*effects, record.at.utc); !written.ok()) return written;
  if (absl::Status done = transaction->commit(); !done.ok()) return done;
  return sequence;
}

absl::Status Store::write(const Effects& effects, masterclock::UtcTime utc) {
  const std::int64_t utc_ns = nanoseconds(utc.time_since_epoch()).count();
  for (const ClockRow& row : effects.clocks) {
    SqlValue started;
    if (row.state == masterclock::ClockState::kRunning) started = utc_ns;
    const auto stored = sql_->run(
        "UPDATE clocks SET value_ns = ?3, status = ?4, started_utc_ns = ?5"
        " WHERE kind = ?1 AND id = ?2",
        {row.key.kind, row.key.id, std::int64_t{row.value.count()}, to_string(row.state), started});
    if (!stored.ok()) return stored.status();
  }
  for (const GameEvent& event : effects.events) {
    const auto stored = sql_->run(
        "INSERT INTO events (event_type, event_payload, event_timestamp) VALUES (?1, ?2, ?3)",
        {event.type, common::json_line(event.payload), utc_ns / 1'000'000'000});
    if (!stored.ok()) return stored.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Store::setting(const std::string& name) {
  const auto result = sql_->run("SELECT value FROM settings WHERE name = ?1", {name});
  if (!result.ok()) return result.status();
  return result->rows.empty() ? std::string() : result->rows.front().text(0);
}

absl::Status Store::set_setting(const std::string& name, const std::string& value) {
  return sql_
      ->run("INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            {name, value})
      .status();
}

absl::StatusOr<std::vector<ClockRecord>> Store::records(std::uint64_t first, std::size_t limit) {
  const auto result = sql_->run(
      "SELECT sequence, command_id, verb, boot, steady_ns, utc_ns, commands FROM records"
      " WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
      {static_cast<std::int64_t>(first), static_cast<std::int64_t>(limit)});
  if (!result.ok()) return result.status();
  std::vector<ClockRecord> records;
  for (const SqlRow& row : result->rows) {
    ClockRecord record;
    record.sequence = static_cast<std::uint64_t>(row.integer(0));
    record.command_id = row.text(1);
    const auto verb = parse_log_verb(row.text(2));
    record.at = {masterclock::SteadyTime(nanoseconds(row.integer(4))),
                 masterclock::UtcTime(nanoseconds(row.integer(5))), row.text(3)};
    auto commands = read_stored_commands(json::parse(row.text(6), nullptr, false));
    if (!verb || !commands.ok()) {
      return absl::DataLossError("Record " + std::to_string(record.sequence) + " cannot be read");
    }
    record.verb = *verb;
    record.commands = *std::move(commands);
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace scoreboard
