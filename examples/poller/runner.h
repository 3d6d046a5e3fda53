// Starts and stops the processes of services, and says how each one ended. Tests have a runner without
// processes.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_RUNNER_H_
#define MASTERCLOCK_EXAMPLES_POLLER_RUNNER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "launch.h"
#include "masterclock/time/time_points.h"

namespace poller {

struct Outcome {
  enum class End {
    kExit,        // `code` is the exit status
    kSignal,      // `code` is the signal
    kTimeLimit,   // ended by the runner
    kStopped,     // ended by stop()
    kNotStarted,  // `error` is the reason
  };
  End end = End::kExit;
  int code = 0;
  std::string output{};  // the last 64 kB of its standard output and its errors
  std::string error{};

  [[nodiscard]] bool succeeded() const noexcept { return end == End::kExit && code == 0; }

  // A run that was stopped has neither succeeded nor failed.
  [[nodiscard]] bool failed() const noexcept { return !succeeded() && end != End::kStopped; }

  // "ok", "exit 3", "signal 9", "time limit", "stopped", or "not started".
  [[nodiscard]] std::string text() const {
    switch (end) {
      case End::kExit: return code == 0 ? "ok" : "exit " + std::to_string(code);
      case End::kSignal: return "signal " + std::to_string(code);
      case End::kTimeLimit: return "time limit";
      case End::kStopped: return "stopped";
      case End::kNotStarted: return "not started";
    }
    return "";
  }
};

class Runner {
 public:
  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  virtual ~Runner() = default;

  // Starts a process under a new id. Its end is reported to Poller::ended.
  //
  // Errors: NotFound for a missing program; Unavailable when the system refuses.
  virtual absl::Status start(masterclock::SteadyTime now, std::uint64_t id,
                             const Launch& launch) = 0;

  // Asks a process to end, and later ends it. Does nothing for an unknown id.
  virtual void stop(masterclock::SteadyTime now, std::uint64_t id) = 0;
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_RUNNER_H_
