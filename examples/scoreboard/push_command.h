// Pushes the events of a match to destinations until SIGINT or SIGTERM.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSH_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSH_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "deliveries.h"

namespace scoreboard {

struct PushOptions {
  std::string database = "scoreboard.db";
  std::vector<std::string> destinations;
  DestinationOptions destination;
  bool ordered = false;
  std::string secret;  // empty: the one in the store, which the first start makes
};

absl::Status push(const PushOptions& options);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSH_COMMAND_H_
