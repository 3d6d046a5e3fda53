// Runs the producer of one channel on a thread of that channel.
//
// A start takes time, because the producer reads the media first. On a thread for each channel the
// producers of one boundary start at once, and a slow start delays no other channel. The thread also
// notices a producer that ends without a request.
//
// `play`, `fill`, `prepare` and `stop` return at once. A request replaces one that the thread has not
// begun.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_PRODUCER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_PRODUCER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "producer.h"
#include "schedule_service.h"

namespace on_air {

// All functions run on the thread of the channel, without a lock.
struct ChannelProducerOptions {
  std::function<std::unique_ptr<Producer>()> make;  // empty: each request succeeds at once
  // Finds the media and the output of a programme.
  std::function<absl::StatusOr<ProducerRequest>(const NowPlaying&)> request;
  std::function<void(const NowPlaying&)> on_start;    // a programme has started
  std::function<void(const absl::Status&)> on_error;  // a request failed
  // The programme ended early: it could not start, it failed, or (OK) its media ended.
  std::function<void(const NowPlaying&, const absl::Status&)> on_early_end;
  std::function<void()> on_filler_failed;  // or it ended
  std::chrono::milliseconds watch =
      std::chrono::milliseconds(100);  // between two looks at the state
};

// Threads: any.
class ChannelProducer {
 public:
  explicit ChannelProducer(ChannelProducerOptions options) : options_(std::move(options)) {}
  ChannelProducer(const ChannelProducer&) = delete;
  ChannelProducer& operator=(const ChannelProducer&) = delete;
  ~ChannelProducer();  // stops the producer

  // Plays the programme from its `media_position` on.
  void play(const NowPlaying& now) { ask(now); }
  // Plays a filler in place of a programme.
  void fill(const ProducerRequest& filler) { ask(filler); }
  void stop() { ask(Nothing()); }
  // Prepares the programme that is on next.
  void prepare(const NowPlaying& next);

  // Waits until all requests are done. Returns the error of the last one.
  absl::Status wait();

  // Returns false when the last request failed, or the producer ended early. A request that is not done
  // yet counts as healthy.
  [[nodiscard]] bool healthy() const;
  [[nodiscard]] bool filling() const;  // a filler runs, or is about to
  [[nodiscard]] bool busy() const;     // the thread has not begun the last request

  [[nodiscard]] ProducerState state() const;
  [[nodiscard]] absl::Status error() const;  // of the last request that was done

 private:
  struct Nothing {};
  using Wanted = std::variant<Nothing, NowPlaying, ProducerRequest>;

  void ask(Wanted wanted);
  void run();
  void do_request(std::unique_lock<std::mutex>& lock);
  void do_prepare(std::unique_lock<std::mutex>& lock);
  void report_early_end(std::unique_lock<std::mutex>& lock);
  void early_end(const Wanted& wanted, const absl::Status& reason) const;
  absl::Status apply(const Wanted& wanted);
  absl::Status start(const absl::StatusOr<ProducerRequest>& request);

  const ChannelProducerOptions options_;
  mutable std::mutex mutex_;  // guards all members below
  std::condition_variable changed_;
  Wanted wanted_;
  std::optional<NowPlaying> next_;                  // to prepare
  bool watched_ = false;                            // the last request runs
  std::uint64_t asked_ = 0, begun_ = 0, done_ = 0;  // requests
  bool ending_ = false;
  absl::Status error_;
  std::unique_ptr<Producer> producer_;  // made and used by thread_; others read its state
  std::thread thread_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_CHANNEL_PRODUCER_H_
