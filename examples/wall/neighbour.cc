#include "neighbour.h"

#include <chrono>
#include <utility>

#include "common/parse_json.h"
#include "common/web_client.h"

namespace wall {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kBetweenRequests(500);
constexpr std::chrono::milliseconds kTimeout(1'000);

absl::StatusOr<json> ask(const std::string& address) {
  const auto response = common::http_call({.url = address + "api/state", .timeout = kTimeout});
  if (!response.ok()) return response.status();
  if (response->status != 200) {
    return absl::UnavailableError("answered with status " + std::to_string(response->status));
  }
  json state = common::parse_json(response->body);
  if (!state.is_object()) return absl::UnavailableError("its answer is no state");
  return state;
}

}  // namespace

Neighbour::Neighbour(const masterclock::TimeSource& source, std::string address)
    : source_(source), address_(std::move(address)), thread_([this] { run(); }) {}

Neighbour::~Neighbour() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

Answer Neighbour::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Neighbour::run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    lock.unlock();
    const masterclock::SteadyTime asked = source_.now_steady();
    auto state = ask(address_);
    lock.lock();
    last_ = {state.status(), state.ok() ? *std::move(state) : nlohmann::json(), asked};
    ended_.wait_for(lock, kBetweenRequests, [this] { return ends_; });
  }
}

}  // namespace wall
