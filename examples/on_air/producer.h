// Whoever turns a place in a media file into pictures on a channel.
//
// A channel has at most one producer. It is told where to begin, it runs until the media ends or it
// is stopped, and it may be started again: that is how a channel moves on to its next programme.
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
  std::chrono::nanoseconds
      position{};  // into the media; the frame that is on then is the first shown
  std::optional<masterclock::FrameRate>
      rate;                            // in which frames are counted; absent: the media's own
  std::optional<std::int64_t> frames;  // how many; absent: until the media ends
  std::filesystem::path output;        // empty: produced, and thrown away

  friend bool operator==(const ProducerRequest&, const ProducerRequest&) = default;
};

enum class ProducerState {
  kIdle,      // never started, or stopped
  kRunning,   //
  kFinished,  // came to the end of what it was asked for
  kFailed,    // broke off by itself
};

[[nodiscard]] constexpr const char* to_string(ProducerState state) noexcept {
  switch (state) {
    case ProducerState::kIdle:
      return "idle";
    case ProducerState::kRunning:
      return "running";
    case ProducerState::kFinished:
      return "finished";
    case ProducerState::kFailed:
      return "failed";
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

  // Begins, in place of whatever ran before.
  //
  // Errors: one line that names the media or the tool; nothing runs then.
  virtual absl::Status start(const ProducerRequest& request) = 0;

  // Ends what runs, if anything does, and returns when it has ended.
  virtual absl::Status stop() = 0;

  [[nodiscard]] virtual ProducerState state() const = 0;
};

// Makes the producer of a channel.
using ProducerFactory = std::function<std::unique_ptr<Producer>(std::string_view channel)>;

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_PRODUCER_H_
