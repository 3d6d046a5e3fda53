// Gives a test an empty database: an SQLite file, or a new schema of the server that the variable
// SCOREBOARD_TEST_POSTGRES of the environment names.
#ifndef TESTS_SCOREBOARD_TEST_DATABASE_H_
#define TESTS_SCOREBOARD_TEST_DATABASE_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../temporary_directory.h"
#include "sql.h"

namespace scoreboard::tests {

class TestDatabase {
 public:
  TestDatabase() : address_(directory_.path() / "match.db") {
    const char* const server = std::getenv("SCOREBOARD_TEST_POSTGRES");
    if (server == nullptr) return;
    static int schemas = 0;
    const std::string schema =
        "test_" + std::to_string(::getpid()) + "_" + std::to_string(++schemas);
    const auto sql = Sql::open(server, false);
    EXPECT_TRUE(sql.ok()) << sql.status();
    EXPECT_TRUE(sql.ok() && (*sql)->run("CREATE SCHEMA " + schema).ok());
    address_ = std::string(server) + "&options=-csearch_path%3D" + schema;
  }

  // Returns the value of --db.
  [[nodiscard]] const std::string& address() const { return address_; }

  // Returns another connection.
  [[nodiscard]] std::unique_ptr<Sql> connect() const {
    auto sql = Sql::open(address_, false);
    EXPECT_TRUE(sql.ok()) << sql.status();
    return sql.ok() ? *std::move(sql) : nullptr;
  }

  // Runs a statement, and returns the first column of its result.
  std::vector<std::string> run(const std::string& statement) const {
    const auto result = connect()->run(statement);
    EXPECT_TRUE(result.ok()) << result.status();
    std::vector<std::string> column;
    if (!result.ok()) return column;
    for (const SqlRow& row : result->rows) column.push_back(row.text(0));
    return column;
  }

 private:
  const masterclock::tests::TemporaryDirectory directory_;
  std::string address_;
};

}  // namespace scoreboard::tests

#endif  // TESTS_SCOREBOARD_TEST_DATABASE_H_
