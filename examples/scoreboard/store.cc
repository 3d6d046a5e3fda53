#include "store.h"

#include <array>
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
    " removed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, id)) STRICT",
    "CREATE TABLE records (sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " command_id TEXT UNIQUE, verb TEXT NOT NULL, boot TEXT NOT NULL,"
    " steady_ns INTEGER NOT NULL, utc_ns INTEGER NOT NULL, commands TEXT NOT NULL) STRICT",
    "PRAGMA user_version = 1",
};

constexpr std::array<std::string_view, 6> kVerbs = {"command", "undo",     "redo",
                                                    "alive",   "continue", "freeze"};

std::optional<LogVerb> parse_log_verb(std::string_view text) {
  for (std::size_t i = 0; i < kVerbs.size(); ++i) {
    if (kVerbs[i] == text) return static_cast<LogVerb>(i);
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
  auto rows = database_->query("SELECT kind, id, rules, removed FROM clocks");
  if (!rows.ok()) return rows.status();
  std::map<ClockKey, StoredClock> result;
  for (;;) {
    const auto more = rows->step();
    if (!more.ok()) return more.status();
    if (!*more) return result;
    const auto rules = rules_of(rows->text(2));
    if (!rules.ok()) return database_->error(rules.status());
    result.insert_or_assign(ClockKey{rows->text(0), rows->integer(1)},
                            StoredClock{*rules, rows->integer(3) != 0});
  }
}

absl::Status SqliteStore::add_clock(const ClockKey& key, const ClockRules& rules) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction.ok()) return transaction.status();
  const std::string text = common::json_line(to_json(rules));
  {
    auto row = database_->query("SELECT rules, removed FROM clocks WHERE kind = ?1 AND id = ?2",
                                {key.kind, key.id});
    if (!row.ok()) return row.status();
    const auto exists = row->step();
    if (!exists.ok()) return exists.status();
    if (*exists && row->integer(1) == 0) {
      return absl::AlreadyExistsError("There is a clock " + to_string(key) + " already");
    }
    if (*exists && row->text(0) != text) {
      return absl::FailedPreconditionError("The removed clock " + to_string(key) +
                                           " had other rules");
    }
  }
  const absl::Status stored = database_->run(
      "INSERT INTO clocks (kind, id, rules) VALUES (?1, ?2, ?3)"
      " ON CONFLICT DO UPDATE SET removed = 0",
      {key.kind, key.id, text});
  return stored.ok() ? transaction->commit() : stored;
}

absl::Status SqliteStore::remove_clock(const ClockKey& key) {
  const absl::Status removed =
      database_->run("UPDATE clocks SET removed = 1 WHERE kind = ?1 AND id = ?2 AND removed = 0",
                     {key.kind, key.id});
  if (!removed.ok()) return removed;
  if (database_->changes() > 0) return absl::OkStatus();
  return absl::NotFoundError("There is no clock " + to_string(key));
}

absl::StatusOr<std::uint64_t> SqliteStore::append(const ClockRecord& record) {
  std::optional<std::string> id;  // NULL may occur more than once
  if (!record.command_id.empty()) id = record.command_id;
  const absl::Status stored = database_->run(
      "INSERT INTO records (command_id, verb, boot, steady_ns, utc_ns, commands)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {id, std::string(kVerbs[static_cast<std::size_t>(record.verb)]), record.at.boot,
       nanoseconds(record.at.steady.time_since_epoch()).count(),
       nanoseconds(record.at.utc.time_since_epoch()).count(),
       common::json_line(to_json(record.commands))});
  if (absl::IsFailedPrecondition(stored)) {
    return absl::AlreadyExistsError("The command " + record.command_id + " is stored already");
  }
  if (!stored.ok()) return stored;
  return static_cast<std::uint64_t>(database_->last_rowid());
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
