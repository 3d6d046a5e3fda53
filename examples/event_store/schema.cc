#include "schema.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/printable.h"

namespace event_store {
namespace {

using common::Database;
using common::Statement;
using common::Transaction;

constexpr std::int64_t kApplicationId = 0x4d434576;  // "MCev"
constexpr std::int64_t kVersion = 2;

// UNIQUE (serial, due) keeps the promise that no occurrence is recorded twice.
constexpr const char* kCreate[] = {
    "CREATE TABLE pending ("
    " serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
    " payload TEXT NOT NULL, due TEXT, wall TEXT, zone TEXT, resolve TEXT, every INTEGER,"
    " days TEXT, on_misfire TEXT NOT NULL, max_lateness INTEGER,"
    " CHECK ((due IS NULL) = (wall IS NOT NULL)),"
    " CHECK ((wall IS NULL) = (zone IS NULL) AND (wall IS NULL) = (resolve IS NULL)),"
    " CHECK (days IS NULL OR (wall IS NOT NULL AND every IS NULL))) STRICT",
    "CREATE TABLE fired ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, serial INTEGER NOT NULL, id TEXT NOT NULL,"
    " type TEXT NOT NULL, payload TEXT NOT NULL, due TEXT NOT NULL, fired TEXT NOT NULL,"
    " lateness INTEGER NOT NULL, skipped INTEGER NOT NULL, outcome TEXT NOT NULL,"
    " error TEXT NOT NULL, UNIQUE (serial, due)) STRICT"};

// Version 1 repeated a wall time after so many nanoseconds of wall time. A day and a week of them are
// now days of the week, and less than a day is elapsed time.
constexpr const char* kFromVersion1[] = {
    "ALTER TABLE pending RENAME COLUMN repeat_every TO every",
    "ALTER TABLE pending RENAME COLUMN on_missed TO on_misfire",
    "ALTER TABLE pending ADD COLUMN days TEXT",
    "UPDATE pending SET every = NULL, days = 'mon,tue,wed,thu,fri,sat,sun'"
    " WHERE wall IS NOT NULL AND every = 86400000000000",
    "UPDATE pending SET every = NULL,"
    " days = substr('sunmontuewedthufrisat', 1 + 3 * strftime('%w', substr(wall, 1, 10)), 3)"
    " WHERE wall IS NOT NULL AND every = 604800000000000",
    "ALTER TABLE fired RENAME COLUMN missed TO skipped",
    "UPDATE fired SET outcome = 'dropped' WHERE outcome = 'missed'"};
constexpr std::string_view kNotOfVersion2 =
    "SELECT id FROM pending WHERE wall IS NOT NULL AND repeat_every > 86400000000000"
    " AND repeat_every <> 604800000000000 LIMIT 1";

absl::StatusOr<std::int64_t> number_from(Database& database, std::string_view sql) {
  absl::StatusOr<Statement> row = database.query(sql);
  if (!row.ok()) return row.status();
  const absl::StatusOr<bool> found = row->step();
  if (!found.ok()) return found.status();
  return *found ? row->integer(0) : 0;
}

absl::Status run_all(Database& database, std::span<const char* const> statements) {
  for (const char* const statement : statements) {
    if (absl::Status done = database.run(statement); !done.ok()) return done;
  }
  return database.run("PRAGMA user_version = " + std::to_string(kVersion));
}

absl::Status migrate_from_version_1(Database& database) {
  {
    absl::StatusOr<Statement> row = database.query(kNotOfVersion2);
    if (!row.ok()) return row.status();
    const absl::StatusOr<bool> found = row->step();
    if (!found.ok()) return found.status();
    if (*found) {
      return database.error(absl::StatusCode::kFailedPrecondition,
                            "is of version 1, and its event " + common::in_quotes(row->text(0)) +
                                " repeats on the wall neither daily nor weekly");
    }
  }
  return run_all(database, kFromVersion1);
}

absl::Status create(Database& database) {
  absl::Status owned = database.run("PRAGMA application_id = " + std::to_string(kApplicationId));
  return owned.ok() ? run_all(database, kCreate) : owned;
}

absl::Status prepare(Database& database) {
  const auto owner = number_from(database, "PRAGMA application_id");
  if (!owner.ok()) return owner.status();
  const auto version = number_from(database, "PRAGMA user_version");
  if (!version.ok()) return version.status();
  const auto tables = number_from(database, "SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*owner == 0 && *tables == 0) return create(database);
  if (*owner != kApplicationId) {
    return database.error(absl::StatusCode::kFailedPrecondition,
                          "is a database of another program");
  }
  if (*version == kVersion) return absl::OkStatus();  // another process was faster
  if (*version == 1) return migrate_from_version_1(database);
  return database.error(
      absl::StatusCode::kFailedPrecondition,
      "is of version " + std::to_string(*version) + ", expected " + std::to_string(kVersion));
}

}  // namespace

absl::Status prepare_schema(Database& database) {
  // A file of this version is not written, so that a reader need not wait for a writer.
  const auto before = number_from(database, "PRAGMA user_version");
  if (!before.ok()) return before.status();
  const auto owner = number_from(database, "PRAGMA application_id");
  if (!owner.ok()) return owner.status();
  if (*owner == kApplicationId && *before == kVersion) return absl::OkStatus();

  absl::StatusOr<Transaction> transaction = Transaction::begin(database);
  if (!transaction.ok()) return transaction.status();
  const absl::Status prepared = prepare(database);
  return prepared.ok() ? transaction->commit() : prepared;
}

}  // namespace event_store
