// Serves to Prometheus, at /metrics, what a MasterClock counts and how far to trust its time.
//
//   metrics [PORT]         prints: listening on http://127.0.0.1:PORT/metrics
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string_view>

#include "common/stop_signal.h"
#include "common/web_server.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/master_clock.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/sync/sync_thread.h"

using namespace std::chrono;

// The text format of Prometheus, version 0.0.4. Threads: any, as MasterClock.
std::string metrics_text(const masterclock::MasterClock& clock) {
  std::ostringstream out;
  const auto metric = [&out](std::string name, const char* type, const char* help, auto value) {
    name.insert(0, "masterclock_");
    out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n'
        << name << ' ' << value << '\n';
  };
  const masterclock::ClockMetrics counted = clock.metrics();
  metric("events_fired_total", "counter", "Events that fired.", counted.events_fired);
  metric("events_late_total", "counter", "Events that fired late.", counted.events_late);
  metric("events_dropped_total", "counter", "Events later than their limit.",
         counted.events_dropped);
  metric("events_skipped_total", "counter", "Skipped occurrences.", counted.events_skipped);
  metric("events_failed_total", "counter", "Events whose action threw.", counted.events_failed);
  metric("events_pending", "gauge", "Events that wait.", counted.events_pending);

  const masterclock::TimeBounds now = clock.now_bounded();
  const bool bounded = now.earliest > masterclock::UtcTime::min();  // not unknown, nor disrupted
  const auto [seconds, rest] = std::lldiv(now.uncertainty().count(), 1'000'000'000);
  const std::string digits =
      std::to_string(1'000'000'000 + rest);  // exact: no digit is rounded away
  metric("time_uncertainty_seconds", "gauge", "Largest error; +Inf when nothing bounds it.",
         bounded ? std::to_string(seconds) + '.' + digits.substr(1) : "+Inf");
  metric("time_synchronized", "gauge", "1 while a reference bounds the time.",
         int{now.state == masterclock::SyncState::kSynchronized});
  return out.str();
}

int main(int argc, char** argv) {
  const common::StopSignal stop;
  common::WebServerOptions options;
  const std::string_view port = argc > 1 ? argv[1] : "0";
  const auto read = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (argc > 2 || read.ec != std::errc() || read.ptr != port.data() + port.size())
    return std::cerr << "metrics: expected at most PORT, 0 to 65535\n", 2;

  masterclock::KernelSyncProvider kernel;
  masterclock::MasterClock clock(masterclock::SystemTimeSource::shared(), {.sync = &kernel});
  masterclock::SyncThread sync(clock);
  masterclock::Dispatcher dispatcher(clock.scheduler());
  sync.start();
  dispatcher.start();
  (void)clock.schedule_event(
      {.due = masterclock::After{100ms}, .repeat = masterclock::Every{100ms}});

  common::HttpRouter router;
  router.add("GET", "/metrics", [&](const common::HttpRequest&) {
    return common::HttpResponse{
        .content_type = "text/plain; version=0.0.4", .body = metrics_text(clock), .headers = {}};
  });
  common::WebServer server(std::move(router), options);
  if (const absl::Status listening = server.listen(); !listening.ok())
    return std::cerr << "metrics: " << listening.message() << '\n', 1;
  std::cout << "listening on " << server.address() << "metrics" << std::endl;
  while (!stop.wait_for(1h)) continue;
}
