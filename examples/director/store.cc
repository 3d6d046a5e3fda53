#include "store.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "common/json_line.h"
#include "wire.h"

namespace director {
namespace {

using common::Transaction;
using std::chrono::nanoseconds;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMostText = std::size_t{1024} * 1024;  // in a page of the history

// AUTOINCREMENT: a sequence is never given twice.
constexpr const char* kSchema[] = {
    "CREATE TABLE records (sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " command_id TEXT UNIQUE, command TEXT NOT NULL, boot TEXT NOT NULL,"
    " steady_ns INTEGER NOT NULL, utc_ns INTEGER NOT NULL) STRICT",
    "PRAGMA user_version = 1",
};

}  // namespace

std::vector<HistoryRow> history_of(std::span<const Record> records, std::uint64_t first,
                                   std::size_t limit) {
  std::vector<HistoryRow> page;
  for (std::uint64_t i = std::max<std::uint64_t>(first, 1) - 1;
       i < records.size() && page.size() < limit; ++i) {
    const Record& record = records[i];
    page.push_back({record.sequence, record.command.id,
                    common::json_line(brief_json(record.command)), record.utc});
  }
  return page;
}

absl::StatusOr<std::uint64_t> MemoryStore::append(const Record& record) {
  records_.push_back(record);
  records_.back().sequence = records_.size();
  return records_.size();
}

absl::StatusOr<std::vector<Record>> MemoryStore::records(std::uint64_t first, std::size_t limit) {
  std::vector<Record> page;
  for (std::uint64_t i = std::max<std::uint64_t>(first, 1) - 1;
       i < records_.size() && page.size() < limit; ++i) {
    page.push_back(records_[i]);
  }
  return page;
}

absl::StatusOr<std::vector<HistoryRow>> MemoryStore::history(std::uint64_t first,
                                                             std::size_t limit) {
  return history_of(records_, first, limit);
}

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

absl::StatusOr<std::uint64_t> SqliteStore::append(const Record& record) {
  std::optional<std::string> id;  // NULL may occur more than once
  if (!record.command.id.empty()) id = record.command.id;
  const absl::Status stored = database_->run(
      "INSERT INTO records (command_id, command, boot, steady_ns, utc_ns)"
      " VALUES (?1, ?2, ?3, ?4, ?5)",
      {id, common::json_line(to_json(record.command)), record.boot,
       nanoseconds(record.steady.time_since_epoch()).count(),
       nanoseconds(record.utc.time_since_epoch()).count()});
  if (!stored.ok()) return stored;
  return static_cast<std::uint64_t>(database_->last_rowid());
}

absl::StatusOr<std::vector<Record>> SqliteStore::records(std::uint64_t first, std::size_t limit) {
  auto rows = database_->query(
      "SELECT sequence, command_id, command, boot, steady_ns, utc_ns FROM records"
      " WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
      {static_cast<std::int64_t>(first), static_cast<std::int64_t>(limit)});
  if (!rows.ok()) return rows.status();
  std::vector<Record> page;
  for (;;) {
    const auto more = rows->step();
    if (!more.ok()) return more.status();
    if (!*more) return page;
    Record record;
    record.sequence = static_cast<std::uint64_t>(rows->integer(0));
    auto command = read_stored_command(json::parse(rows->text(2), nullptr, false));
    if (!command.ok()) {
      return database_->error(absl::StatusCode::kDataLoss,
                              "record " + std::to_string(record.sequence) + " cannot be read");
    }
    record.command = *std::move(command);
    record.command.id = rows->text(1);
    record.boot = rows->text(3);
    record.steady = masterclock::SteadyTime(nanoseconds(rows->integer(4)));
    record.utc = masterclock::UtcTime(nanoseconds(rows->integer(5)));
    page.push_back(std::move(record));
  }
}

absl::StatusOr<std::vector<HistoryRow>> SqliteStore::history(std::uint64_t first,
                                                             std::size_t limit) {
  auto rows = database_->query(
      "SELECT sequence, command_id, command, utc_ns FROM records"
      " WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
      {static_cast<std::int64_t>(first), static_cast<std::int64_t>(limit)});
  if (!rows.ok()) return rows.status();
  std::vector<HistoryRow> page;
  for (std::size_t size = 0;;) {
    const auto more = rows->step();
    if (!more.ok()) return more.status();
    if (!*more) return page;
    HistoryRow row{static_cast<std::uint64_t>(rows->integer(0)), std::string(rows->text(1)),
                   std::string(rows->text(2)), masterclock::UtcTime(nanoseconds(rows->integer(3)))};
    size += row.command.size();
    if (!page.empty() && size > kMostText) return page;
    page.push_back(std::move(row));
  }
}

}  // namespace director
