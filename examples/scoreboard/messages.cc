#include "messages.h"

#include "common/http_message.h"
#include "common/json_line.h"
#include "wire.h"

namespace scoreboard {

std::string report_message(const masterclock::ClockReport& report,
                           masterclock::CountDirection direction) {
  json message = clock_json(report, direction);
  message["type"] = "report";
  message["reason"] = to_string(report.reason);
  message["revision"] = report.revision;
  message["missed"] = report.missed;
  message["server_utc_ns"] = report.at_utc.time_since_epoch().count();
  return common::json_line(message);
}

std::string answer_to(std::string_view message, std::int64_t server_utc_ns) {
  const auto read = common::parse_json_object(message);
  if (!read.ok()) {
    return common::json_line(json{{"type", "error"}, {"error", read.status().message()}});
  }
  if (read->value("type", json()) != "ping") {
    return common::json_line(json{{"type", "error"}, {"error", "type: expected ping"}});
  }
  return common::json_line(
      json{{"type", "pong"}, {"t", read->value("t", json())}, {"server_utc_ns", server_utc_ns}});
}

}  // namespace scoreboard
