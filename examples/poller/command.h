// Carries out commands from the Redis channel and from the Unix socket: both take the same requests.
//
//   {"action": "trigger", "request_id": "42", "params": {"service": "source-weather"}}
//   {"request_id": "42", "status": "ok", "data": {"service": "source-weather"}, "error": null}
#ifndef MASTERCLOCK_EXAMPLES_POLLER_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_POLLER_COMMAND_H_

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "poller.h"

namespace poller {

inline constexpr const char* kCamera = "source-camera";

struct Request {
  std::string action, id;
  nlohmann::json params = nlohmann::json::object();
};

// Errors: InvalidArgument, with the field. `id` is set as soon as the text has one.
[[nodiscard]] absl::Status parse_request(std::string_view text, Request& request);

[[nodiscard]] nlohmann::ordered_json ok_response(const std::string& id, nlohmann::json data);
[[nodiscard]] nlohmann::ordered_json error_response(const std::string& id, std::string_view error);

// The keys and channels of Redis, as far as commands need them.
class SharedStore {
 public:
  SharedStore() = default;
  SharedStore(const SharedStore&) = delete;
  SharedStore& operator=(const SharedStore&) = delete;
  virtual ~SharedStore() = default;

  using Got = std::function<void(const absl::StatusOr<std::string>&)>;
  // Calls `got` with the value of a key, or with NotFound or Unavailable. May call it at once.
  virtual void get(const std::string& key, Got got) = 0;
  virtual absl::Status publish(const std::string& channel, const nlohmann::json& message) = 0;
};

// Threads: one owner.
class Commands {
 public:
  using Reply = std::function<void(const nlohmann::ordered_json& response)>;

  // `store` is null without Redis.
  Commands(Poller& poller, SharedStore* store) : poller_(poller), store_(store) {}

  // Replies once: at once, or when the run of a scan has ended.
  void handle(const Poller::Now& now, const Request& request, Reply reply);

  // Returns the known actions.
  [[nodiscard]] static std::vector<std::string> actions();

 private:
  // Reads the result of a scan from `key`, as {"devices": [...]} for the field "devices".
  struct Scan {
    const char *service, *mode, *key, *field;
  };
  absl::Status act(const Poller::Now& now, const Request& request, const Reply& reply);
  absl::Status scan(const Poller::Now& now, const Request& request, const Scan& scan, Reply reply);

  Poller& poller_;
  SharedStore* const store_;
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_COMMAND_H_
