#include "channel_producer.h"

#include <exception>
#include <string>

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

void ChannelProducer::ask(Wanted wanted) {
  {
    const std::lock_guard lock(mutex_);
    const bool nothing = std::holds_alternative<Nothing>(wanted);
    if (!options_.make || (nothing && !thread_.joinable())) return;
    wanted_ = std::move(wanted);
    next_.reset();
    ++asked_;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
}

void ChannelProducer::prepare(const NowPlaying& next) {
  {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) return;
    next_ = next;
  }
  changed_.notify_all();
}

absl::Status ChannelProducer::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ == asked_; });
  return error_;
}

bool ChannelProducer::healthy() const {
  const std::lock_guard lock(mutex_);
  if (done_ < asked_) return true;
  return error_.ok() && !std::holds_alternative<ProducerRequest>(wanted_) &&
         (producer_ == nullptr || producer_->state() != ProducerState::kFailed);
}

bool ChannelProducer::filling() const {
  const std::lock_guard lock(mutex_);
  return std::holds_alternative<ProducerRequest>(wanted_) &&
         (done_ < asked_ ||
          (producer_ != nullptr && producer_->state() == ProducerState::kRunning));
}

bool ChannelProducer::busy() const {
  const std::lock_guard lock(mutex_);
  return begun_ < asked_;
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
  const auto has_work = [&] { return done_ < asked_ || next_ || ending_; };
  std::unique_lock lock(mutex_);
  for (;;) {
    if (watched_) {
      changed_.wait_for(lock, options_.watch, has_work);
    } else {
      changed_.wait(lock, has_work);
    }
    if (done_ < asked_) {
      do_request(lock);
    } else if (next_) {
      do_prepare(lock);
    } else if (ending_) {
      return;
    } else if (watched_ && producer_->state() != ProducerState::kRunning) {
      report_early_end(lock);
    }
  }
}

void ChannelProducer::do_request(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t request = begun_ = asked_;
  const Wanted wanted = wanted_;
  lock.unlock();
  const absl::Status status = guarded([&] { return apply(wanted); });
  const auto* const programme = std::get_if<NowPlaying>(&wanted);
  if (!status.ok()) {
    if (options_.on_error) options_.on_error(status);
    early_end(wanted, status);
  } else if (programme && options_.on_start) {
    options_.on_start(*programme);
  }
  lock.lock();
  done_ = request;
  error_ = status;
  watched_ = status.ok() && !std::holds_alternative<Nothing>(wanted);
  changed_.notify_all();
}

void ChannelProducer::do_prepare(std::unique_lock<std::mutex>& lock) {
  const NowPlaying next = *std::exchange(next_, std::nullopt);
  lock.unlock();
  (void)guarded([&] {
    const auto request = options_.request(next);
    if (request.ok() && producer_ != nullptr) producer_->prepare(*request);
    return absl::OkStatus();
  });
  lock.lock();
}

void ChannelProducer::report_early_end(std::unique_lock<std::mutex>& lock) {
  watched_ = false;
  const Wanted wanted = wanted_;
  lock.unlock();
  absl::Status reason;
  if (producer_->state() == ProducerState::kFailed) {
    reason = absl::InternalError(producer_->failure());
    if (options_.on_error) options_.on_error(reason);
  }
  early_end(wanted, reason);
  lock.lock();
}

void ChannelProducer::early_end(const Wanted& wanted, const absl::Status& reason) const {
  if (const auto* const programme = std::get_if<NowPlaying>(&wanted)) {
    if (options_.on_early_end) options_.on_early_end(*programme, reason);
  } else if (std::holds_alternative<ProducerRequest>(wanted) && options_.on_filler_failed) {
    options_.on_filler_failed();
  }
}

absl::Status ChannelProducer::apply(const Wanted& wanted) {
  if (const auto* const filler = std::get_if<ProducerRequest>(&wanted)) return start(*filler);
  if (const auto* const now = std::get_if<NowPlaying>(&wanted)) {
    return start(options_.request(*now));
  }
  return guarded([&] { return producer_ ? producer_->stop() : absl::OkStatus(); });
}

absl::Status ChannelProducer::start(const absl::StatusOr<ProducerRequest>& request) {
  absl::Status status = guarded([&]() -> absl::Status {
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
