#include "serve_command.h"

#include <sys/random.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "common/output.h"
#include "common/small_file.h"
#include "common/stop_signal.h"
#include "deliveries.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/master_clock.h"
#include "pusher_watch.h"
#include "service.h"
#include "sport.h"
#include "sql.h"
#include "store.h"

namespace scoreboard {
namespace {

constexpr std::chrono::milliseconds kLook{500};  // at the pusher and the deliveries

absl::StatusOr<std::optional<Sport>> read_sport(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const auto text = common::read_small_file(path);
  if (!text.ok()) return text.status();
  auto sport = parse_sport(*text, path);
  if (!sport.ok()) return sport.status();
  return *std::move(sport);
}

absl::StatusOr<std::string> token_of(Store& store) {
  auto token = store.setting("token");
  if (!token.ok() || !token->empty()) return token;
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return absl::UnavailableError("The system has no random numbers");
  }
  std::string made;
  for (const unsigned char byte : bytes) {
    made += "0123456789abcdef"[byte / 16];
    made += "0123456789abcdef"[byte % 16];
  }
  if (absl::Status set = store.set_setting("token", made); !set.ok()) return set;
  return made;
}

}  // namespace

absl::Status serve(const ServeOptions& options) {
  auto sport = read_sport(options.sport);
  if (!sport.ok()) return sport.status();
  auto store = Store::open(options.database);
  if (!store.ok()) return store.status();
  ServiceOptions service_options = {.boot = common::boot_id(),
                                    .policy = options.after_reboot,
                                    .token = options.token,
                                    .sport = *std::move(sport)};
  service_options.server.address = options.address;
  service_options.server.port = options.port;
  service_options.host_names = options.host_names;
  service_options.server.log = [](std::string_view line) { log_line("server", line); };
  if (options.token.empty()) {
    const auto token = token_of(**store);
    if (!token.ok()) return token.status();
    service_options.token = *token;
  }

  const common::StopSignal stop;  // before the first thread
  masterclock::MasterClock clock;
  auto desk = DeliveryDesk::open(options.database);
  if (!desk.ok()) return desk.status();
  const auto changes = Sql::open(options.database, false);
  if (!changes.ok()) return changes.status();
  if (absl::Status listening = (*changes)->listen(); !listening.ok()) return listening;
  auto service = Service::open(clock, **store, **desk, service_options);
  if (!service.ok()) return service.status();
  masterclock::Dispatcher dispatcher(clock.scheduler());
  dispatcher.start();
  std::string ready = "listening on " + (*service)->address() + "\n";
  if (options.token.empty()) {
    ready += "operate at " + (*service)->address() + "#" + service_options.token + "\n";
  }
  if (absl::Status written = common::write_stdout(ready); !written.ok()) return written;
  PusherWatch watch(options.push_arguments);
  while (!stop.requested()) {
    watch.look(clock.source().now_steady());
    (*service)->look_at_deliveries();
    if ((*changes)->wait_for_change(kLook, stop.fd())) (*service)->refresh();
  }
  dispatcher.stop();
  return absl::OkStatus();
}

}  // namespace scoreboard
