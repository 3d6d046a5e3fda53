// Reads the poller's configuration: the services, their intervals and their commands.
//
//   {
//     "services": {
//       "source-weather": {"interval": 300, "command": ["./fetch", "{service}"], "time_limit": "20s"},
//       "source-system": 30
//     }
//   }
//
// A number instead of an object is an interval. A file without "services" is a map of names to
// intervals, as in the Redis key config:schedule. README.md lists all fields.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_CONFIG_H_
#define MASTERCLOCK_EXAMPLES_POLLER_CONFIG_H_

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/timers/interval_values.h"

namespace poller {

enum class Kind { kProcess, kCompose };

inline constexpr std::chrono::nanoseconds kDefaultTimeLimit = std::chrono::seconds(60);

struct Service {
  Kind kind = Kind::kProcess;
  std::vector<std::string> command;  // of a process; "{service}" stands for the name
  std::map<std::string, std::string> env;
  std::optional<std::chrono::nanoseconds> time_limit = kDefaultTimeLimit;  // none: no limit
  masterclock::IntervalOptions options{};  // an interval of zero: the service runs on demand only
  friend bool operator==(const Service&, const Service&) = default;
};

// By service, in seconds or parts of one.
using Intervals = std::map<std::string, std::chrono::nanoseconds>;

struct Config {
  std::map<std::string, Service> services;
  // The settings of a service that `services` does not list. None: such a service is unknown.
  std::optional<Service> others;
  bool restart_web_gateway = false;             // when the section "auth" changes
  std::map<std::string, nlohmann::json> seeds;  // section to value, for Redis

  // Returns the service of that name, or of "source-" and that name.
  //
  // Errors: InvalidArgument for a bad name; NotFound.
  [[nodiscard]] absl::StatusOr<std::string> resolve(std::string_view name) const;
  // Null for an unknown service. Valid until the next change.
  [[nodiscard]] const Service* find(const std::string& service) const;
  [[nodiscard]] Intervals intervals() const;

  // Replaces every interval: a service that `intervals` does not contain runs on demand only.
  void set_intervals(const Intervals& intervals);
};

// The five sources and their intervals when there is no other schedule.
[[nodiscard]] Intervals default_intervals();

// Errors: InvalidArgument "FILE:LINE: what" or "FILE: field: what".
[[nodiscard]] absl::StatusOr<Config> parse_config(std::string_view text, const std::string& file);
[[nodiscard]] absl::StatusOr<Config> read_config(const std::string& file);

// Reads config:schedule: names without "source-", and seconds. `what` names the text in an error.
//
// Errors: InvalidArgument, with the name, for text that is not JSON, an interval that is not positive,
//         or an unknown service.
[[nodiscard]] absl::StatusOr<Intervals> parse_schedule(std::string_view text, const Config& config,
                                                       const std::string& what);
[[nodiscard]] std::string schedule_text(const Intervals& intervals);

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_CONFIG_H_
