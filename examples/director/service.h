// Serves a show over HTTP and WebSockets.
//
//   GET  /api/state /api/rundown /api/history?from=N    readings
//   GET  /api/thumbnails                                of the scene on the air and the next
//   POST /config /api/commands                          need the token, if there is one
//   GET  /                                              the page of the operator
//   WS   /ws                                            the state, then each change
//
// A client of /ws sends {"type": "ping", "t"}, or {"type": "playhead", "interval_ms"} for a state at that rate.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_SERVICE_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_SERVICE_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/http_router.h"
#include "common/web_server.h"
#include "director.h"
#include "group.h"
#include "masterclock/master_clock.h"
#include "store.h"
#include "wire.h"

namespace director {

struct ServiceOptions {
  std::optional<std::string> token = {};
  Group* group = nullptr;  // whose leader gets the commands
  common::WebServerOptions server = {};
  std::vector<std::string> host_names = {};  // further names of this server
};

// Threads: any.
class Service {
 public:
  // All must outlive the service. The caller triggers the events of `clock` on a thread until `stop`
  // returns.
  Service(masterclock::MasterClock& clock, Director& director, Store& store,
          ServiceOptions options);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() { stop(); }

  // Errors: those of WebServer::listen.
  absl::Status listen() { return server_->listen(); }
  void stop() { server_->stop(); }
  [[nodiscard]] std::string address() const { return server_->address(); }

  // Does a command that another server has sent.
  void remote(nlohmann::json body, const GroupHooks::Answer& answer);

  // Sends a state of the director to every session.
  void send(nlohmann::json state);

 private:
  struct Playhead {
    std::chrono::milliseconds interval;
    masterclock::ScopedEvent event;
  };
  [[nodiscard]] common::HttpRouter routes();
  common::HttpResponse on_actor(std::function<common::HttpResponse()> work);
  common::HttpResponse apply(Request wanted, nlohmann::json forwarded);
  common::HttpResponse obey(const Request& wanted);
  common::HttpResponse history(const common::HttpRequest& request);
  common::HttpResponse configure(const common::HttpRequest& request);
  common::HttpResponse command(const common::HttpRequest& request);
  common::HttpResponse refuse(const absl::Status& faults, const nlohmann::json& rundown);
  void opened(common::SessionId session);
  void received(common::SessionId session, std::string_view text);
  const std::string& playhead();
  void set_playhead(common::SessionId session, std::chrono::milliseconds interval);

  masterclock::MasterClock& clock_;
  Director& director_;
  Store& store_;
  const ServiceOptions options_;
  std::string playhead_;  // the last message, of the actor
  masterclock::SteadyTime playhead_at_ = masterclock::SteadyTime::min();
  std::map<common::SessionId, Playhead> playheads_;  // of the actor
  std::unique_ptr<common::WebServer> server_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_SERVICE_H_
