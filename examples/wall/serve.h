// Serves the wall over HTTP and WebSockets.
#ifndef MASTERCLOCK_EXAMPLES_WALL_SERVE_H_
#define MASTERCLOCK_EXAMPLES_WALL_SERVE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/timecode_format.h"

namespace wall {

enum class SyncSource { kKernel, kChrony, kNone };

struct ServeOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<std::string> host_names;  // further names of this server
  std::vector<std::string> zones;       // the first is the station's; empty: UTC
  masterclock::FrameRate rate = masterclock::k25;
  bool drop_frame = false;
  SyncSource sync = SyncSource::kKernel;
  std::chrono::nanoseconds largest_error = std::chrono::milliseconds(100);
  std::vector<std::string> guides;
  std::string scoreboard, director;  // http://HOST:PORT/
};

// Errors: InvalidArgument or NotFound with the option in its text.
absl::Status check(const ServeOptions& options);

// Serves until a signal ends it.
//
// Errors: those of `check` and WebServer::listen; those of a guide at the start. A guide that cannot be read later is
//         an alarm on the page.
absl::Status serve(const ServeOptions& options);

}  // namespace wall

#endif  // MASTERCLOCK_EXAMPLES_WALL_SERVE_H_
