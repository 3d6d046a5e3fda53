// Runs a program as a child process, without a shell, and ends it with this object.
//
// The child gets an argument vector, a separate process group, /dev/null as its standard input, and no
// blocked signal. Ctrl-C on the terminal therefore reaches the parent only. The object keeps the last
// part of the child's standard output and of its errors. When the parent dies, even by SIGKILL, the
// kernel kills the child.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_
#define MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace common {

// Threads: any.
class ChildProcess {
 public:
  // The time from SIGTERM to SIGKILL.
  static constexpr std::chrono::milliseconds kGrace{2'000};

  // Starts `arguments[0]` of PATH, and keeps up to `keep` bytes of each of its outputs.
  //
  // Errors: NotFound for a missing program ("ffmpeg is not installed: not found in PATH"); Unavailable
  //         when the system refuses.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ChildProcess>> start(
      const std::vector<std::string>& arguments, std::size_t keep = 4'096);

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Sends SIGTERM to the child's group, and SIGKILL after `grace`. Returns when the child has ended.
  void stop(std::chrono::milliseconds grace = kGrace);

  // Waits until the child ends, or `interrupt_fd`, if any, becomes readable: then returns false.
  bool wait(int interrupt_fd = -1);

  [[nodiscard]] bool running() const;
  [[nodiscard]] bool succeeded() const;  // ended without stop(), with exit status 0

  [[nodiscard]] std::string output() const;

  // Returns one line: the last error message of the child, else its exit status or signal.
  [[nodiscard]] std::string complaint() const;

 private:
  struct Outputs;
  ChildProcess(std::size_t keep, Descriptor ended_event)
      : keep_(keep), ended_event_(std::move(ended_event)) {}
  void run(const std::vector<std::string>& arguments, std::promise<absl::Status> started);
  absl::Status spawn(const std::vector<std::string>& arguments, Outputs& outputs);
  void supervise(const Outputs& outputs);

  const std::size_t keep_;
  const Descriptor ended_event_;  // an eventfd, readable after the child was reaped
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pid_t pid_ = -1;            // until it is reaped
  std::optional<int> ended_;  // the status of waitpid(2)
  bool stopped_ = false;      // by stop()
  std::string output_, errors_;
  std::thread supervisor_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_
