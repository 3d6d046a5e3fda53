// Asks another service for its state, again and again, on a thread.
#ifndef MASTERCLOCK_EXAMPLES_WALL_NEIGHBOUR_H_
#define MASTERCLOCK_EXAMPLES_WALL_NEIGHBOUR_H_

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "masterclock/time/time_source.h"

namespace wall {

// The last answer of a neighbour.
struct Answer {
  absl::Status status = absl::UnavailableError("no answer yet");
  nlohmann::json state;           // null without an answer
  masterclock::SteadyTime asked;  // before the request: the answer is not older
};

// Threads: any, for `last`.
class Neighbour {
 public:
  // `address` is "http://127.0.0.1:8080/". `source` must outlive the neighbour.
  Neighbour(const masterclock::TimeSource& source, std::string address);
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour();

  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] Answer last() const;

 private:
  void run();

  const masterclock::TimeSource& source_;
  const std::string address_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool ends_ = false;  // guarded by mutex_
  Answer last_;        // guarded by mutex_
  std::thread thread_;
};

}  // namespace wall

#endif  // MASTERCLOCK_EXAMPLES_WALL_NEIGHBOUR_H_
