#include "sql.h"

#include <poll.h>

#include <charconv>

#include "common/sqlite.h"
#include "postgres.h"

namespace scoreboard {
namespace {

class SqliteSql : public Sql {
 public:
  explicit SqliteSql(std::unique_ptr<common::Database> database) : database_(std::move(database)) {}

  absl::StatusOr<SqlResult> run(std::string_view statement,
                                const std::vector<SqlValue>& values) override {
    std::vector<common::Value> bound;
    for (const SqlValue& value : values) {
      if (const auto* const number = std::get_if<std::int64_t>(&value)) {
        bound.emplace_back(*number);
      } else if (const auto* const text = std::get_if<std::string>(&value)) {
        bound.emplace_back(*text);
      } else {
        bound.emplace_back(std::optional<std::string>());
      }
    }
    auto running = database_->query(statement, bound);
    if (!running.ok()) return running.status();
    SqlResult result;
    for (;;) {
      const auto more = running->step();
      if (!more.ok()) return more.status();
      if (!*more) break;
      std::vector<std::optional<std::string>> row;
      row.reserve(static_cast<std::size_t>(running->columns()));
      for (int column = 0; column < running->columns(); ++column) {
        row.push_back(running->is_null(column) ? std::nullopt
                                               : std::optional(running->text(column)));
      }
      result.rows.emplace_back(std::move(row));
    }
    result.changes = database_->changes();
    return result;
  }

  absl::Status begin() override { return database_->run("BEGIN IMMEDIATE"); }
  absl::Status define(std::string statement) override { return database_->run(statement); }

  bool wait_for_change(std::chrono::milliseconds longest, int interrupt_fd) override {
    pollfd interrupt{interrupt_fd, POLLIN, 0};
    (void)::poll(&interrupt, 1, static_cast<int>(longest.count()));
    return false;
  }

 private:
  const std::unique_ptr<common::Database> database_;
};

}  // namespace

std::int64_t SqlRow::integer(std::size_t column) const {
  const std::string value = text(column);
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

bool Sql::is_postgres(std::string_view database) {
  return database.starts_with("postgresql://") || database.starts_with("postgres://");
}

absl::StatusOr<std::unique_ptr<Sql>> Sql::open(const std::string& database, bool create) {
  if (is_postgres(database)) return open_postgres(database);
  // The callers hold locks, and pages lose contact with a server that is silent for 2.5 s.
  constexpr std::chrono::seconds kBusy{1};
  auto opened = common::Database::open(database, {.create = create, .busy_timeout = kBusy});
  if (!opened.ok()) return opened.status();
  return std::make_unique<SqliteSql>(*std::move(opened));
}

absl::StatusOr<SqlTransaction> SqlTransaction::begin(Sql& sql) {
  if (absl::Status begun = sql.begin(); !begun.ok()) return begun;
  return SqlTransaction(sql);
}

SqlTransaction::~SqlTransaction() {
  if (sql_ != nullptr) (void)sql_->run("ROLLBACK");  // fails when the database has done so itself
}

absl::Status SqlTransaction::commit() {
  const auto committed = sql_->run("COMMIT");
  if (!committed.ok()) return committed.status();
  sql_ = nullptr;
  return absl::OkStatus();
}

}  // namespace scoreboard
