// Runs the pusher as a child process, and starts it again when it ends.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_WATCH_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_WATCH_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/child_process.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/backoff.h"

namespace scoreboard {

// Threads: one at a time.
class PusherWatch {
 public:
  // `arguments` are those of this program. None: there is no pusher to watch.
  explicit PusherWatch(std::vector<std::string> arguments);
  PusherWatch(const PusherWatch&) = delete;
  PusherWatch& operator=(const PusherWatch&) = delete;
  ~PusherWatch();

  // Starts the pusher when it is due. The caller calls this twice a second.
  void look(masterclock::SteadyTime now);

 private:
  const std::vector<std::string> arguments_;
  const masterclock::Backoff backoff_{std::chrono::seconds(1), std::chrono::minutes(1)};
  std::unique_ptr<common::ChildProcess> child_;
  masterclock::SteadyTime started_{}, due_{};
  int failures_ = 0;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_PUSHER_WATCH_H_
