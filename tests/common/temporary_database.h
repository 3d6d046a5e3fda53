// Names a database file in a temporary directory, which its destructor removes.
#ifndef MASTERCLOCK_TESTS_COMMON_TEMPORARY_DATABASE_H_
#define MASTERCLOCK_TESTS_COMMON_TEMPORARY_DATABASE_H_

#include <string>

#include "../temporary_directory.h"

namespace common {

class TemporaryDatabase {
 public:
  [[nodiscard]] std::string directory() const { return directory_.path().string(); }
  [[nodiscard]] std::string path() const { return (directory_.path() / "day.db").string(); }
  void write(const std::string& text) const { directory_.write("day.db", text); }

 private:
  masterclock::tests::TemporaryDirectory directory_;
};

}  // namespace common

#endif  // MASTERCLOCK_TESTS_COMMON_TEMPORARY_DATABASE_H_
