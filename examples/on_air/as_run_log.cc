#include "as_run_log.h"

#include <nlohmann/json.hpp>

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
  nlohmann::ordered_json line;
  line["start"] = to_rfc3339(start);
  line["local_start"] = to_rfc3339(masterclock::BasicZonedTime<milliseconds>(start, zone));
  line["broadcast_date"] =
      date_text(masterclock::broadcast_day_at(entry.planned_start, zone, day_start).date);
  line["channel"] = entry.channel;
  if (entry.aired()) {
    line["title"] = entry.title;
    line["planned_start"] = utc_text(entry.planned_start);
    line["real_start"] = utc_text(entry.real_start);
    line["lateness_ms"] = duration<double, std::milli>(entry.lateness()).count();
    line["lateness_ns"] = entry.lateness().count();
    line["planned_duration_seconds"] = nullptr;
    if (entry.planned_duration) {
      line["planned_duration_seconds"] = duration<double>(*entry.planned_duration).count();
    }
    line["resumed"] = entry.resumed;
  } else if (entry.skipped == 0) {
    line["title"] = entry.title;
    line["aired"] = false;
    line["filler"] = entry.filler_reason;
    line["planned_start"] = utc_text(entry.planned_start);
    line["real_start"] = utc_text(entry.real_start);
  } else {
    line["title"] = nullptr;
    line["aired"] = false;
    line["skipped"] = entry.skipped;
    line["planned_start"] = utc_text(entry.planned_start);
    line["last_planned_start"] = utc_text(entry.last_planned_start.value_or(entry.planned_start));
    line["real_start"] = utc_text(entry.real_start);
  }
  return common::json_line(line);
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
