#include "messages.h"

#include "common/http_message.h"
#include "common/json_line.h"
#include "common/pong.h"
#include "wire.h"

namespace scoreboard {

std::string report_message(const masterclock::ClockReport& report,
                           masterclock::CountDirection direction) {
  json message = clock_json(report, direction);
  message["type"] = "report";
  message["reason"] = to_string(report.reason);
  message["revision"] = report.revision;
  message["missed"] = report.missed;
  // The reading of an end is of the instant `due`.
  masterclock::TimeReading at{report.at_utc, report.at};
  if (report.reason == masterclock::ClockReport::Reason::kExpired)
    at = {at.to_utc(report.due), report.due};
  add_instant(message, at);
  return common::json_line(message);
}

void add_instant(json& message, const masterclock::TimeReading& at) {
  message["server_utc_ns"] = at.utc.time_since_epoch().count();
  message["server_steady_ns"] = at.steady.time_since_epoch().count();
}

std::string answer_to(std::string_view message, const masterclock::TimeReading& now) {
  const auto read = common::parse_json_object(message);
  if (!read.ok()) {
    return common::json_line(json{{"type", "error"}, {"error", read.status().message()}});
  }
  if (read->value("type", json()) != "ping") {
    return common::json_line(json{{"type", "error"}, {"error", "type: expected ping"}});
  }
  return common::json_line(common::pong(*read, now));
}

}  // namespace scoreboard
