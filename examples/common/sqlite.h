// Wraps SQLite. An error is a status of one line that names the file and the statement.
//
//   auto database = Database::open("day.db", {.create = true});
//   auto row = (*database)->query("SELECT due FROM pending WHERE id = ?1", {"opening"});
//   if (row.ok() && row->step().value()) std::cout << row->text(0);
#ifndef MASTERCLOCK_EXAMPLES_COMMON_SQLITE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_SQLITE_H_

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace common {

class Database;

// The value of a `?` of a statement: NULL, an integer, or text.
class Value {
 public:
  // NOLINTBEGIN: a value is one
  Value(std::int64_t integer) : value_(integer) {}
  Value(std::string text) : value_(std::move(text)) {}
  Value(const char* text) : value_(std::string(text)) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) value_ = Value(*value).value_;
  }
  // NOLINTEND

 private:
  friend class Database;
  std::variant<std::monostate, std::int64_t, std::string> value_;
};

// A running statement. Columns count from 0; their values are valid until the next step.
//
// Threads: those of its database.
class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Returns whether there is a next row.
  absl::StatusOr<bool> step();

  [[nodiscard]] int columns() const { return ::sqlite3_column_count(handle_.get()); }
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
  bool create = false;                                               // a file that does not exist
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(2);  // for another process's lock
};

// A connection in WAL mode with synchronous=FULL. A commit survives a crash of the process, and of the
// machine if its disk is honest.
//
// Threads: one at a time.
class Database {
 public:
  // Errors: NotFound for a file that cannot be opened; DataLoss for a file that is no database or is
  //         damaged; PermissionDenied for a read-only file; Unavailable when another process holds the
  //         lock for longer than the timeout; InvalidArgument for a name that SQLite does not take for
  //         a file's.
  static absl::StatusOr<std::unique_ptr<Database>> open(std::string path,
                                                        DatabaseOptions options = {});
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Begins a statement. Keeps it prepared for the next call.
  absl::StatusOr<Statement> query(std::string_view sql, const std::vector<Value>& values = {});

  // Runs a statement to its end.
  absl::Status run(std::string_view sql, const std::vector<Value>& values = {});

  [[nodiscard]] std::int64_t last_rowid() const {
    return ::sqlite3_last_insert_rowid(handle_.get());
  }
  [[nodiscard]] std::int64_t changes() const { return ::sqlite3_changes64(handle_.get()); }

  // Returns an error of this file: "FILE: what".
  [[nodiscard]] absl::Status error(absl::StatusCode code, std::string_view what) const;
  [[nodiscard]] absl::Status error(const absl::Status& error_in_it) const {
    return error(error_in_it.code(), std::string(error_in_it.message()));
  }

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

// A transaction. Its destructor undoes each write that was not committed.
class Transaction {
 public:
  // Takes the write lock at once: no other connection changes what this transaction reads.
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
