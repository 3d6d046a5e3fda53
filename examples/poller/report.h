// Writes the report of each run as one line of JSON.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_REPORT_H_
#define MASTERCLOCK_EXAMPLES_POLLER_REPORT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/json_line.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"

namespace poller {

struct Report {
  enum class Event { kStarted, kEnded, kOverlapped, kOverdue };
  Event event = Event::kStarted;
  std::string service;
  // The instant served or dropped. Of kOverdue: the instant since which the service is overdue.
  masterclock::UtcTime due{};
  std::optional<masterclock::UtcTime> start{};
  std::int64_t missed = 0;
  std::string status{};  // of kEnded: Outcome::text(); of kOverdue: "overdue" or "never"

  [[nodiscard]] std::string to_json() const {
    constexpr const char* kNames[] = {"started", "ended", "overlapped", "overdue"};
    constexpr int kDigits = 6;
    nlohmann::ordered_json line = {{"event", kNames[static_cast<int>(event)]},
                                   {"service", service},
                                   {"due_utc", masterclock::to_rfc3339(due, kDigits)},
                                   {"start_utc", nullptr},
                                   {"missed", missed},
                                   {"status", status}};
    if (start) line["start_utc"] = masterclock::to_rfc3339(*start, kDigits);
    return common::json_line(line);
  }
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_REPORT_H_
