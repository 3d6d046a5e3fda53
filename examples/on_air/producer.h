// Turns media into the pictures of a channel, from a given position on.
//
// A channel has at most one producer. `start` begins at a position of a media file. The producer runs
// until the media ends or `stop` is called. A second `start` replaces the first: so a channel moves to
// its next programme.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_PRODUCER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_PRODUCER_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "masterclock/frames/frame_rate.h"

namespace on_air {

struct ProducerRequest {
  std::string channel;
  std::filesystem::path media;
  std::string slate = {};                      // shows these lines in place of media
  bool loop = false;                           // begins again when the media ends
  std::chrono::nanoseconds position{};         // the first frame shown is the one on then
  std::optional<masterclock::FrameRate> rate;  // of the output; absent: that of the media
  std::optional<std::int64_t> frames;          // absent: until the media ends
  std::filesystem::path output;                // empty: the pictures are discarded

  friend bool operator==(const ProducerRequest&, const ProducerRequest&) = default;
};

enum class ProducerState {
  kIdle,  // not started, or stopped
  kRunning,
  kFinished,  // reached the end of its request
  kFailed,    // ended before that
};

[[nodiscard]] constexpr const char* to_string(ProducerState state) noexcept {
  switch (state) {
    case ProducerState::kIdle: return "idle";
    case ProducerState::kRunning: return "running";
    case ProducerState::kFinished: return "finished";
    case ProducerState::kFailed: return "failed";
  }
  return "unknown";
}

// Threads: `state` any; `start` and `stop` one at a time.
class Producer {
 public:
  Producer() = default;
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  virtual ~Producer() = default;  // stops

  // Replaces the request that runs, if any.
  //
  // Errors: one line that names the media or the tool. Nothing runs after an error.
  virtual absl::Status start(const ProducerRequest& request) = 0;

  // Prepares the next request, so that `start` of that request shows its first frame at once. The
  // present request runs on.
  virtual void prepare(const ProducerRequest& /*next*/) {}

  // Returns when nothing runs.
  virtual absl::Status stop() = 0;

  [[nodiscard]] virtual ProducerState state() const = 0;

  // Returns one line about the last failure.
  [[nodiscard]] virtual std::string failure() const { return "the producer failed"; }
};

// Makes the producer of a channel.
using ProducerFactory = std::function<std::unique_ptr<Producer>(std::string_view channel)>;

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_PRODUCER_H_
