// Serves the clocks of a match over HTTP and WebSockets.
//
//   GET  / /overlay /stage                              the pages
//   GET  /api/state /api/sport /api/history?from=N      readings
//   POST /api/commands /api/undo /api/redo /api/decide  need the token, as all that change something
//   POST /api/clocks, DELETE /api/clocks/KIND/ID
//   POST /api/stage                                     message and blackout of the stage view
//   GET  /api/dead_letters, POST /api/resend            deliveries that were given up
//   WS   /ws         the whole state, then the reports
//   WS   /ws/score   {"state": {"seconds", "running", "pusher_status"}} of the game clock
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_SERVICE_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_SERVICE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/http_router.h"
#include "common/web_server.h"
#include "deliveries.h"
#include "masterclock/master_clock.h"
#include "messages.h"
#include "scoreboard.h"
#include "sport.h"
#include "store.h"

namespace scoreboard {

struct ServiceOptions {
  std::string boot;
  masterclock::BootPolicy policy = masterclock::BootPolicy::kAsk;
  std::string token;
  std::optional<Sport> sport = {};
  common::WebServerOptions server = {};
  std::vector<std::string> host_names = {};  // further names of this server
};

// Threads: any. The caller triggers the events of the clock, and ends that before it destroys the service.
class Service {
 public:
  // Adds the clocks of the sport to a store without clocks, and listens. `clock`, `store` and
  // `desk` must outlive the service.
  //
  // Errors: those of Scoreboard::open and WebServer::listen.
  static absl::StatusOr<std::unique_ptr<Service>> open(masterclock::MasterClock& clock,
                                                       Store& store, DeliveryDesk& desk,
                                                       ServiceOptions options);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() { server_->stop(); }

  [[nodiscard]] std::string address() const { return server_->address(); }

  // Shows what another server of the match has changed.
  void refresh();

  // Shows the state of the deliveries. The caller calls this twice a second.
  void look_at_deliveries();

 private:
  Service(masterclock::MasterClock& clock, DeliveryDesk& desk, ServiceOptions options);
  absl::Status add_clocks_of_sport();
  [[nodiscard]] common::HttpRouter routes();
  static void add_pages(common::HttpRouter& router);
  void add_commands(common::HttpRouter& router);
  [[nodiscard]] nlohmann::json state() const;
  [[nodiscard]] std::string score() const;
  [[nodiscard]] std::string score(nlohmann::json game) const;
  void send(const masterclock::ClockReport& report, const ClockInfo& info);
  void send_state();
  common::HttpResponse resend(const common::HttpRequest& request);

  masterclock::MasterClock& clock_;
  std::mutex desk_mutex_;
  DeliveryDesk& desk_;
  const ServiceOptions options_;
  std::mutex send_mutex_;  // the state that is read last is sent last
  mutable std::mutex mutex_;
  PusherState pusher_;
  nlohmann::json stage_;
  std::unique_ptr<Scoreboard> board_;
  std::unique_ptr<common::WebServer> server_;
};

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_SERVICE_H_
