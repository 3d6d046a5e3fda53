#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli_options.h"
#include "commands.h"
#include "common/json_line.h"
#include "common/time_text.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "now_table.h"
#include "schedule_service.h"

namespace on_air {
namespace {

using common::date_text;
using common::local_text;
using common::Terminal;
using common::terminal_of_stdout;
using common::utc_text;

using nlohmann::ordered_json;

// A number of seconds: whole where it is.
ordered_json seconds_json(std::chrono::nanoseconds length) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(length);
  if (whole == length) return whole.count();
  return std::chrono::duration<double>(length).count();
}

// One channel as one line: the fields of the answer, then what a caller can do without.
std::string line_of(const PlayoutPlan& plan, masterclock::Zone zone) {
  ordered_json line = {{"channel", plan.channel_id},
                       {"state", plan.on_air() ? "on_air" : "off_air"},
                       {"title", nullptr},
                       {"start", nullptr},
                       {"stop", nullptr},
                       {"offset_seconds", nullptr},
                       {"remaining_seconds", nullptr},
                       {"frame", nullptr},
                       {"local_start", nullptr},
                       {"broadcast_date", date_text(plan.day.date)},
                       {"next_title", nullptr},
                       {"next_start", nullptr},
                       {"display_name", plan.display_name},
                       {"timecode", nullptr},
                       {"next_local_start", nullptr}};
  if (plan.now) {
    line["title"] = plan.now->title;
    line["start"] = utc_text(plan.now->start);
    if (plan.now->stop) line["stop"] = utc_text(*plan.now->stop);
    line["offset_seconds"] = seconds_json(plan.now->join.offset);
    if (plan.now->remaining) line["remaining_seconds"] = seconds_json(*plan.now->remaining);
    line["frame"] = plan.now->join.frame;
    line["local_start"] = local_text(plan.now->start, zone);
    if (plan.now->timecode) line["timecode"] = plan.now->timecode->to_string();
  }
  if (plan.next) {
    line["next_title"] = plan.next->title;
    line["next_start"] = utc_text(plan.next->start);
    line["next_local_start"] = local_text(plan.next->start, zone);
  }
  return common::json_line(line);
}

absl::Status answer(const masterclock::MasterClock& clock, const NowOptions& options,
                    const GuideOptions& guide, const Terminal& terminal, std::ostream& out) {
  ScheduleService schedule(clock);
  if (absl::Status status = schedule.load(options.guide.paths, guide); !status.ok()) return status;
  print_warnings(schedule);

  // One reading for every channel, so that they can be compared.
  const masterclock::UtcTime at = clock.now_utc();
  std::vector<PlayoutPlan> plans;
  for (const std::string& id : options.channels.empty() ? schedule.channels() : options.channels) {
    absl::StatusOr<PlayoutPlan> plan = schedule.get_playout_plan_now(id, at);
    if (!plan.ok()) return plan.status();
    plans.push_back(*std::move(plan));
  }
  if (options.json) {
    for (const PlayoutPlan& plan : plans) out << line_of(plan, guide.zone) << '\n';
  } else {
    const auto day = masterclock::broadcast_day_at(at, guide.zone, guide.day_start);
    out << now_table(plans, at, day, guide.zone, terminal);
  }
  out.flush();
  if (!out) return absl::UnavailableError("the answer could not be written");
  return absl::OkStatus();
}

}  // namespace

absl::Status run_now(const NowOptions& options, const Terminal& terminal, std::ostream& out) {
  absl::StatusOr<GuideOptions> guide = guide_options(options.guide);
  if (!guide.ok()) return guide.status();
  guide->rate = options.rate;
  if (!options.at) return answer(masterclock::MasterClock(), options, *guide, terminal, out);
  const absl::StatusOr<masterclock::UtcTime> at = to_utc(*options.at, guide->zone);
  if (!at.ok()) return at.status();
  masterclock::testing::ManualTimeSource source(*at);
  return answer(masterclock::MasterClock(source), options, *guide, terminal, out);
}

void add_now(CLI::App& app, common::Command& chosen) {
  const auto options = std::make_shared<NowOptions>();
  CLI::App& now = *app.add_subcommand("now", "what is on each channel, and how far in");
  add_guide_options(now, options->guide);
  add_station_time(now, "--at", options->at, "as if it were then; now, unless given");
  add_rate(now, options->rate);
  add_channels(now, options->channels, "only this one");
  now.add_flag("--json", options->json, "one JSON object a line a channel");
  now.callback([options, &chosen] {
    chosen = [options] { return run_now(*options, terminal_of_stdout(), std::cout); };
  });
}

}  // namespace on_air
