// Steps CLOCK_REALTIME of one process: libfaketime shifts the clock by the content of a file.
//
// The kernel does not see the step, so it reports nothing. The steady clock does not change.
//
//   TEST(RealSteps, OfAnHour) {
//     const auto clock = tests::FakedClock::mine();
//     if (!clock) return tests::run_with_faked_clock("RealSteps.OfAnHour");
//     clock->set(-1h);
//     ...
#ifndef MASTERCLOCK_TESTS_FAKED_CLOCK_H_
#define MASTERCLOCK_TESTS_FAKED_CLOCK_H_

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace masterclock::tests {

class FakedClock {
 public:
  static constexpr const char* kInside = "MASTERCLOCK_FAKED_CLOCK";

  // Returns the faked clock of this process, if it has one.
  static std::optional<FakedClock> mine() {
    const char* const file = std::getenv(kInside);
    if (file == nullptr) return std::nullopt;
    return FakedClock(file);
  }

  explicit FakedClock(std::string file) : file_(std::move(file)) {}

  // Sets the distance from the clock of the machine, from the next reading on.
  void set(std::chrono::seconds offset) const {
    const std::string next = file_ + ".next";
    std::ofstream(next) << (offset.count() < 0 ? "" : "+") << offset.count() << "\n";
    std::filesystem::rename(next, file_);  // atomic for a reader
  }

 private:
  std::string file_;
};

// Returns the path of libfaketime, or "" and the reason in `why`.
inline std::string find_faketime(std::string& why) {
#ifdef MASTERCLOCK_SANITIZED
  why = "libfaketime does not run beside a sanitizer";
#else
  for (const char* folder :
       {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/lib64"}) {
    const std::string library = std::string(folder) + "/faketime/libfaketimeMT.so.1";
    if (std::filesystem::exists(library)) return library;
  }
  why = "libfaketime is not installed: apt-get install faketime";
#endif
  return "";
}

// Runs `test` of this program in a process with a faked clock, or skips it with the reason.
inline void run_with_faked_clock(const std::string& test) {
  constexpr unsigned kMostSeconds = 120;
  std::string why;
  const std::string preload = find_faketime(why);
  if (preload.empty()) GTEST_SKIP() << why;
  const std::string file =
      ::testing::TempDir() + "masterclock_faked_clock_" + std::to_string(::getpid());
  FakedClock(file).set(std::chrono::seconds(0));
  const std::string filter = "--gtest_filter=" + test;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::setenv("LD_PRELOAD", preload.c_str(), 1);
    ::setenv("FAKETIME_TIMESTAMP_FILE", file.c_str(), 1);
    ::setenv("FAKETIME_NO_CACHE", "1", 1);
    ::setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
    ::setenv(FakedClock::kInside, file.c_str(), 1);
    ::alarm(kMostSeconds);  // outlives the exec
    ::execl("/proc/self/exe", "tests", filter.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  std::filesystem::remove(file);
}

}  // namespace masterclock::tests

#endif  // MASTERCLOCK_TESTS_FAKED_CLOCK_H_
