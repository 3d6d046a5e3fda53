// Records the requests to a producer and produces nothing: for tests.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_RECORDING_PRODUCER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_RECORDING_PRODUCER_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "producer.h"

namespace on_air {

// Holds the requests to the producers that share it, in order.
//
// Threads: any.
class ProducerRecord {
 public:
  struct Call {
    std::string channel;
    std::optional<ProducerRequest> started;  // absent: stopped
  };

  void add(Call call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  [[nodiscard]] std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
};

class RecordingProducer final : public Producer {
 public:
  RecordingProducer(std::string_view channel, std::shared_ptr<ProducerRecord> record)
      : channel_(channel), record_(std::move(record)) {}
  ~RecordingProducer() override { end(); }

  absl::Status start(const ProducerRequest& request) override {
    record_->add({channel_, request});
    set(ProducerState::kRunning);
    return absl::OkStatus();
  }
  absl::Status stop() override {
    end();
    return absl::OkStatus();
  }
  [[nodiscard]] ProducerState state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  void end() {
    if (state() == ProducerState::kRunning) record_->add({channel_, std::nullopt});
    set(ProducerState::kIdle);
  }
  void set(ProducerState state) {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }

  const std::string channel_;
  const std::shared_ptr<ProducerRecord> record_;
  mutable std::mutex mutex_;
  ProducerState state_ = ProducerState::kIdle;
};

// A factory of producers that all write into `record`.
[[nodiscard]] inline ProducerFactory recording_producers(std::shared_ptr<ProducerRecord> record) {
  return [record = std::move(record)](std::string_view channel) {
    return std::make_unique<RecordingProducer>(channel, record);
  };
}

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_RECORDING_PRODUCER_H_
