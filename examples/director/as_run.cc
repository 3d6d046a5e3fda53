#include "as_run.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <ios>
#include <nlohmann/json.hpp>

#include "common/json_line.h"
#include "common/printable.h"
#include "masterclock/time/rfc3339.h"

namespace director {
namespace {

using masterclock::UtcTime;
using nlohmann::json;

constexpr int kMillisecondDigits = 3;
constexpr std::streamoff kLongestLine = 16'384;

json time_json(const std::optional<UtcTime>& time) {
  return time ? json(masterclock::to_rfc3339(*time, kMillisecondDigits)) : json();
}

}  // namespace

absl::StatusOr<std::optional<AsRunMark>> last_mark(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return std::nullopt;
  const std::streamoff size = file.tellg();
  const std::streamoff part = std::min(size, kLongestLine);
  std::string text(static_cast<std::size_t>(part), '\0');
  file.seekg(size - part);
  file.read(text.data(), part);
  const std::size_t end = text.rfind('\n');  // what follows is no whole line
  if (end == std::string::npos) return std::nullopt;
  const std::size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  const json line = json::parse(text.substr(begin, end - begin), nullptr, false);
  const auto number = [&](const char* name) {
    const auto found = line.find(name);
    return found != line.end() && found->is_number_integer();
  };
  if (!line.is_object() || !number("show") || !number("sequence") || !number("after_ns")) {
    return absl::DataLossError(common::printable(path) + ": the last line is no as-run line");
  }
  return AsRunMark{line["show"].get<std::int64_t>(),
                   {line["sequence"].get<std::uint64_t>(),
                    std::chrono::nanoseconds(line["after_ns"].get<std::int64_t>())}};
}

void AsRun::note(const ShowChange& change, UtcTime planned, std::optional<UtcTime> started) {
  give_up();
  write({change, planned, started});
}

void AsRun::expect(const ShowChange& change, UtcTime planned) {
  give_up();
  waiting_ = Line{change, planned};
}

std::optional<UtcTime> AsRun::sent(std::optional<UtcTime> at) {
  if (!waiting_) return std::nullopt;
  return std::exchange(waiting_->started, at);
}

void AsRun::answered(UtcTime at) {
  if (!waiting_) return;
  waiting_->answered = at;
  waiting_->error.clear();
  give_up();
}

void AsRun::refused(const std::string& error) {
  if (!waiting_) return;
  waiting_->started.reset();
  waiting_->error = error;
}

void AsRun::give_up() {
  if (waiting_) write(*waiting_);
  waiting_.reset();
}

void AsRun::write(const Line& line) {
  if (mark_ && mark_->show == show_ && line.change.id <= mark_->id) return;
  mark_ = AsRunMark{show_, line.change.id};
  if (!write_) return;
  const masterclock::OnAirChange& on_air = line.change.on_air;
  write_(common::json_line(json{{"planned", time_json(line.planned)},
                                {"planned_utc_ns", line.planned.time_since_epoch().count()},
                                {"started", time_json(line.started)},
                                {"answered", time_json(line.answered)},
                                {"error", line.error.empty() ? json() : json(line.error)},
                                {"scene", on_air.scene ? json(*on_air.scene) : json()},
                                {"cycle", on_air.cycle},
                                {"by", to_string(line.change.cause)},
                                {"why", line.change.why.empty() ? json() : json(line.change.why)},
                                {"show", show_},
                                {"sequence", line.change.id.sequence},
                                {"after_ns", line.change.id.after.count()}}));
}

}  // namespace director
