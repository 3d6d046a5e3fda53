#include "as_run_log.h"

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
  common::JsonObject line;
  line.text("start", to_rfc3339(start))
      .text("local_start", to_rfc3339(masterclock::BasicZonedTime<milliseconds>(start, zone)))
      .text("broadcast_date",
            date_text(masterclock::broadcast_day_at(entry.planned_start, zone, day_start).date))
      .text("channel", entry.channel);
  if (entry.skipped != 0) {
    line.raw("title", "null")
        .raw("aired", "false")
        .integer("skipped", entry.skipped)
        .text("planned_start", utc_text(entry.planned_start))
        .text("last_planned_start",
              utc_text(entry.last_planned_start.value_or(entry.planned_start)))
        .text("real_start", utc_text(entry.real_start));
    return std::move(line).line();
  }
  line.text("title", entry.title);
  if (!entry.aired()) line.raw("aired", "false").text("filler", entry.filler_reason);
  line.text("planned_start", utc_text(entry.planned_start))
      .text("real_start", utc_text(entry.real_start));
  if (!entry.aired()) return std::move(line).line();
  line.real("lateness_ms", duration<double, std::milli>(entry.lateness()).count())
      .integer("lateness_ns", entry.lateness().count());
  if (entry.planned_duration) {
    line.real("planned_duration_seconds", duration<double>(*entry.planned_duration).count());
  } else {
    line.raw("planned_duration_seconds", "null");
  }
  line.raw("resumed", entry.resumed ? "true" : "false");
  return std::move(line).line();
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
