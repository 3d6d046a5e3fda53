#include "run_command.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "as_run_log.h"
#include "channel_manager.h"
#include "cli_options.h"
#include "common/output.h"
#include "common/printable.h"
#include "common/stop_signal.h"
#include "common/time_text.h"
#include "ffmpeg_producer.h"
#include "masterclock/master_clock.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/sync/providers/linuxptp.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/duration_text.h"
#include "masterclock/time/rfc3339.h"
#include "media_library.h"
#include "run_loop.h"
#include "schedule_service.h"
#include "station_clock.h"

namespace on_air {
namespace {

using common::in_quotes;
using common::printable;
using common::StopSignal;
using common::utc_text;

using masterclock::MasterClock;
using masterclock::saturating_add;
using masterclock::SystemTimeSource;
using masterclock::TimeChange;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using std::chrono::nanoseconds;

// The time from the first programme start to the last boundary.
struct Span {
  UtcTime begin = UtcTime::max(), end = UtcTime::min();
};
Span span_of(const Guide& guide) {
  Span span;
  for (const ChannelSchedule& channel : guide.channels()) {
    for (const Airing& airing : channel.airings()) {
      span.begin = std::min(span.begin, airing.begin);
      span.end = std::max(span.end, airing.open_ended() ? airing.begin : airing.end);
    }
  }
  return span;
}

std::unique_ptr<masterclock::SyncProvider> provider_of(Discipline discipline) {
  const SystemTimeSource& machine = SystemTimeSource::shared();
  switch (discipline) {
    case Discipline::kChrony: return std::make_unique<masterclock::ChronySyncProvider>(machine);
    case Discipline::kLinuxPtp: return std::make_unique<masterclock::LinuxPtpSyncProvider>(machine);
    case Discipline::kKernel: break;
  }
  return std::make_unique<masterclock::KernelSyncProvider>(machine);
}

// Loads the guides of the run, and checks the channels and the log against them.
absl::StatusOr<GuideOptions> load_guides(const RunOptions& options, ScheduleService& schedule) {
  absl::StatusOr<GuideOptions> guide = guide_options(options.guide);
  if (!guide.ok()) return guide;
  if (!options.real()) {  // all playlists of a folder that the run may need
    guide->from = options.from.value_or(UtcTime::min());
    guide->until = options.to.value_or(UtcTime::max());
  }
  if (absl::Status loaded = schedule.load(options.guide.paths, *guide); !loaded.ok()) return loaded;
  print_warnings(schedule);
  for (const std::string& channel : options.channels) {
    if (const auto known = schedule.get_playout_plan_now(channel); !known.ok()) {
      return known.status();
    }
  }
  std::error_code ignored;
  for (const std::string& path : options.guide.paths) {
    if (std::filesystem::equivalent(path, options.as_run, ignored)) {
      return absl::InvalidArgumentError(printable(options.as_run) + ": is the guide itself");
    }
  }
  return guide;
}

// Follows a guide that changed. An error keeps the guide, and so does a signal.
void reload(ScheduleService& schedule, ChannelManager& manager, const StopSignal& stop) {
  const absl::StatusOr<bool> changed = schedule.reload_if_changed([&] { return stop.requested(); });
  if (absl::IsCancelled(changed.status())) return;
  if (!changed.ok()) say(std::string(changed.status().message()));
  if (changed.ok() && *changed) manager.guide_changed();
}

// Makes the filler of a channel: the file of --filler, or a slate that names the next programme.
ProducerRequest filler_of(const RunOptions& options, masterclock::Zone zone,
                          const PlayoutPlan& plan, int failures) {
  ProducerRequest filler;
  filler.channel = plan.channel_id;
  if (options.filler && failures == 0) {
    filler.media = *options.filler;
    filler.loop = true;
    return filler;
  }
  filler.slate = printable(plan.display_name);
  if (plan.next) {
    filler.slate += "\n\n" + printable(plan.next->title) + "\n" +
                    common::local_text(plan.next->start, zone).substr(11, 5);
  }
  return filler;
}

// DIR/CHANNEL-20260329T010000Z.ts: a file for each start, because a prepared producer writes beside the
// present one.
std::filesystem::path output_of(const RunOptions& options, std::string_view channel, UtcTime at) {
  std::string time = masterclock::to_rfc3339(at, 0);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return std::filesystem::path(*options.output) / (file_name_of(channel) + "-" + time + ".ts");
}

ChannelManagerOptions management(const RunOptions& options, masterclock::Zone zone, AsRunLog& log,
                                 RunLoop& loop, const StopSignal& stop) {
  ChannelManagerOptions management;
  management.as_run = [&](const AsRunEntry& entry) {
    const auto& wanted = options.channels;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), entry.channel) == wanted.end()) {
      return absl::OkStatus();
    }
    loop.count(entry);
    const absl::Status written = log.write(entry);
    // A station that produces stays on the air without a log; its operator hears of each error.
    if (!written.ok() && options.media) return written;
    if (!written.ok()) loop.fail(written);
    return absl::OkStatus();
  };
  management.stopped = [&stop] { return stop.requested(); };
  management.record_until = options.to.value_or(UtcTime::max());
  management.on_error = [&, producing = options.media.has_value()](std::string_view channel,
                                                                   const absl::Status& error) {
    say(printable(channel) + ": " + printable(std::string(error.message())));
    if (!producing) loop.fail(error);
  };
  if (!options.media) return management;
  management.producers = [&stop](std::string_view) {
    return std::make_unique<FfmpegProducer>(
        FfmpegOptions{.paced = true, .interrupt_fd = stop.fd()});
  };
  management.media = [library = *MediaLibrary::open(*options.media)](std::string_view channel,
                                                                     const NowPlaying& now) {
    return library.find(channel, now);
  };
  if (options.output) {
    management.output = [&](std::string_view channel, const NowPlaying& now) {
      return output_of(options, channel, saturating_add(now.start, now.join.offset));
    };
  }
  management.filler = [&, zone](const PlayoutPlan& plan, int failures) {
    ProducerRequest filler = filler_of(options, zone, plan, failures);
    if (options.output)
      filler.output = output_of(options, std::string(plan.channel_id) + "-filler", plan.at);
    return filler;
  };
  management.preroll = options.preroll;
  return management;
}

