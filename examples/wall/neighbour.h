// Asks another service for its state, again and again, on a thread. Passes on only what a page shows, checked.
#ifndef MASTERCLOCK_EXAMPLES_WALL_NEIGHBOUR_H_
#define MASTERCLOCK_EXAMPLES_WALL_NEIGHBOUR_H_

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/time_source.h"

namespace wall {

// Returns the first 20 clocks of a scoreboard's state, and the number of further ones as "more".
//
// Errors: Unavailable for a state that a scoreboard does not send.
absl::StatusOr<nlohmann::json> read_scoreboard(const nlohmann::json& state);

// Returns what is on the air and the next scene of a director's state.
//
// Errors: Unavailable for a state that a director does not send.
absl::StatusOr<nlohmann::json> read_director(const nlohmann::json& state);

// The last answer of a neighbour.
struct Answer {
  bool asked_once = false;  // false: the first request has not ended
  absl::Status status = absl::UnavailableError("no answer yet");
  nlohmann::json state;           // null without an answer
  masterclock::SteadyTime asked;  // before the request: the answer is not older
};

// Threads: any, for `last`.
class Neighbour {
 public:
  using Reader = absl::StatusOr<nlohmann::json> (*)(const nlohmann::json& state);

  // `address` is "http://127.0.0.1:8080/". `source` must outlive the neighbour.
  Neighbour(const masterclock::TimeSource& source, std::string address, Reader reader);
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour();

  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] Answer last() const;

 private:
  void run();

  const masterclock::TimeSource& source_;
  const std::string address_;
  const Reader reader_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool ends_ = false;  // guarded by mutex_
  Answer last_;        // guarded by mutex_
  std::thread thread_;
};

}  // namespace wall

#endif  // MASTERCLOCK_EXAMPLES_WALL_NEIGHBOUR_H_
