#include "serve.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/find_zone.h"
#include "common/http_message.h"
#include "common/json_line.h"
#include "common/log_line.h"
#include "common/output.h"
#include "common/parse_json.h"
#include "common/pong.h"
#include "common/printable.h"
#include "common/stop_signal.h"
#include "common/web_server.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/master_clock.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/sync/sync_thread.h"
#include "neighbour.h"
#include "pages.h"
#include "schedule_service.h"
#include "wall.h"

namespace wall {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kInterval(1);  // between two states, and two looks at the guide
constexpr std::size_t kMostWarnings = 20;

absl::Status wrong(std::string_view option, std::string_view why) {
  return absl::InvalidArgumentError(std::string(option) + ": " + std::string(why));
}

absl::StatusOr<std::vector<masterclock::Zone>> find_zones(const std::vector<std::string>& names) {
  std::vector<masterclock::Zone> zones;
  for (const std::string& name : names) {
    const auto zone = common::find_zone(name);
    if (!zone.ok()) return wrong("--zone", std::string(zone.status().message()));
    if (std::find(zones.begin(), zones.end(), *zone) != zones.end()) {
      return wrong("--zone", common::in_quotes(name) + " is given twice");
    }
    zones.push_back(*zone);
  }
  if (zones.empty()) zones.emplace_back();
  return zones;
}

// Returns the address with a slash at its end, so that a path follows.
absl::StatusOr<std::string> check_address(const char* option, const std::string& address) {
  const auto url = common::parse_url(address);
  if (!url.ok() || !url->scheme.starts_with("http") || url->target.find('?') != std::string::npos) {
    return wrong(option, common::in_quotes(address) + ": expected http://HOST:PORT/");
  }
  return address.ends_with('/') ? address : address + "/";
}

absl::StatusOr<masterclock::TimeOfDayTimecode> find_timecode(const ServeOptions& options,
                                                             masterclock::Zone zone) {
  const auto drop = options.drop_frame ? masterclock::DropFrame::kYes : masterclock::DropFrame::kNo;
  auto timecode = masterclock::TimeOfDayTimecode::make(zone, options.rate, drop);
  if (!timecode.ok()) {
    return wrong(options.drop_frame ? "--drop-frame" : "--rate",
                 "no timecode counts " + to_string(options.rate) + " frames a second" +
                     (options.drop_frame ? " with drop-frame" : ""));
  }
  return timecode;
}

absl::StatusOr<std::unique_ptr<Neighbour>> make_neighbour(const masterclock::TimeSource& source,
                                                          const char* option,
                                                          const std::string& address,
                                                          Neighbour::Reader reader) {
  if (address.empty()) return nullptr;
  const auto checked = check_address(option, address);
  if (!checked.ok()) return checked.status();
  return std::make_unique<Neighbour>(source, *checked, reader);
}

// Logs the first entries of the guide that cannot be used.
void log_warnings(const on_air::ScheduleService& schedule) {
  std::vector<std::string> warnings = schedule.warnings();
  const std::size_t all = warnings.size();
  warnings.resize(std::min(all, kMostWarnings));
  for (const std::string& warning : warnings) common::log_line("guide", warning);
  if (all > kMostWarnings) {
    common::log_line("guide", std::to_string(all - kMostWarnings) + " more entries are wrong");
  }
}

std::unique_ptr<masterclock::SyncProvider> make_provider(SyncSource sync) {
  if (sync == SyncSource::kKernel) return std::make_unique<masterclock::KernelSyncProvider>();
  if (sync == SyncSource::kChrony) return std::make_unique<masterclock::ChronySyncProvider>();
  return nullptr;
}

}  // namespace

absl::Status check(const ServeOptions& options) {
  const auto zones = find_zones(options.zones);
  if (!zones.ok()) return zones.status();
  if (const auto timecode = find_timecode(options, zones->front()); !timecode.ok()) {
    return timecode.status();
  }
  if (options.largest_error <= std::chrono::nanoseconds(0)) {
    return wrong("--largest-error", "expected more than 0");
  }
  for (const auto& [option, address] :
       {std::pair("--scoreboard", options.scoreboard), std::pair("--director", options.director)}) {
    if (address.empty()) continue;
    if (const auto checked = check_address(option, address); !checked.ok()) return checked.status();
  }
  return absl::OkStatus();
}

