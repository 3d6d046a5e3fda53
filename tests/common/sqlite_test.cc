#include "common/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "temporary_database.h"

namespace common::sqlite_test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string message_of(const absl::Status& status) { return std::string(status.message()); }

std::int64_t count(Database& database) {
  auto row = database.query("SELECT count(*) FROM t");
  return row.ok() && row->step().value_or(false) ? row->integer(0) : -1;
}

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open(file_.path(), {.create = true, .busy_timeout = 0ms});
    ASSERT_TRUE(opened.ok()) << opened.status();
    database_ = *std::move(opened);
    ASSERT_TRUE(database_->run("CREATE TABLE t (a INTEGER, b TEXT)").ok());
  }
  TemporaryDatabase file_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, KeepsValuesAsTheyAre) {
  const std::string odd("tab\t quote' nul\0 after \xff", 23);
  ASSERT_TRUE(database_->run("INSERT INTO t VALUES (?1, ?2)", {INT64_MIN, odd}).ok());
  ASSERT_TRUE(
      database_->run("INSERT INTO t VALUES (?1, ?2)", {std::optional<std::int64_t>(), ""}).ok());
  auto row = database_->query("SELECT a, b FROM t ORDER BY rowid");
  ASSERT_TRUE(row.ok()) << row.status();
  ASSERT_TRUE(row->step().value());
  EXPECT_EQ(row->integer(0), INT64_MIN);
  EXPECT_EQ(row->text(1), odd);
  ASSERT_TRUE(row->step().value());
  EXPECT_TRUE(row->is_null(0));
  EXPECT_FALSE(row->is_null(1));
  EXPECT_EQ(row->text(1), "");
  EXPECT_FALSE(row->step().value());
}

TEST_F(DatabaseTest, SurvivesAsWalWithEveryCommitOnTheDisk) {
  auto mode = database_->query("PRAGMA journal_mode");
  ASSERT_TRUE(mode.ok() && mode->step().value());
  EXPECT_EQ(mode->text(0), "wal");
  auto synchronous = database_->query("PRAGMA synchronous");
  ASSERT_TRUE(synchronous.ok() && synchronous->step().value());
  EXPECT_EQ(synchronous->integer(0), 2);  // FULL
}

TEST_F(DatabaseTest, AStatementMayRunTwiceAtOnce) {
  for (const std::int64_t value : {1, 2}) {
    ASSERT_TRUE(database_->run("INSERT INTO t (a) VALUES (?1)", {value}).ok());
  }
  auto outer = database_->query("SELECT a FROM t ORDER BY a");
  ASSERT_TRUE(outer->step().value());
  auto inner = database_->query("SELECT a FROM t ORDER BY a");
  ASSERT_TRUE(inner->step().value());
  ASSERT_TRUE(inner->step().value());
  EXPECT_EQ(inner->integer(0), 2);
  EXPECT_EQ(outer->integer(0), 1);
}

TEST_F(DatabaseTest, WhatIsNotCommittedHasNotBeen) {
  {
    auto transaction = Transaction::begin(*database_);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(database_->run("INSERT INTO t (a) VALUES (1)").ok());
  }
  EXPECT_EQ(count(*database_), 0);
  auto transaction = Transaction::begin(*database_);
  ASSERT_TRUE(database_->run("INSERT INTO t (a) VALUES (1)").ok());
  ASSERT_TRUE(transaction->commit().ok());
  EXPECT_EQ(count(*database_), 1);
}

TEST_F(DatabaseTest, AnErrorNamesTheFileAndTheStatement) {
  const absl::Status error = database_->run("SELECT c FROM t");
  EXPECT_EQ(message_of(error), file_.path() + ": no such column: c, at 'SELECT c FROM t'");
}

TEST_F(DatabaseTest, SaysThatAnotherConnectionHoldsTheLock) {
  auto other = Database::open(file_.path(), {.busy_timeout = 0ms});
  ASSERT_TRUE(other.ok()) << other.status();
  auto held = Transaction::begin(**other);
  ASSERT_TRUE(held.ok());
  const absl::Status refused = Transaction::begin(*database_).status();
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_EQ(message_of(refused), file_.path() + ": database is locked, at 'BEGIN IMMEDIATE'");
}

TEST(DatabaseOpenTest, SaysInOneLineWhyItCannot) {
  const TemporaryDatabase none, text, half, directory;
  text.write(std::string(4'096, 'x'));
  half.write(std::string("SQLite format 3\0", 16) + std::string(100, '\x7f'));
  const struct {
    const char* name;
    std::string path;
    DatabaseOptions options;
    absl::StatusCode code;
    std::string what;
  } cases[] = {
      {"no such file", none.path(), {}, absl::StatusCode::kNotFound, "No such file or directory"},
      {"no such directory",
       none.directory() + "/a/b.db",
       {.create = true},
       absl::StatusCode::kNotFound,
       "unable to open database file"},
      {"a directory",
       directory.directory(),
       {.create = true},
       absl::StatusCode::kNotFound,
       "unable to open database file"},
      {"a text", text.path(), {}, absl::StatusCode::kDataLoss, "file is not a database"},
      {"a damaged header", half.path(), {}, absl::StatusCode::kDataLoss, "not a database"},
      {"no name", "", {.create = true}, absl::StatusCode::kInvalidArgument, "''"},
      {"memory", ":memory:", {.create = true}, absl::StatusCode::kInvalidArgument, "':memory:'"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const absl::Status status = Database::open(c.path, c.options).status();
    EXPECT_EQ(status.code(), c.code) << status;
    EXPECT_THAT(message_of(status),
                AllOf(HasSubstr(c.path), HasSubstr(c.what), Not(HasSubstr("\n"))));
  }
}

}  // namespace
}  // namespace common::sqlite_test
