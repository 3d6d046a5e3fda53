// Runs a program as a child process, without a shell, and ends it with this object.
//
// The child gets an argument vector, a separate process group, /dev/null as its standard input, and no
// blocked signal. Ctrl-C on the terminal therefore reaches the parent only. The object keeps the last
// part of the child's standard output and of its errors. The kernel kills the child when the parent
// dies, even by SIGKILL.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_
#define MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace common {

struct ChildOptions {
  std::size_t keep = 4'096;  // bytes of each of the outputs

  // The child's errors go to this process's standard error, and are not kept.
  bool share_errors = false;

  // Pauses the child as soon as this returns true for the output. It must be quick.
  std::function<bool(std::string_view output)> pause_when = {};
};

// Threads: any.
class ChildProcess {
 public:
  // The time from SIGTERM to SIGKILL.
  static constexpr std::chrono::milliseconds kGrace{2'000};

  // Starts `arguments[0]` of PATH.
  //
  // Errors: NotFound for a missing program ("ffmpeg is not installed: not found in PATH"); Unavailable
  //         when the system refuses.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ChildProcess>> start(
      const std::vector<std::string>& arguments, ChildOptions options = {});

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Sends SIGTERM to the child's group, and SIGKILL after `grace`. Returns when the child has ended.
  void stop(std::chrono::milliseconds grace = kGrace);

  // Stop and continue the child's group (SIGSTOP, SIGCONT). After `resume`, `pause_when` counts no more.
  void pause();
  void resume();

  // Waits until the child ends, or `interrupt_fd`, if any, becomes readable: then returns false.
  bool wait(int interrupt_fd = -1);

  [[nodiscard]] bool running() const;  // or paused
  [[nodiscard]] bool paused() const;
  [[nodiscard]] bool succeeded() const;  // ended without stop(), with exit status 0

  [[nodiscard]] std::string output() const;

  // Returns one line: the last error message of the child, else its exit status or signal.
  [[nodiscard]] std::string complaint() const;

 private:
  struct Outputs;
  ChildProcess(ChildOptions options, Descriptor ended_event)
      : keep_(options.keep),
        share_errors_(options.share_errors),
        ended_event_(std::move(ended_event)),
        pause_when_(std::move(options.pause_when)) {}
  void run(const std::vector<std::string>& arguments, std::promise<absl::Status> started);
  absl::Status spawn(const std::vector<std::string>& arguments, Outputs& outputs);
  void supervise(const Outputs& outputs);
  void signal(int number);  // with the lock held
  void pause_if_wanted();

  const std::size_t keep_;
  const bool share_errors_;
  const Descriptor ended_event_;  // an eventfd, readable after the child was reaped
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pid_t pid_ = -1;            // until it is reaped
  std::optional<int> ended_;  // the status of waitpid(2)
  bool stopped_ = false;      // by stop()
  bool paused_ = false;
  std::function<bool(std::string_view)> pause_when_;
  std::string output_, errors_;
  std::thread supervisor_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_CHILD_PROCESS_H_
