// Serves a match until SIGINT or SIGTERM.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_SERVE_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_SERVE_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "masterclock/timers/clock_records.h"

namespace scoreboard {

struct ServeOptions {
  std::string database = "scoreboard.db";
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;               // 0: any free port
  std::vector<std::string> host_names;  // further names of this server
  std::string token;                    // empty: the one in the store, which the first start makes
  std::string sport;                    // a file; may be empty
  std::vector<std::string> push_arguments = {};  // of the pusher to watch; may be empty
  masterclock::BootPolicy after_reboot = masterclock::BootPolicy::kAsk;
};

// Prints "listening on http://127.0.0.1:PORT/" when the service is ready.
absl::Status serve(const ServeOptions& options);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_SERVE_COMMAND_H_
