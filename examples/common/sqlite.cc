#include "common/sqlite.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "common/printable.h"

namespace common {
namespace {

absl::StatusCode code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kNotFound;
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

Statement::~Statement() {
  if (handle_ == nullptr) return;  // moved
  ::sqlite3_reset(handle_.get());
  ::sqlite3_clear_bindings(handle_.get());
  std::string sql = ::sqlite3_sql(handle_.get());
  database_.idle_.emplace(std::move(sql), std::move(handle_));
}

absl::StatusOr<bool> Statement::step() {
  const int result = ::sqlite3_step(handle_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return database_.last_error(::sqlite3_sql(handle_.get()));
}

bool Statement::is_null(int column) const {
  return ::sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return ::sqlite3_column_int64(handle_.get(), column);
}

std::string Statement::text(int column) const {
  const unsigned char* const begin = ::sqlite3_column_text(handle_.get(), column);
  if (begin == nullptr) return {};
  return {reinterpret_cast<const char*>(begin),
          static_cast<std::size_t>(::sqlite3_column_bytes(handle_.get(), column))};
}

absl::StatusOr<std::unique_ptr<Database>> Database::open(std::string path,
                                                         DatabaseOptions options) {
  // SQLite takes the first two for databases without a file, and reads a name up to its NUL.
  if (path.empty() || path == ":memory:" || path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("Invalid database file " + in_quotes(path));
  }
  std::unique_ptr<Database> database(new Database(std::move(path)));
  sqlite3* handle = nullptr;
  const int result = ::sqlite3_open_v2(
      database->path_.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (options.create ? SQLITE_OPEN_CREATE : 0),
      nullptr);
  database->handle_.reset(handle);
  if (handle == nullptr) return absl::ResourceExhaustedError("out of memory");
  if (result != SQLITE_OK) {
    const int cause = ::sqlite3_system_errno(handle);
    return database->error(code_of(result), std::string(::sqlite3_errmsg(handle)) +
                                                (cause != 0 ? ": " : "") +
                                                (cause != 0 ? std::strerror(cause) : ""));
  }
  if (::sqlite3_db_readonly(handle, "main") == 1) {
    return database->error(absl::StatusCode::kPermissionDenied, "is read-only");
  }
  ::sqlite3_busy_timeout(handle,
                         static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(
                             options.busy_timeout.count(), 0, std::numeric_limits<int>::max())));
  for (const char* const setting : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"}) {
    if (absl::Status set = database->run(setting); !set.ok()) return set;
  }
  return database;
}

absl::StatusOr<Statement> Database::query(std::string_view sql, const std::vector<Value>& values) {
  Statement::Handle handle;
  if (const auto kept = idle_.find(sql); kept != idle_.end()) {
    handle = std::move(kept->second);
    idle_.erase(kept);
  } else {
    sqlite3_stmt* prepared = nullptr;
    if (::sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &prepared, nullptr) != SQLITE_OK) {
      return last_error(sql);
    }
    handle.reset(prepared);
  }
  Statement statement(*this, std::move(handle));
  int place = 0;
  for (const Value& value : values) {
    ++place;
    int result = SQLITE_OK;
    if (const auto* const integer = std::get_if<std::int64_t>(&value.value_)) {
      result = ::sqlite3_bind_int64(statement.handle_.get(), place, *integer);
    } else if (const auto* const text = std::get_if<std::string>(&value.value_)) {
      result = ::sqlite3_bind_text64(statement.handle_.get(), place, text->data(), text->size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    if (result != SQLITE_OK) return last_error(sql);
  }
  return statement;
}

absl::Status Database::run(std::string_view sql, const std::vector<Value>& values) {
  absl::StatusOr<Statement> statement = query(sql, values);
  if (!statement.ok()) return statement.status();
  for (;;) {
    const absl::StatusOr<bool> more = statement->step();
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
  }
}

absl::Status Database::error(absl::StatusCode code, std::string_view what) const {
  return {code, printable(path_) + ": " + std::string(what)};
}

absl::Status Database::last_error(std::string_view sql) const {
  return error(code_of(::sqlite3_errcode(handle_.get())),
               std::string(::sqlite3_errmsg(handle_.get())) + ", at " + in_quotes(sql));
}

absl::StatusOr<Transaction> Transaction::begin(Database& database) {
  if (absl::Status begun = database.run("BEGIN IMMEDIATE"); !begun.ok()) return begun;
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr)
    (void)database_->run("ROLLBACK");  // fails when SQLite has rolled back itself
}

absl::Status Transaction::commit() {
  if (absl::Status committed = database_->run("COMMIT"); !committed.ok()) return committed;
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace common