// Starts the producers of all channels of the run at once.
void produce(const RunOptions& options, const ScheduleService& schedule, ChannelManager& manager) {
  const std::vector<std::string> channels =
      options.channels.empty() ? schedule.channels() : options.channels;
  std::vector<std::jthread> joins;
  for (const std::string& channel : channels) {
    joins.emplace_back([&] { (void)manager.viewer_join("on_air run " + channel, {channel}); });
  }
}

// Returns whether the log goes to stdout, where nothing else may be written then.
bool is_stdout(const std::string& file) {
  struct stat named {
  }, standard{};
  return ::stat(file.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &standard) == 0 &&
         named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

}  // namespace

absl::Status run_schedule(const RunOptions& options) {
  // Reading the guide may wait for stdin or a pipe: signals are not blocked yet.
  ManualTimeSource simulated{UtcTime{}};
  SystemTimeSource& machine = SystemTimeSource::shared();
  std::optional<StationClock> station;
  if (options.discipline) {
    const common::BlockedSignals for_its_thread;
    station.emplace(machine, provider_of(*options.discipline), say);
  }
  masterclock::TimeSource* source = &simulated;
  if (options.real()) source = &machine;
  if (station) source = &station->source();
  MasterClock clock(*source);
  ScheduleService schedule(clock);
  const absl::StatusOr<GuideOptions> guide = load_guides(options, schedule);
  if (!guide.ok()) return guide.status();
  if (is_stdout(options.as_run) && !common::stdout_is_writable()) {
    return absl::UnavailableError("stdout cannot be written: it is closed, or open for reading");
  }
  if (options.media) {
    if (const auto library = MediaLibrary::open(*options.media); !library.ok()) {
      return library.status();
    }
  }
  const Span span = span_of(*schedule.guide());
  if (!options.real()) {
    if (!options.from && span.begin == UtcTime::max()) {
      return absl::InvalidArgumentError(printable(options.guide.paths.front()) +
                                        ": has no programme; --from is required");
    }
    simulated.set_utc(options.from.value_or(span.begin));
    if (options.to && *options.to <= simulated.now_utc()) {
      return absl::InvalidArgumentError("--to is not later than " + utc_text(simulated.now_utc()) +
                                        ", where the guide begins");
    }
  }
  std::string lines;
  {
    StopSignal stop;
    std::signal(SIGPIPE, SIG_IGN);  // the log reports a reader that has left
    const auto log = AsRunLog::open(
        options.as_run, options.real() ? AsRunLog::Mode::kAppend : AsRunLog::Mode::kReplace,
        guide->zone, guide->day_start, stop.fd());
    if (!log.ok()) return log.status();
    std::optional<UtcTime> shown_end = options.to;
    if (!shown_end && !options.real()) shown_end = span.end;
    Progress progress(clock.now_utc(), shown_end, guide->zone);
    RunLoop loop(clock, **log, stop, progress);
    {
      masterclock::TimeSubscription steps;
      if (station) {
        station->start();
      } else if (options.real()) {
        steps = machine.subscribe([](const TimeChange& change) { say(step_text(change)); });
      }
      ChannelManager manager(clock, schedule, management(options, guide->zone, **log, loop, stop));
      if (options.media) produce(options, schedule, manager);
      // The last event at or before the end of a simulation fires.
      const UtcTime end = options.to ? *options.to - nanoseconds(1) : span.end;
      if (options.real()) {
        loop.real(options.to, [&] { reload(schedule, manager, stop); });
      } else if (options.speed) {
        loop.paced(simulated, *options.speed, end);
      } else {
        loop.at_once(simulated, end);
      }
    }
    lines = loop.summary() + " in " + printable(options.as_run);
    if (stop.requested()) return absl::CancelledError("interrupted; " + lines);
    if (absl::Status failed = loop.failure(); !failed.ok()) return failed;
    if (absl::Status closed = (*log)->close(); !closed.ok()) return closed;
  }
  return is_stdout(options.as_run) ? absl::OkStatus() : common::write_stdout(lines + "\n");
}

