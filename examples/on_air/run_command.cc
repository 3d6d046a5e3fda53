#include "run_command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "as_run_log.h"
#include "channel_manager.h"
#include "cli_options.h"
#include "common/data_error.h"
#include "common/printable.h"
#include "common/stop_signal.h"
#include "common/text_cells.h"
#include "common/time_text.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/events/simulate.h"
#include "masterclock/master_clock.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/sync/providers/linuxptp.h"
#include "masterclock/testing/manual_time_source.h"
#include "schedule_service.h"
#include "station_clock.h"

namespace on_air {
namespace {

using common::bar;
using common::fit_right;
using common::in_quotes;
using common::local_text;
using common::printable;
using common::StopSignal;
using common::utc_text;

using masterclock::MasterClock;
using masterclock::SteadyTime;
using masterclock::SystemTimeSource;
using masterclock::TimeChange;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr const char* kErase = "\r\x1b[K";  // erases the line of a terminal

// Shows the progress of the run on stderr, in one line that it overwrites. Shows nothing where stderr
// is not a terminal.
//
// Threads: one at a time.
class Progress {
 public:
  Progress(UtcTime from, std::optional<UtcTime> to, masterclock::Zone zone)
      : from_(from), to_(to), zone_(zone), shown_(::isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (drawn_) std::cerr << kErase << std::flush;
  }

  void show(UtcTime now, std::size_t starts) {
    if (!shown_) return;
    const double part = to_ && *to_ > from_
                            ? std::clamp(std::chrono::duration<double>(now - from_) /
                                             std::chrono::duration<double>(*to_ - from_),
                                         0.0, 1.0)
                            : 0.0;
    const auto thousandth = static_cast<std::int64_t>(part * 1'000);
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (drawn_ && (to_ ? thousandth == thousandth_ : second == second_)) return;
    thousandth_ = thousandth;
    second_ = second;
    drawn_ = true;
    std::string line = local_text(second, zone_) + "  ";
    if (to_)
      line += bar(part, 30) + " " + fit_right(std::to_string(thousandth / 10) + " %", 5) + "  ";
    line += std::to_string(starts) + " starts";
    std::cerr << "\r" + line + "\x1b[K" << std::flush;
  }

 private:
  const UtcTime from_;
  const std::optional<UtcTime> to_;
  const masterclock::Zone zone_;
  const bool shown_;
  bool drawn_ = false;
  std::int64_t thousandth_ = 0;
  std::chrono::sys_seconds second_{};
};

// Writes a line on stderr, in place of the progress.
void say(const std::string& line) {
  std::cerr << (::isatty(STDERR_FILENO) == 1 ? kErase : "") + ("on_air: " + line + "\n");
}

// Runs the events of a schedule. Each of the three ways ends at `end`, after an interruption, or when
// the log cannot be written.
class Run {
 public:
  Run(MasterClock& clock, StopSignal& stop, Progress& progress)
      : clock_(clock), stop_(stop), progress_(progress) {}

  // From event to event, without waiting.
  void at_once(ManualTimeSource& source, UtcTime end) { advance_to(source, end); }

  // At `speed` simulated seconds a second. The pace is counted from the start, so a late wake-up does
  // not delay the rest.
  void paced(ManualTimeSource& source, double speed, UtcTime end) {
    using Seconds = std::chrono::duration<double>;
    const SystemTimeSource& system = SystemTimeSource::shared();
    const SteadyTime started = system.now_steady();
    const UtcTime from = source.now_utc();
    const auto simulated = [&] { return Seconds(system.now_steady() - started) * speed; };
    for (;;) {
      const UtcTime goal = std::min(clock_.next_event_time().value_or(end), end);
      const Seconds wait = (Seconds(goal - from) - simulated()) / speed;
      if (ended(std::chrono::ceil<nanoseconds>(std::min<Seconds>(wait, kLongestWait)))) return;
      const bool last = simulated() >= Seconds(end - from);
      advance_to(source, last ? end : from + std::chrono::floor<nanoseconds>(simulated()));
      if (last) return;
    }
  }

  // On the real clock.
  void real(std::optional<UtcTime> end) {
    masterclock::Dispatcher dispatcher(clock_.scheduler());
    dispatcher.start();
    for (;;) {
      const UtcTime now = clock_.now_utc();
      progress_.show(now, starts_);
      if (end && now >= *end) break;
      nanoseconds wait = kLongestWait;
      if (end) wait = std::min(wait, *end - now);
      if (ended(wait)) return;
    }
    dispatcher.stop();
    clock_.trigger_scheduled_events();
  }

  // Threads: any.
  void count(const AsRunEntry& entry) {
    if (entry.aired()) {
      ++starts_;
    } else {
      skipped_ += entry.skipped;
    }
  }
  void fail(const absl::Status& error) {
    const std::lock_guard lock(mutex_);
    failure_.Update(error);
  }
  [[nodiscard]] absl::Status failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  // "7 programme starts", and how many programmes were skipped.
  [[nodiscard]] std::string summary() const {
    return std::to_string(starts_) + " programme starts" +
           (skipped_ > 0 ? ", " + std::to_string(skipped_) + " skipped," : "");
  }

