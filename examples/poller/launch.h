// Builds the argument vectors that start and stop a service. No shell reads them.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_LAUNCH_H_
#define MASTERCLOCK_EXAMPLES_POLLER_LAUNCH_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config.h"

namespace poller {

struct Launch {
  std::string service;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> env;  // added to that of the poller
  std::optional<std::chrono::nanoseconds> time_limit;
};

// One run that ends by itself. `env` is added to the service's.
[[nodiscard]] Launch run_launch(const std::string& name, const Service& service,
                                const std::map<std::string, std::string>& env = {});

// Docker Compose starts a container and stops it: both commands end at once.
[[nodiscard]] Launch compose_up(const std::string& name);
[[nodiscard]] Launch compose_stop(const std::string& name);

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_LAUNCH_H_
