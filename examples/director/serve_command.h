// Serves a show until SIGINT or SIGTERM.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_SERVE_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_SERVE_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "masterclock/timers/rundown_values.h"

namespace director {

struct ServeOptions {
  std::string rundown;   // a file; may be empty
  std::string database;  // empty: in memory
  std::string redis;     // an address; empty: this server is alone
  std::string group = "director";
  std::int64_t takeover_ms = 3'000;
  std::string as_run;  // a file; may be empty
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;               // 0: any free port
  std::vector<std::string> host_names;  // further names of this server
  std::optional<std::string> token;
  bool follow_stream = false;

  std::string obs;                        // "ws://HOST:PORT"; empty: nothing is connected
  std::string obs_password_file;          // may be empty
  std::string safe_scene;                 // empty: none
  std::vector<std::string> safe_sources;  // inputs of OBS
  bool safe_stream = false;
  std::int64_t safe_after_ms = 3'000, safe_back_ms = 5'000;
  std::int64_t preview_ms = 0;  // shows the next scene in studio mode so long before; 0: does not
  masterclock::ForceUntil operator_until = masterclock::ForceUntil::kBoundary;
};

// Prints "listening on http://127.0.0.1:PORT/" when the service is ready.
absl::Status serve(const ServeOptions& options);

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_SERVE_COMMAND_H_
