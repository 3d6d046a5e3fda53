#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli_options.h"
#include "commands.h"
#include "common/json_line.h"
#include "common/output.h"
#include "common/printable.h"
#include "common/terminal.h"
#include "common/text_cells.h"
#include "common/time_text.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/system_time_source.h"
#include "now_table.h"
#include "schedule_service.h"
#include "watch.h"

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

class NowAnswer {
 public:
  NowAnswer(const masterclock::MasterClock& clock, const NowOptions& options,
            const GuideOptions& guide)
      : clock_(clock), options_(options), guide_(guide), schedule_(clock) {}

  absl::Status load() {
    if (absl::Status status = schedule_.load(options_.guide.paths, guide_); !status.ok()) {
      return status;
    }
    print_warnings(schedule_);
    return absl::OkStatus();
  }

  // Returns the answer of this instant: one reading of the clock for all channels.
  [[nodiscard]] absl::StatusOr<std::string> text(const Terminal& terminal) const {
    const masterclock::UtcTime at = clock_.now_utc();
    std::vector<PlayoutPlan> plans;
    for (const std::string& id :
         options_.channels.empty() ? schedule_.channels() : options_.channels) {
      absl::StatusOr<PlayoutPlan> plan = schedule_.get_playout_plan_now(id, at);
      if (!plan.ok()) return plan.status();
      plans.push_back(*std::move(plan));
    }
    if (!options_.json) {
      const auto day = masterclock::broadcast_day_at(at, guide_.zone, guide_.day_start);
      return now_table(plans, at, day, guide_.zone, terminal);
    }
    std::string lines;
    for (const PlayoutPlan& plan : plans) lines += line_of(plan, guide_.zone) + "\n";
    return lines;
  }

  // Returns the answer of this instant, from the guide as it is on disk now, in a screen's height.
  // Faults of the guide follow it, or go to stderr without a screen.
  [[nodiscard]] absl::StatusOr<std::string> watched_text(const Terminal& terminal) {
    const absl::StatusOr<bool> reloaded = schedule_.reload_if_changed();
    const bool screen = terminal.height > 0 && !options_.json;
    if (!reloaded.ok()) {
      trouble_ = std::string(reloaded.status().message()) + "; the guide before stays";
    } else if (*reloaded) {
      trouble_.clear();
      if (!screen) print_warnings(schedule_);
    }
    if (!reloaded.ok() && !screen) std::cerr << "on_air: " + common::printable(trouble_) + "\n";
    const absl::StatusOr<std::string> table = text(terminal);
    if (!table.ok()) {  // the guide of now has no such channel
      return screen ? common::printable(std::string(table.status().message())) + "\n" : table;
    }
    if (!screen) return table;
    std::string below = trouble_;
    if (const auto warnings = schedule_.warnings(); below.empty() && !warnings.empty()) {
      below = warnings.front();
      if (warnings.size() > 1) below += " (" + std::to_string(warnings.size()) + " warnings)";
    }
    if (below.empty()) return first_lines(*table, terminal.height);
    return first_lines(*table, terminal.height - std::min<std::size_t>(2, terminal.height)) + "\n" +
           common::cut(below, terminal.width) + "\n";
  }

 private:
  const masterclock::MasterClock& clock_;
  const NowOptions& options_;
  const GuideOptions& guide_;
  ScheduleService schedule_;
  std::string trouble_;  // why the guide on disk is not the one that is shown
};

absl::Status answer_once(const masterclock::MasterClock& clock, const NowOptions& options,
                         const GuideOptions& guide) {
  NowAnswer answer(clock, options, guide);
  if (absl::Status status = answer.load(); !status.ok()) return status;
  const absl::StatusOr<std::string> text = answer.text(terminal_of_stdout());
  return text.ok() ? common::write_stdout(*text) : text.status();
}

// Draws the answer every second. Simulated time passes by the machine's steady clock.
absl::Status answer_again(const masterclock::MasterClock& clock, const NowOptions& options,
                          const GuideOptions& guide,
                          masterclock::testing::ManualTimeSource* simulated) {
  NowAnswer answer(clock, options, guide);
  if (absl::Status status = answer.load(); !status.ok()) return status;
  if (const auto first = answer.text(terminal_of_stdout()); !first.ok()) return first.status();
  const bool screen = terminal_of_stdout().height > 0 && !options.json;
  const WatchScreen watched(screen);
  const auto draw = [&] {
    const absl::StatusOr<std::string> text = answer.watched_text(terminal_of_stdout());
    if (!text.ok()) return text.status();
    return common::write_stdout(options.json ? *text : watched.frame(*text));
  };
  const masterclock::TimeSource& machine = masterclock::SystemTimeSource::shared();
  masterclock::SteadyTime before = machine.now_steady();
  return watch(clock.source(), draw, [&](std::chrono::nanoseconds wait) {
    std::this_thread::sleep_for(wait);
    const masterclock::SteadyTime now = machine.now_steady();
    if (simulated != nullptr) simulated->advance(now - before);
    before = now;
    return true;
  });
}

}  // namespace

absl::Status run_now(const NowOptions& options) {
  absl::StatusOr<GuideOptions> guide = guide_options(options.guide);
  if (!guide.ok()) return guide.status();
  guide->rate = options.rate;
  std::optional<masterclock::testing::ManualTimeSource> simulated;
  if (options.at) {
    const absl::StatusOr<masterclock::UtcTime> at = to_utc(*options.at, guide->zone);
    if (!at.ok()) return at.status();
    simulated.emplace(*at);
  }
  masterclock::TimeSource& machine = masterclock::SystemTimeSource::shared();
  const masterclock::MasterClock clock(simulated ? *simulated : machine);
  if (!options.watch) return answer_once(clock, options, *guide);
  return answer_again(clock, options, *guide, simulated ? &*simulated : nullptr);
}

void add_now(CLI::App& app, common::Command& chosen) {
  const auto options = std::make_shared<NowOptions>();
  CLI::App& now = *app.add_subcommand("now", "what is on each channel, and how far in");
  add_guide_options(now, options->guide);
  add_station_time(now, "--at", options->at, "as if it were then; now, unless given");
  add_rate(now, options->rate);
  add_channels(now, options->channels, "only this one");
  now.add_flag("--json", options->json, "one JSON object a line a channel");
  now.add_flag(
      "--watch", options->watch,
      "draw the answer again every second, and read a guide again that changed; Ctrl-C ends");
  now.callback([options, &chosen] { chosen = [options] { return run_now(*options); }; });
}

}  // namespace on_air
