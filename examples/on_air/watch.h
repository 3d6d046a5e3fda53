// Draws an answer again every second, and ends at Ctrl-C.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_WATCH_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_WATCH_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "masterclock/time/time_source.h"

namespace on_air {

// Calls `draw` now and at each whole second of the clock. `wait` sleeps for the given time, which is
// at most a second, and returns false to end. A clock that is set meanwhile is drawn within a second.
//
// Errors: those of `draw`.
absl::Status watch(const masterclock::TimeSource& clock, const std::function<absl::Status()>& draw,
                   const std::function<bool(std::chrono::nanoseconds)>& wait);

// Returns at most `height` lines of the text. The last line then gives the number of the others.
[[nodiscard]] std::string first_lines(const std::string& text, std::size_t height);

// Takes over the terminal while it exists, if there is one, and the signals that end the program.
//
// At SIGINT, SIGTERM and SIGHUP the handler gives the terminal back and ends the process with status
// 130, whatever it waits for. No signal is blocked meanwhile.
//
// Threads: one object at a time.
class WatchScreen {
 public:
  explicit WatchScreen(bool terminal);
  WatchScreen(const WatchScreen&) = delete;
  WatchScreen& operator=(const WatchScreen&) = delete;
  ~WatchScreen();

  // Returns the bytes that show `text` in place of the text before.
  [[nodiscard]] std::string frame(const std::string& text) const;

 private:
  const bool terminal_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_WATCH_H_
