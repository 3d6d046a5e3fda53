// A program that runs beside this one: started without a shell, never left behind.
//
// The child gets an argument vector, a process group of its own (so that Ctrl-C on the terminal is
// the parent's to handle), /dev/null for its standard input and no signal blocked. What it says is
// collected: of its standard output and of its errors the last part each. It is reaped as soon as
// it ends; destroying the object ends it.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_
#define MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace common {

// Threads: any, for every member.
class ChildProcess {
 public:
  // How long a child that was asked to end may take before it is made to.
  static constexpr std::chrono::milliseconds kGrace{2'000};

  // Starts `arguments[0]`, looked up in PATH, and keeps up to `keep` bytes of each of its outputs.
  //
  // Errors: NotFound when there is no such program ("ffmpeg is not installed: not found in PATH"),
  //         Unavailable when the system refuses.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ChildProcess>> start(
      const std::vector<std::string>& arguments, std::size_t keep = 4'096);

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Asks the child to end (SIGTERM), then makes it (SIGKILL, its whole group). Returns when it has.
  void stop(std::chrono::milliseconds grace = kGrace);

  // Waits until the child ends by itself or `interrupt_fd`, if any, becomes readable; false for
  // that.
  bool wait(int interrupt_fd = -1);

  [[nodiscard]] bool running() const;
  [[nodiscard]] bool succeeded() const;  // it ended by itself, and said that all was well

  [[nodiscard]] std::string output() const;

  // One line for a person: the last thing the child complained about, else how it ended.
  [[nodiscard]] std::string complaint() const;

 private:
  ChildProcess(pid_t pid, int output, int errors, int ended_event, std::size_t keep);
  void supervise(int output, int errors);

  const std::size_t keep_;
  const int ended_event_;  // an eventfd, readable once the child has been reaped
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pid_t pid_;                 // until it is reaped
  std::optional<int> ended_;  // as waitpid(2) has it
  bool stopped_ = false;      // ended because we wanted it
  std::string output_, errors_;
  std::thread supervisor_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_
