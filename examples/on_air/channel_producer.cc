#include "channel_producer.h"

#include <exception>
#include <string>
#include <utility>

namespace on_air {
namespace {

// Turns an exception of the producer into an error.
template <class Call>
absl::Status guarded(Call call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return absl::InternalError(std::string("the producer threw: ") + error.what());
  } catch (...) {
    return absl::InternalError("the producer threw");
  }
}

}  // namespace

ChannelProducer::~ChannelProducer() {
  stop();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ChannelProducer::play(const NowPlaying& now) { ask(now); }
void ChannelProducer::stop() { ask(std::nullopt); }

void ChannelProducer::ask(std::optional<NowPlaying> wanted) {
  {
    const std::lock_guard lock(mutex_);
    if (!options_.make || (!wanted && !thread_.joinable())) return;
    wanted_ = std::move(wanted);
    ++asked_;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
}

absl::Status ChannelProducer::wait() {
  std::unique_lock lock(mutex_);
  const std::uint64_t last = asked_;
  changed_.wait(lock, [&] { return done_ >= last; });
  return error_;
}

bool ChannelProducer::healthy() const {
  const std::lock_guard lock(mutex_);
  if (done_ < asked_) return true;
  return error_.ok() && (producer_ == nullptr || producer_->state() != ProducerState::kFailed);
}

ProducerState ChannelProducer::state() const {
  const std::lock_guard lock(mutex_);
  return producer_ == nullptr ? ProducerState::kIdle : producer_->state();
}

absl::Status ChannelProducer::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void ChannelProducer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return done_ < asked_ || ending_; });
    if (done_ == asked_) return;
    const std::uint64_t request = asked_;
    const std::optional<NowPlaying> wanted = wanted_;
    lock.unlock();
    const absl::Status status = apply(wanted);
    if (!status.ok() && options_.on_error) options_.on_error(status);
    lock.lock();
    done_ = request;
    error_ = status;
    changed_.notify_all();
  }
}

absl::Status ChannelProducer::apply(const std::optional<NowPlaying>& wanted) {
  if (!wanted) return guarded([&] { return producer_ ? producer_->stop() : absl::OkStatus(); });
  absl::Status status = guarded([&]() -> absl::Status {
    const absl::StatusOr<ProducerRequest> request = options_.request(*wanted);
    if (!request.ok()) return request.status();
    if (producer_ == nullptr) {
      std::unique_ptr<Producer> made = options_.make();
      if (made == nullptr) return absl::InternalError("the channel has no producer");
      const std::lock_guard lock(mutex_);
      producer_ = std::move(made);
    }
    return producer_->start(*request);
  });
  if (!status.ok() && producer_) (void)guarded([&] { return producer_->stop(); });
  return status;
}

}  // namespace on_air
