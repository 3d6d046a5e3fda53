// Stores the commands to a show. A command is stored before its effect is shown.
//
// The commands and their instants give the position, so a restart in mid-show finds the show where the
// clock has it.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_STORE_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "command.h"
#include "common/sqlite.h"

namespace director {

// A record as GET /api/history needs it. Its command is the JSON text that is stored: the reader parses it.
struct HistoryRow {
  std::uint64_t sequence = 0;
  std::string id, command;
  masterclock::UtcTime utc;
};

// Threads: one at a time.
// Errors:  those of the database, one line that names the file. A refused call stores nothing.
class Store {
 public:
  virtual ~Store() = default;

  // Stores `record`, and returns the sequence that the store gives it. The sequence in `record` is ignored.
  virtual absl::StatusOr<std::uint64_t> append(const Record& record) = 0;

  // Returns the records from `first` on, at most `limit` of them, in the order of their sequences.
  virtual absl::StatusOr<std::vector<Record>> records(std::uint64_t first, std::size_t limit) = 0;

  // The same as rows. After the first row, a page ends before a megabyte of commands.
  virtual absl::StatusOr<std::vector<HistoryRow>> history(std::uint64_t first,
                                                          std::size_t limit) = 0;
};

// Returns the rows of records whose sequences count from 1 on, with the number of scenes for each plan.
std::vector<HistoryRow> history_of(std::span<const Record> records, std::uint64_t first,
                                   std::size_t limit);

// Keeps the records as long as the program runs.
class MemoryStore : public Store {
 public:
  absl::StatusOr<std::uint64_t> append(const Record& record) override;
  absl::StatusOr<std::vector<Record>> records(std::uint64_t first, std::size_t limit) override;
  absl::StatusOr<std::vector<HistoryRow>> history(std::uint64_t first, std::size_t limit) override;

 private:
  std::vector<Record> records_;
};

// Keeps the records in an SQLite file.
class SqliteStore : public Store {
 public:
  // Creates the file and its table if they do not exist.
  //
  // Errors: FailedPrecondition for the file of a later version.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> open(std::string file);

  absl::StatusOr<std::uint64_t> append(const Record& record) override;
  absl::StatusOr<std::vector<Record>> records(std::uint64_t first, std::size_t limit) override;
  absl::StatusOr<std::vector<HistoryRow>> history(std::uint64_t first, std::size_t limit) override;

 private:
  explicit SqliteStore(std::unique_ptr<common::Database> database)
      : database_(std::move(database)) {}

  const std::unique_ptr<common::Database> database_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_STORE_H_
