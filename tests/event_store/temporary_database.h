// A database file of a test's own, gone when the test is.
#ifndef MASTERCLOCK_TESTS_EVENT_STORE_TEMPORARY_DATABASE_H_
#define MASTERCLOCK_TESTS_EVENT_STORE_TEMPORARY_DATABASE_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace event_store {

class TemporaryDatabase {
 public:
  TemporaryDatabase() {
    std::string name = ::testing::TempDir() + "event_store.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary directory " << name;
    directory_ = name;
  }
  TemporaryDatabase(const TemporaryDatabase&) = delete;
  TemporaryDatabase& operator=(const TemporaryDatabase&) = delete;
  ~TemporaryDatabase() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  [[nodiscard]] std::string directory() const { return directory_.string(); }
  [[nodiscard]] std::string path() const { return (directory_ / "day.db").string(); }
  void write(const std::string& text) const { std::ofstream(path(), std::ios::binary) << text; }

 private:
  std::filesystem::path directory_;
};

}  // namespace event_store

#endif  // MASTERCLOCK_TESTS_EVENT_STORE_TEMPORARY_DATABASE_H_
