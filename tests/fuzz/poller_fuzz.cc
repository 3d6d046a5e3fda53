// Fuzzes what the poller reads: a configuration, a schedule, a command, and the address of Redis.
//
// A text that is refused gets one line of printable text. A schedule that is accepted reads back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "command.h"
#include "common/printable.h"
#include "common/redis_connection.h"
#include "config.h"
#include "launch.h"
#include "service_name.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_refusal(const absl::Status& status) {
  const std::string message(status.message());
  require(!message.empty() && common::printable(message) == message);
}

void check_schedule(const std::string& text, const poller::Config& config) {
  const auto intervals = poller::parse_schedule(text, config, "config:schedule");
  if (!intervals.ok()) return check_refusal(intervals.status());
  for (const auto& [service, interval] : *intervals) {
    require(interval > std::chrono::nanoseconds(0));
    require(poller::check_service_name(service).ok() && config.find(service) != nullptr);
  }
}

void check_config(const std::string& text) {
  const auto config = poller::parse_config(text, "/etc/poller.json");
  if (!config.ok()) return check_refusal(config.status());
  for (const auto& [name, service] : config->services) {
    require(poller::check_service_name(name).ok());
    require(service.options.interval >= std::chrono::nanoseconds(0));
    require(service.options.jitter == std::chrono::nanoseconds(0) ||
            service.options.interval == std::chrono::nanoseconds(0) ||
            service.options.jitter < service.options.interval);
    const poller::Launch launch = poller::run_launch(name, service);
    require(!launch.arguments.empty() && !launch.arguments.front().empty());
    for (const std::string& argument : launch.arguments) {
      require(argument.find('\0') == std::string::npos);
    }
  }
  check_schedule(poller::schedule_text(config->intervals()), *config);
  check_schedule(text, *config);
}

void check_request(const std::string& text) {
  poller::Request request;
  if (const absl::Status status = poller::parse_request(text, request); !status.ok()) {
    return check_refusal(status);
  }
  require(!request.id.empty() && request.params.is_object());
}

void check_address(const std::string& text) {
  const auto address = common::parse_redis_address(text);
  if (!address.ok()) return check_refusal(address.status());
  require(!address->socket.empty() || (!address->host.empty() && address->port > 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  poller::Config any;
  any.others.emplace().command = {"./{service}"};
  check_config(text);
  check_schedule(text, any);
  check_request(text);
  check_address(text);
  return 0;
}