 private:
  static constexpr nanoseconds kLongestWait = 100ms;

  void advance_to(ManualTimeSource& source, UtcTime end) {
    masterclock::simulate_until(source, clock_.scheduler(), end,
                                [&](const masterclock::SimulationProgress& now) {
                                  progress_.show(now.now, starts_);
                                  return !ended(0s);
                                });
  }
  bool ended(nanoseconds wait) { return !failure().ok() || stop_.wait_for(wait); }

  MasterClock& clock_;
  StopSignal& stop_;
  Progress& progress_;
  std::atomic<std::size_t> starts_ = 0;
  std::atomic<std::int64_t> skipped_ = 0;
  mutable std::mutex mutex_;
  absl::Status failure_;
};

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
    case Discipline::kChrony:
      return std::make_unique<masterclock::ChronySyncProvider>(machine);
    case Discipline::kLinuxPtp:
      return std::make_unique<masterclock::LinuxPtpSyncProvider>(machine);
    case Discipline::kKernel:
      break;
  }
  return std::make_unique<masterclock::KernelSyncProvider>(machine);
}

// Returns whether the log goes to stdout, where nothing else may be written then.
bool is_stdout(const std::string& file) {
  struct stat named {
  }, standard{};
  return ::stat(file.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &standard) == 0 &&
         named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

}  // namespace

absl::Status run_schedule(const RunOptions& options, std::ostream& out) {
  StopSignal stop;  // before there is a thread
  ManualTimeSource simulated{UtcTime{}};
  SystemTimeSource& machine = SystemTimeSource::shared();
  std::optional<StationClock> station;
  if (options.discipline) station.emplace(machine, provider_of(*options.discipline), say);
  masterclock::TimeSource* source = &simulated;
  if (options.real()) source = &machine;
  if (station) source = &station->source();
  MasterClock clock(*source);
  absl::StatusOr<GuideOptions> guide = guide_options(options.guide);
  if (!guide.ok()) return guide.status();
  if (!options.real()) {  // all playlists of a folder that the run may need
    guide->from = options.from.value_or(UtcTime::min());
    guide->until = options.to.value_or(UtcTime::max());
  }
  ScheduleService schedule(clock);
  if (absl::Status loaded = schedule.load(options.guide.paths, *guide); !loaded.ok()) return loaded;
  print_warnings(schedule);
  for (const std::string& channel : options.channels) {
    if (const auto known = schedule.get_playout_plan_now(channel); !known.ok()) {
      return known.status();
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
  std::error_code ignored;
  for (const std::string& path : options.guide.paths) {
    if (std::filesystem::equivalent(path, options.as_run, ignored)) {
      return absl::InvalidArgumentError(printable(options.as_run) + ": is the guide itself");
    }
  }
  const auto log = AsRunLog::open(
      options.as_run, options.real() ? AsRunLog::Mode::kAppend : AsRunLog::Mode::kReplace,
      guide->zone, guide->day_start);
  if (!log.ok()) return log.status();

  std::optional<UtcTime> shown_end = options.to;
  if (!shown_end && !options.real()) shown_end = span.end;
  Progress progress(clock.now_utc(), shown_end, guide->zone);
  Run run(clock, stop, progress);
  ChannelManagerOptions management;
  management.as_run = [&](const AsRunEntry& entry) {
    const auto& wanted = options.channels;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), entry.channel) == wanted.end()) {
      return absl::OkStatus();
    }
    run.count(entry);
    return (*log)->write(entry);
  };
  management.record_until = options.to.value_or(UtcTime::max());
  management.on_error = [&run](std::string_view, const absl::Status& error) { run.fail(error); };
  {
    masterclock::TimeSubscription steps;
    if (station) {
      station->start();
    } else if (options.real()) {
      steps = machine.subscribe([](const TimeChange& change) { say(step_text(change)); });
    }
    const ChannelManager manager(clock, schedule, std::move(management));
    // The last event at or before the end of a simulation fires.
    const UtcTime end = options.to ? *options.to - nanoseconds(1) : span.end;
    if (options.real()) {
      run.real(options.to);
    } else if (options.speed) {
      run.paced(simulated, *options.speed, end);
    } else {
      run.at_once(simulated, end);
    }
  }
  if (absl::Status failed = run.failure(); !failed.ok()) return failed;
  if (absl::Status closed = (*log)->close(); !closed.ok()) return closed;
  const std::string lines = run.summary() + " in " + options.as_run;
  if (stop.requested()) return absl::CancelledError("interrupted; " + lines);
  if (!is_stdout(options.as_run)) out << lines << '\n';
  return absl::OkStatus();
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
  run.callback([options, &chosen] {
    if (options->from && options->to && *options->to <= *options->from) {
      throw CLI::ValidationError("--to", "must be later than --from");
    }
    if (options->discipline && !options->real()) {
      throw CLI::ValidationError("--discipline", "needs the real clock: omit --from and --speed");
    }
    chosen = [options] { return run_schedule(*options, std::cout); };
  });
}

}  // namespace on_air
