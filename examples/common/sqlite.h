// SQLite as this program uses it: what is opened is closed, what is prepared is finalized, and an
// error is a status of one line that names the file and the statement.
//
// In short:
//
//   auto database = Database::open("day.db", {.create = true});
//   auto row = (*database)->query("SELECT due FROM pending WHERE id = ?1", {"opening"});
//   if (row.ok() && row->step().value()) std::cout << row->text(0);
#ifndef MASTERCLOCK_EXAMPLES_COMMON_SQLITE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_SQLITE_H_

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace common {

class Database;

// A value for a `?` of a statement: NULL, an integer, or text.
class Value {
 public:
  Value(std::int64_t integer) : value_(integer) {}        // NOLINT: a value is one
  Value(std::string text) : value_(std::move(text)) {}    // NOLINT
  Value(const char* text) : value_(std::string(text)) {}  // NOLINT
  template <class T>
  Value(const std::optional<T>& value) {  // NOLINT
    if (value) value_ = Value(*value).value_;
  }

 private:
  friend class Database;
  std::variant<std::monostate, std::int64_t, std::string> value_;
};

// A statement that runs, row by row. Its columns are counted from 0 and hold until the next step.
//
// Threads: those of its database.
class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // True: there is a row. False: it is done.
  absl::StatusOr<bool> step();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { ::sqlite3_finalize(statement); }
  };
  using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;
  Statement(Database& database, Handle handle) : database_(database), handle_(std::move(handle)) {}

  Database& database_;
  Handle handle_;
};

struct DatabaseOptions {
  bool create = false;                                               // when there is no such file
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(2);  // for another's lock
};

// One connection, in WAL mode and with synchronous=FULL: what is committed survives the process at
// once, and the machine as far as its disk keeps its word.
//
// Threads: one at a time.
class Database {
 public:
  // Errors: NotFound where there is no such file or it cannot be opened; DataLoss for a file that
  //         is no database or is damaged; PermissionDenied where it is read-only; Unavailable where
  //         somebody else holds the lock for longer than the timeout.
  static absl::StatusOr<std::unique_ptr<Database>> open(std::string path,
                                                        DatabaseOptions options = {});
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Begins a statement. It is prepared once and kept for the next time.
  absl::StatusOr<Statement> query(std::string_view sql, std::initializer_list<Value> values = {});

  // Runs a statement to its end.
  absl::Status run(std::string_view sql, std::initializer_list<Value> values = {});

  [[nodiscard]] std::int64_t last_rowid() const {
    return ::sqlite3_last_insert_rowid(handle_.get());
  }
  [[nodiscard]] std::int64_t changes() const { return ::sqlite3_changes64(handle_.get()); }

  // Somebody's finding about this file: "FILE: what".
  [[nodiscard]] absl::Status error(absl::StatusCode code, const std::string& what) const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* database) const noexcept { ::sqlite3_close(database); }
  };
  explicit Database(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] absl::Status last_error(std::string_view sql) const;

  const std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::multimap<std::string, Statement::Handle, std::less<>> idle_;  // prepared, not running
};

// All or nothing: what is not committed when this goes out of scope has not been.
class Transaction {
 public:
  // Takes the write lock at once, so that what is read in it stays true until it is committed.
  static absl::StatusOr<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  absl::Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_SQLITE_H_
