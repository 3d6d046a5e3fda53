#include "as_run_log.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_line.h"
#include "common/time_text.h"
#include "masterclock/zones/broadcast_day.h"

namespace on_air {
namespace {

using common::date_text;
using common::utc_text;

using namespace std::chrono;
using masterclock::to_rfc3339;

}  // namespace

std::string as_run_line(const AsRunEntry& entry, masterclock::Zone zone, seconds day_start) {
  const auto start = floor<milliseconds>(entry.real_start);
  // A list of fields: each growth would copy the fields before, and operator[] searches them.
  nlohmann::ordered_json::object_t line;
  line.reserve(11);
  line.emplace_back("start", to_rfc3339(start));
  line.emplace_back("local_start",
                    to_rfc3339(masterclock::BasicZonedTime<milliseconds>(start, zone)));
  line.emplace_back(
      "broadcast_date",
      date_text(masterclock::broadcast_day_at(entry.planned_start, zone, day_start).date));
  line.emplace_back("channel", entry.channel);
  if (entry.aired()) {
    line.emplace_back("title", entry.title);
    line.emplace_back("planned_start", utc_text(entry.planned_start));
    line.emplace_back("real_start", utc_text(entry.real_start));
    line.emplace_back("lateness_ms", duration<double, std::milli>(entry.lateness()).count());
    line.emplace_back("lateness_ns", entry.lateness().count());
    line.emplace_back("planned_duration_seconds", nullptr);
    if (entry.planned_duration) {
      line.back().second = duration<double>(*entry.planned_duration).count();
    }
    line.emplace_back("resumed", entry.resumed);
  } else if (entry.skipped == 0) {
    line.emplace_back("title", entry.title);
    line.emplace_back("aired", false);
    line.emplace_back("filler", entry.filler_reason);
    line.emplace_back("planned_start", utc_text(entry.planned_start));
    line.emplace_back("real_start", utc_text(entry.real_start));
  } else {
    line.emplace_back("title", nullptr);
    line.emplace_back("aired", false);
    line.emplace_back("skipped", entry.skipped);
    line.emplace_back("planned_start", utc_text(entry.planned_start));
    line.emplace_back("last_planned_start",
                      utc_text(entry.last_planned_start.value_or(entry.planned_start)));
    line.emplace_back("real_start", utc_text(entry.real_start));
  }
  return common::json_line(nlohmann::ordered_json(std::move(line)));
}

absl::StatusOr<std::unique_ptr<AsRunLog>> AsRunLog::open(const std::filesystem::path& file,
                                                         Mode mode, masterclock::Zone zone,
                                                         seconds day_start, int interrupt_fd) {
  auto lines = common::LineFile::open(file, {.mode = mode,
                                             .first_bytes = "{\"start\":\"",
                                             .kind = "as-run log",
                                             .interrupt_fd = interrupt_fd});
  if (!lines.ok()) return lines.status();
  return std::unique_ptr<AsRunLog>(new AsRunLog(*std::move(lines), zone, day_start));
}

}  // namespace on_air