absl::StatusOr<std::optional<double>> parse_speed(std::string_view text) {
  if (text == "max") return std::nullopt;
  double speed = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), speed, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(speed > 0 && speed <= 1e6)) {
    return absl::InvalidArgumentError("Invalid speed " + in_quotes(text) +
                                      ": expected max, or a number above 0, at most 1000000");
  }
  return speed;
}

absl::StatusOr<std::optional<Discipline>> parse_discipline(std::string_view text) {
  if (text == "kernel") return Discipline::kKernel;
  if (text == "chrony") return Discipline::kChrony;
  if (text == "linuxptp") return Discipline::kLinuxPtp;
  return absl::InvalidArgumentError("Invalid discipline " + in_quotes(text) +
                                    ": expected kernel, chrony or linuxptp");
}

void add_run(CLI::App& app, common::Command& chosen) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& run = *app.add_subcommand("run", "runs the schedule and writes the as-run log");
  add_guide_options(run, options->guide);
  common::add_time(run, "--from", options->from, "the start of a run on simulated time");
  common::add_time(run, "--to", options->to, "the end of the run");
  common::add_parsed(run, "--speed", options->speed,
                     "simulated seconds per second, or max; without --speed and --from the run is "
                     "on the real clock",
                     [](const std::string& text) { return parse_speed(text); })
      ->type_name("N|max");
  common::add_parsed(run, "--discipline", options->discipline,
                     "follow UTC that never runs backward, disciplined by this source; steps and "
                     "changes of trust are reported on stderr",
                     [](const std::string& text) { return parse_discipline(text); })
      ->type_name("kernel|chrony|linuxptp");
  run.add_option("--as-run", options->as_run, "the log: one JSON line per programme start")
      ->required()
      ->type_name("FILE");
  run.add_option("--channel", options->channels, "log this channel only; repeatable")
      ->type_name("ID")
      ->allow_extra_args(false);
  run.add_option("--media", options->media,
                 "produce the channels with ffmpeg from this media; on the real clock")
      ->type_name("FILE|DIR");
  run.add_option("--output", options->output,
                 "the folder for the produced files; without it the pictures are discarded")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory)
      ->needs("--media");
  run.add_option("--filler", options->filler,
                 "show this file when a producer ends early, in place of a slate")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->needs("--media");
  common::add_parsed(run, "--preroll", options->preroll,
                     "prepare the next programme so long before its start; 2s by default",
                     [](const std::string& text) { return masterclock::parse_duration(text); })
      ->type_name("DURATION")
      ->needs("--media");
  run.callback([options, &chosen] {
    if (options->from && options->to && *options->to <= *options->from) {
      throw CLI::ValidationError("--to", "must be later than --from");
    }
    if (options->discipline && !options->real()) {
      throw CLI::ValidationError("--discipline", "needs the real clock: omit --from and --speed");
    }
    if (options->media && !options->real()) {
      throw CLI::ValidationError("--media", "needs the real clock: omit --from and --speed");
    }
    chosen = [options] { return run_schedule(*options); };
  });
}

}  // namespace on_air
