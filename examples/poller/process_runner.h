// Runs each service as a process group, without a shell, within its time limit.
//
// At the end of the time limit the group gets SIGTERM, and SIGKILL 5 s later. When the process of the
// service ends, its guard kills what is left: a run leaves nothing behind.
//
// The owner waits with poll(2) for what `add_waits` adds, at most until `next_deadline`, and then calls
// `work`. No call blocks.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_PROCESS_RUNNER_H_
#define MASTERCLOCK_EXAMPLES_POLLER_PROCESS_RUNNER_H_

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/descriptor.h"
#include "runner.h"

namespace poller {

// Threads: one owner.
class ProcessRunner final : public Runner {
 public:
  static constexpr std::size_t kKeptOutput = 64 * 1024;
  static constexpr std::chrono::seconds kGrace{5};

  ProcessRunner() = default;
  ~ProcessRunner() override;  // kills every run

  absl::Status start(masterclock::SteadyTime now, std::uint64_t id, const Launch& launch) override;
  void stop(masterclock::SteadyTime now, std::uint64_t id) override;

  void add_waits(std::vector<pollfd>& waits) const;
  [[nodiscard]] std::optional<masterclock::SteadyTime> next_deadline() const;

  struct Ended {
    std::uint64_t id;
    Outcome outcome;
  };
  // Reads output, enforces the limits, and reaps.
  [[nodiscard]] std::vector<Ended> work(masterclock::SteadyTime now);

 private:
  struct Process {
    pid_t guard = -1;
    common::Descriptor link, output;  // link: to the guard, readable when the run has ended
    std::string kept{};
    std::optional<masterclock::SteadyTime> terminate_at{}, kill_at{};
    std::optional<Outcome::End> why{};  // why the runner ended the process
  };
  static void terminate(masterclock::SteadyTime now, Process& process, Outcome::End why);
  static Outcome reap(Process& process);

  std::map<std::uint64_t, Process> processes_;
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_PROCESS_RUNNER_H_
