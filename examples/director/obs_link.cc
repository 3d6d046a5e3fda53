#include "obs_link.h"

#include <chrono>
#include <cstddef>
#include <future>
#include <utility>

namespace director {
namespace {

constexpr std::chrono::milliseconds kConnect(3'000), kPoll(100);
constexpr std::size_t kLargestMessage = std::size_t{1024} * 1024;

}  // namespace

ObsLink::ObsLink(std::string url, Director& director) : url_(std::move(url)), director_(director) {}

void ObsLink::start(ObsMixer& mixer) {
  mixer_ = &mixer;
  thread_ = std::thread([this] { run(); });
}

void ObsLink::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wanted_ = 0;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ObsLink::connect(std::uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = number;
    client_.reset();
  }
  changed_.notify_all();
}

void ObsLink::send(std::string text) {
  std::shared_ptr<common::WebSocketClient> client;
  {
    const std::lock_guard lock(mutex_);
    client = client_;
  }
  if (client) (void)client->send(std::move(text));  // `receive` reports a connection that has ended
}

void ObsLink::close() {
  const std::lock_guard lock(mutex_);
  wanted_ = 0;
  client_.reset();
}

bool ObsLink::is_current(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return wanted_ == number;
}

void ObsLink::run() {
  std::uint64_t served = 0;
  for (;;) {
    std::uint64_t number = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || (wanted_ != 0 && wanted_ != served); });
      if (stopping_) return;
      served = number = wanted_;
    }
    serve(number);
  }
}

void ObsLink::serve(std::uint64_t number) {
  auto connected = common::WebSocketClient::connect(
      url_, {.timeout = kConnect, .message_limit = kLargestMessage});
  if (!connected.ok()) {
    return deliver([number, why = std::string(connected.status().message())](ObsMixer& mixer) {
      mixer.closed(number, 0, why);
    });
  }
  const std::shared_ptr<common::WebSocketClient> client = *std::move(connected);
  {
    const std::lock_guard lock(mutex_);
    if (wanted_ != number) return;
    client_ = client;
  }
  deliver([number](ObsMixer& mixer) { mixer.opened(number); });
  while (is_current(number)) {
    auto text = client->receive(kPoll);
    if (text.ok()) {
      deliver([number, text = *std::move(text)](ObsMixer& mixer) { mixer.received(number, text); });
    } else if (!absl::IsDeadlineExceeded(text.status())) {
      return deliver([number, code = client->close_code(),
                      why = std::string(text.status().message())](ObsMixer& mixer) {
        mixer.closed(number, code, why);
      });
    }
  }
}

// Waits until the director has dealt with `news`: an OBS that sends too much fills no queue here.
void ObsLink::deliver(std::function<void(ObsMixer&)> news) {
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> dealt_with = done->get_future();
  director_.post_own([done, mixer = mixer_, news = std::move(news)] {
    news(*mixer);
    done->set_value();
  });
  while (dealt_with.wait_for(kPoll) != std::future_status::ready) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

}  // namespace director
