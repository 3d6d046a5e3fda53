// Runs the producer of one channel on a thread of that channel.
//
// A start takes time, because the producer reads the media first. On a thread for each channel the
// producers of one boundary start at once, and a slow start delays no other channel.
//
// `play` and `stop` return at once. A request replaces one that the thread has not begun.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_PRODUCER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_PRODUCER_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "producer.h"
#include "schedule_service.h"

namespace on_air {

struct ChannelProducerOptions {
  std::function<std::unique_ptr<Producer>()> make;  // empty: each request succeeds at once
  // Finds the media and the output of a programme.
  std::function<absl::StatusOr<ProducerRequest>(const NowPlaying&)> request;
  // Reports a request that failed, on the thread of the channel.
  std::function<void(const absl::Status& error)> on_error;
};

// Threads: any.
class ChannelProducer {
 public:
  explicit ChannelProducer(ChannelProducerOptions options) : options_(std::move(options)) {}
  ChannelProducer(const ChannelProducer&) = delete;
  ChannelProducer& operator=(const ChannelProducer&) = delete;
  ~ChannelProducer();  // stops the producer

  // Plays the programme from its `media_position` on.
  void play(const NowPlaying& now);
  void stop();

  // Waits until the requests so far are done. Returns the error of the last one.
  absl::Status wait();

  // Returns false when the last request failed, or the producer ended before its programme did. A
  // request that is not done yet counts as healthy.
  [[nodiscard]] bool healthy() const;

  [[nodiscard]] ProducerState state() const;
  [[nodiscard]] absl::Status error() const;  // of the last request that was done

 private:
  void ask(std::optional<NowPlaying> wanted);
  void run();
  absl::Status apply(const std::optional<NowPlaying>& wanted);

  const ChannelProducerOptions options_;
  mutable std::mutex mutex_;  // guards all members below
  std::condition_variable changed_;
  std::optional<NowPlaying> wanted_;
  std::uint64_t asked_ = 0, done_ = 0;  // requests
  bool ending_ = false;
  absl::Status error_;
  std::unique_ptr<Producer> producer_;  // made and used by thread_; others read its state
  std::thread thread_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_PRODUCER_H_