absl::Status serve(const ServeOptions& options) {
  if (absl::Status checked = check(options); !checked.ok()) return checked;
  const auto zones = find_zones(options.zones);
  if (!zones.ok()) return zones.status();
  const auto timecode = find_timecode(options, zones->front());
  if (!timecode.ok()) return timecode.status();

  const common::StopSignal stop;  // before the first thread
  const auto provider = make_provider(options.sync);
  masterclock::MasterClock clock(masterclock::SystemTimeSource::shared(), {.sync = provider.get()});
  masterclock::SyncThread sync(clock);
  if (provider) sync.start();

  on_air::ScheduleService schedule(clock);
  if (!options.guides.empty()) {
    if (absl::Status loaded = schedule.load(options.guides, {.zone = zones->front()});
        !loaded.ok()) {
      return loaded;
    }
    log_warnings(schedule);
  }
  auto scoreboard =
      make_neighbour(clock.source(), "--scoreboard", options.scoreboard, read_scoreboard);
  if (!scoreboard.ok()) return scoreboard.status();
  auto director = make_neighbour(clock.source(), "--director", options.director, read_director);
  if (!director.ok()) return director.status();

  std::mutex mutex;  // of the wall
  Wall wall(clock, {.zones = *zones,
                    .timecode = *timecode,
                    .largest_error = options.largest_error,
                    .schedule = options.guides.empty() ? nullptr : &schedule,
                    .scoreboard = scoreboard->get(),
                    .director = director->get()});
  const auto state = [&] {
    const std::lock_guard lock(mutex);
    return wall.state();
  };

  common::HttpRouter router({.host_names = options.host_names});
  router.add("GET", "/api/state", [&](const auto&) { return common::json_response(state()); });
  for (const auto& [name, content] : pages()) router.add_file("/pages/" + name, name, content);
  router.add_file("/", "index.html", pages().at("index.html"));
  common::WebServer* listening = nullptr;
  router.add_web_socket(
      "/ws",
      {.opened = [&](common::SessionId id,
                     const auto&) { listening->send(id, common::json_line(state())); },
       .received =
           [&](common::SessionId id, std::string_view text) {
             const json message = common::parse_json(text);
             if (!message.is_object() || !message.contains("type") || message["type"] != "ping")
               return;
             listening->send(id, common::json_line(common::pong(message, clock.source().read())));
           }});
  common::WebServer server(
      std::move(router), {.address = options.address,
                          .port = options.port,
                          .log = [](std::string_view line) { common::log_line("server", line); }});
  listening = &server;
  if (absl::Status listened = server.listen(); !listened.ok()) return listened;

  // A page computes each second itself. A new state comes once a second, and at once after a step of UTC.
  const auto broadcast = [&] { server.broadcast(common::json_line(state()), "state"); };
  const masterclock::TimeSubscription steps =
      clock.source().subscribe([&](const auto&) { broadcast(); });
  const auto repeated = clock.schedule_event({.id = "state",
                                              .due = masterclock::After{kInterval},
                                              .repeat = masterclock::Every{kInterval},
                                              .action = [&](const auto&) { broadcast(); }});
  if (!repeated.ok()) return repeated.status();
  masterclock::Dispatcher dispatcher(clock.scheduler());
  dispatcher.start();
  if (absl::Status written = common::write_stdout("listening on " + server.address() + "\n");
      !written.ok()) {
    return written;
  }
  while (!stop.wait_for(kInterval)) {
    if (options.guides.empty()) continue;
    const auto read = schedule.reload_if_changed([&] { return stop.requested(); });
    if (!read.ok()) common::log_line("guide", std::string(read.status().message()));
    if (read.ok() && *read) log_warnings(schedule);
    const std::lock_guard lock(mutex);
    wall.guide_read(read);
  }
  dispatcher.stop();
  server.stop();
  return absl::OkStatus();
}

}  // namespace wall
