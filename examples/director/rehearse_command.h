// Runs a show on simulated time, without a mixer, and prints its as-run log.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_REHEARSE_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_REHEARSE_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace director {

struct RehearseOptions {
  std::string rundown;                // a file
  std::optional<std::int64_t> speed;  // none: as fast as possible
};

// Reads "max", or a whole number from 1 to 1,000,000.
absl::StatusOr<std::optional<std::int64_t>> parse_speed(const std::string& text);

// Ends after the last scene, and after one cycle of a loop.
absl::Status rehearse(const RehearseOptions& options);

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_REHEARSE_COMMAND_H_
