#include "command.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/parse_json.h"
#include "common/printable.h"

namespace poller {
namespace {

using common::in_quotes;
using nlohmann::json;

constexpr std::size_t kLongestId = 200;

absl::StatusOr<std::string> service_param(const Request& request, const Config& config) {
  if (!request.params.contains("service") || !request.params["service"].is_string()) {
    return absl::InvalidArgumentError(request.action + ": params.service must be a text");
  }
  return config.resolve(request.params["service"].get<std::string>());
}

// Takes {"devices": [...]} and [...] alike.
absl::StatusOr<json> scan_result(const std::string& text, const char* key, const char* field) {
  json value = common::parse_json(text);
  if (value.is_array()) return json{{field, value}};
  if (value.is_object() && value.contains(field) && value[field].is_array()) {
    return json{{field, value[field]}};
  }
  return absl::InvalidArgumentError(std::string(key) + ": expected a list of " + field + ", not " +
                                    in_quotes(text));
}

}  // namespace

absl::Status parse_request(std::string_view text, Request& request) {
  const json message = common::parse_json(text);
  if (message.is_discarded()) return absl::InvalidArgumentError("not JSON: " + in_quotes(text));
  if (!message.is_object()) {
    return absl::InvalidArgumentError("expected an object, not " + in_quotes(text));
  }
  const auto id = message.find("request_id");
  if (id == message.end() || !id->is_string() || id->get<std::string>().empty() ||
      id->get<std::string>().size() > kLongestId) {
    return absl::InvalidArgumentError("request_id must be a text of 1 to 200 bytes");
  }
  request.id = id->get<std::string>();
  const auto action = message.find("action");
  if (action == message.end() || !action->is_string()) {
    return absl::InvalidArgumentError("action must be a text");
  }
  request.action = action->get<std::string>();
  const auto params = message.find("params");
  if (params == message.end() || params->is_null()) return absl::OkStatus();
  if (!params->is_object()) return absl::InvalidArgumentError("params must be an object");
  request.params = *params;
  return absl::OkStatus();
}

nlohmann::ordered_json ok_response(const std::string& id, json data) {
  return {{"request_id", id}, {"status", "ok"}, {"data", std::move(data)}, {"error", nullptr}};
}

nlohmann::ordered_json error_response(const std::string& id, std::string_view error) {
  return {{"request_id", id.empty() ? json() : json(id)},
          {"status", "error"},
          {"data", nullptr},
          {"error", error}};
}

std::vector<std::string> Commands::actions() {
  return {"start_camera", "stop_camera",      "trigger",
          "scan_aranet4", "discover_cameras", "restart_service"};
}

void Commands::handle(const Poller::Now& now, const Request& request, Reply reply) {
  const absl::Status status = act(now, request, reply);
  if (!status.ok()) reply(error_response(request.id, std::string(status.message())));
}

absl::Status Commands::act(const Poller::Now& now, const Request& request, const Reply& reply) {
  const auto reply_when_done = [reply, id = request.id](std::string service) {
    return [reply, id, service = std::move(service)](const absl::Status& status) {
      reply(status.ok() ? ok_response(id, {{"service", service}})
                        : error_response(id, std::string(status.message())));
    };
  };
  if (request.action == "trigger") {
    const auto service = service_param(request, poller_.config());
    if (!service.ok()) return service.status();
    const absl::Status status = poller_.trigger(now, *service);
    if (status.ok()) reply_when_done (*service)(status);
    return status;
  }
  if (request.action == "restart_service") {
    const auto service = service_param(request, poller_.config());
    if (!service.ok()) return service.status();
    return poller_.restart(now, *service, reply_when_done(*service));
  }
  if (request.action == "start_camera") {
    const auto service = poller_.config().resolve(kCamera);
    if (!service.ok()) return service.status();
    return poller_.start(now, *service, reply_when_done(*service));
  }
  if (request.action == "stop_camera") {
    if (store_ == nullptr) return absl::FailedPreconditionError("stop_camera needs Redis");
    const absl::Status status = store_->publish("cmd:network_camera", {{"action", "stop"}});
    if (status.ok()) reply(ok_response(request.id, json::object()));
    return status;
  }
  if (request.action == "scan_aranet4") {
    return scan(now, request, {"source-aranet4", "scan", "scan:co2", "devices"}, reply);
  }
  if (request.action == "discover_cameras") {
    return scan(now, request, {kCamera, "discover", "scan:network_camera", "cameras"}, reply);
  }
  std::string list;
  for (const std::string& action : actions()) list += (list.empty() ? "" : ", ") + action;
  return absl::InvalidArgumentError("unknown action " + in_quotes(request.action) + "; known are " +
                                    list);
}

absl::Status Commands::scan(const Poller::Now& now, const Request& request, const Scan& scan,
                            Reply reply) {
  if (store_ == nullptr) return absl::FailedPreconditionError(request.action + " needs Redis");
  const auto service = poller_.config().resolve(scan.service);
  if (!service.ok()) return service.status();
  const auto fail = [reply, id = request.id](const absl::Status& status) {
    reply(error_response(id, std::string(status.message())));
  };
  const auto read = [reply, fail, scan, id = request.id](const absl::StatusOr<std::string>& text) {
    if (!text.ok()) return fail(text.status());
    const auto result = scan_result(*text, scan.key, scan.field);
    if (!result.ok()) return fail(result.status());
    reply(ok_response(id, *result));
  };
  return poller_.run_with(now, *service, {{"MODE", scan.mode}},
                          [this, fail, read, scan](const absl::Status& status) {
                            if (!status.ok()) return fail(status);
                            store_->get(scan.key, read);
                          });
}

}  // namespace poller
