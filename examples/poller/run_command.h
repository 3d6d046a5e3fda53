// The service: one loop that reads the clock, does what is due, and waits.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_RUN_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_POLLER_RUN_COMMAND_H_

#include <optional>
#include <string>

#include "absl/status/status.h"

namespace poller {

struct RunOptions {
  std::string config;
  std::optional<std::string> redis;   // a socket or HOST:PORT
  std::optional<std::string> socket;  // of the commands
  bool json = false;
};

// Runs until SIGTERM or SIGINT. SIGHUP reads the configuration again.
//
// Errors: those of the configuration and of the socket, at the start; DeadlineExceeded when a run had to
//         be ended at the end.
absl::Status run_poller(const RunOptions& options);

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_RUN_COMMAND_H_
