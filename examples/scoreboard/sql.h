// A database of a match: an SQLite file or a PostgreSQL server, with the same statements.
//
// A statement has parameters ?1, ?2 ... in their order. A result is read as a whole, as text.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_SQL_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_SQL_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace scoreboard {

using SqlValue = std::variant<std::monostate, std::int64_t, std::string>;

class SqlRow {
 public:
  explicit SqlRow(std::vector<std::optional<std::string>> values) : values_(std::move(values)) {}

  [[nodiscard]] bool is_null(std::size_t column) const { return !values_[column]; }
  [[nodiscard]] std::string text(std::size_t column) const { return values_[column].value_or(""); }
  [[nodiscard]] std::int64_t integer(std::size_t column) const;

 private:
  std::vector<std::optional<std::string>> values_;
};

struct SqlResult {
  std::vector<SqlRow> rows = {};
  std::int64_t changes = 0;  // rows that the statement wrote
};

// Threads: one at a time.
// Errors:  one line that names the database. FailedPrecondition for a key that exists.
class Sql {
 public:
  // Opens "postgresql://...", or a file.
  static absl::StatusOr<std::unique_ptr<Sql>> open(const std::string& database, bool create);
  static bool is_postgres(std::string_view database);

  virtual ~Sql() = default;

  virtual absl::StatusOr<SqlResult> run(std::string_view statement,
                                        const std::vector<SqlValue>& values = {}) = 0;

  // Begins a transaction, after those of all other writers.
  virtual absl::Status begin() = 0;

  // Runs a statement that makes or changes a table, written for SQLite.
  virtual absl::Status define(std::string statement) = 0;

  // Begins to listen for the changes of other servers. An SQLite file has one server, and no changes.
  virtual absl::Status listen() { return absl::OkStatus(); }

  // Waits for a change, until `longest` has passed or `interrupt_fd` is readable. Returns whether there was
  // a change, or might have been while the connection was lost.
  virtual bool wait_for_change(std::chrono::milliseconds longest, int interrupt_fd) = 0;
};

// Undoes what was not committed.
class SqlTransaction {
 public:
  static absl::StatusOr<SqlTransaction> begin(Sql& sql);
  SqlTransaction(SqlTransaction&& other) noexcept : sql_(std::exchange(other.sql_, nullptr)) {}
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  ~SqlTransaction();

  absl::Status commit();

 private:
  explicit SqlTransaction(Sql& sql) : sql_(&sql) {}
  Sql* sql_;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_SQL_H_
