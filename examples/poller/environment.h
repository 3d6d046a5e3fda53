// Reads the variables of the environment that configure the station.
//
// The table of variables is data: a variable, its Redis key, its field, and its type.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_ENVIRONMENT_H_
#define MASTERCLOCK_EXAMPLES_POLLER_ENVIRONMENT_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config.h"

namespace poller {

using Environment = std::map<std::string, std::string>;

// Returns the environment of this process.
[[nodiscard]] Environment process_environment();

// Applies SCHEDULE_WEATHER=600 and the like to the intervals.
//
// Errors: InvalidArgument, with the variable.
absl::Status apply_schedule_variables(const Environment& environment, Config& config);

// Returns the JSON text of each key that the file or a variable sets, for SET NX. A section that has any
// field has all its fields; those that are not set are null.
//
// Errors: InvalidArgument, with the variable.
[[nodiscard]] absl::StatusOr<std::map<std::string, std::string>> redis_seeds(
    const Environment& environment, const Config& config);

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_ENVIRONMENT_H_
