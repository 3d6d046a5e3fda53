#include "run_command.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
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

// How far the run has come, in one line that is written over and over. Nothing where stderr is not
// a terminal.
class Progress {
 public:
  Progress(UtcTime from, std::optional<UtcTime> to, masterclock::Zone zone)
      : from_(from), to_(to), zone_(zone), shown_(::isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  }

  [[nodiscard]] bool shown() const noexcept { return shown_; }

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
    std::string line = "\r" + local_text(second, zone_) + "  ";
    if (to_)
      line += bar(part, 30) + " " + fit_right(std::to_string(thousandth / 10) + " %", 5) + "  ";
    line += std::to_string(starts) + " starts";
    std::cerr << line << "\x1b[K" << std::flush;
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

// Readable once the source has announced a change.
class ChangeEvent {
 public:
  explicit ChangeEvent(masterclock::TimeSource& source)
      : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        subscription_(source.subscribe([fd = fd_](const TimeChange&) {
          const std::uint64_t one = 1;
          (void)!::write(fd, &one, sizeof one);
        })) {}
  ChangeEvent(const ChangeEvent&) = delete;
  ChangeEvent& operator=(const ChangeEvent&) = delete;
  ~ChangeEvent() {
    subscription_.reset();
    ::close(fd_);
  }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  void clear() {
    std::uint64_t count = 0;
    (void)!::read(fd_, &count, sizeof count);
  }

 private:
  int fd_;
  masterclock::TimeSubscription subscription_;
};

// One life of a schedule. Each of the three ways to live through it ends at `to`, when nothing is
// left to come, when somebody interrupts, or when the log cannot be written.
class Run {
 public:
  Run(MasterClock& clock, AsRunLog& log, StopSignal& stop, Progress& progress,
      std::optional<UtcTime> to)
      : clock_(clock), log_(log), stop_(stop), progress_(progress), to_(to) {}

  // From boundary to boundary, as fast as can be.
  void at_once(ManualTimeSource& source) {
    while (!ended(0s)) {
      const std::optional<UtcTime> next = next_until_end();
      if (!next) return;
      go_to(source, *next);
      clock_.trigger_scheduled_events();
      progress_.show(source.now_utc(), log_.lines());
    }
  }

  // At `speed` simulated seconds a second, by the system's steady clock. Counted from the beginning,
  // so that waking late at a boundary does not make the rest of the schedule late.
  void paced(ManualTimeSource& source, double speed) {
    using Seconds = std::chrono::duration<double>;
    const SystemTimeSource& system = SystemTimeSource::shared();
    const SteadyTime started = system.now_steady();
    const UtcTime from = source.now_utc();
    for (;;) {
      const std::optional<UtcTime> next = next_until_end();
      const std::optional<UtcTime> goal = next ? next : to_;
      if (!goal) return;
      const Seconds until_goal = *goal - from;  // simulated
      const Seconds wait = until_goal / speed - Seconds(system.now_steady() - started);
      if (ended(wait < longest_wait() ? std::chrono::ceil<nanoseconds>(wait) : longest_wait())) {
        return;
      }
      const Seconds passed = Seconds(system.now_steady() - started) * speed;
      const bool there = passed >= until_goal;
      go_to(source, there ? *goal : from + std::chrono::floor<nanoseconds>(passed));
      if (there && !next) return;
      clock_.trigger_scheduled_events();
      progress_.show(source.now_utc(), log_.lines());
    }
  }

  // On the real clock, until somebody interrupts.
  void real() {
    ChangeEvent changed(clock_.source());
    UtcTime now = UtcTime::min();
    for (;;) {
      clock_.trigger_scheduled_events();
      const UtcTime before = std::exchange(now, clock_.source().now_utc());
      progress_.show(now, log_.lines());
      if (to_ && now >= *to_) return;
      nanoseconds wait = longest_wait();
      if (const auto next = clock_.next_event_time()) wait = std::min(wait, *next - now);
      if (to_) wait = std::min(wait, *to_ - now);
      if (now <= before) wait = std::max<nanoseconds>(wait, 1ms);  // what is held comes no nearer
      if (ended(wait, changed.fd())) return;
      changed.clear();
    }
  }

  void fail(const absl::Status& error) { failure_.Update(error); }
  [[nodiscard]] const absl::Status& failure() const noexcept { return failure_; }

 private:
  // The next event, if it is due before the end.
  [[nodiscard]] std::optional<UtcTime> next_until_end() const {
    const std::optional<UtcTime> next = clock_.next_event_time();
    return next && (!to_ || *next < *to_) ? next : std::nullopt;
  }
  [[nodiscard]] nanoseconds longest_wait() const { return progress_.shown() ? 100ms : 1s; }
  bool ended(nanoseconds wait, int wake_fd = -1) {
    return !failure_.ok() || stop_.wait_for(wait, wake_fd);
  }
  static void go_to(ManualTimeSource& source, UtcTime time) {
    source.advance(std::max(time - source.now_utc(), nanoseconds(0)));
  }

  MasterClock& clock_;
  AsRunLog& log_;
  StopSignal& stop_;
  Progress& progress_;
  const std::optional<UtcTime> to_;
  absl::Status failure_;
};

// From the first instant at which something is on to the last at which something changes.
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

// Whoever reads the log from stdout reads JSON and nothing else.
bool is_stdout(const std::string& file) {
  struct stat named {
  }, standard{};
  return ::stat(file.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &standard) == 0 &&
         named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

}  // namespace

absl::Status run_schedule(const RunOptions& options, std::ostream& out) {
  ManualTimeSource simulated{UtcTime{}};
  SystemTimeSource& machine = SystemTimeSource::shared();
  std::optional<StopSignal> stop;
  std::optional<StationClock> station;
  if (options.discipline) {
    stop.emplace();  // before there is a thread
    station.emplace(machine, provider_of(*options.discipline), [](const std::string& line) {
      std::cerr << (::isatty(STDERR_FILENO) == 1 ? "\r\x1b[K" : "") + ("on_air: " + line + "\n");
    });
  }
  masterclock::TimeSource* source = &simulated;
  if (options.real()) source = &machine;
  if (station) source = &station->source();
  MasterClock clock(*source);
  const auto zone = clock.zone(options.zone);
  if (!zone.ok()) return zone.status();
  ScheduleService schedule(clock);
  if (absl::Status loaded =
          schedule.load(options.guide, {.zone = *zone, .day_start = options.day_start});
      !loaded.ok()) {
    return loaded;
  }
  for (const std::string& channel : options.channels) {
    if (const auto known = schedule.get_playout_plan_now(channel); !known.ok()) {
      return known.status();
    }
  }
  const Span span = span_of(*schedule.guide());
  if (!options.real()) {
    if (!options.from && span.begin == UtcTime::max()) {
      return absl::InvalidArgumentError(printable(options.guide) +
                                        ": no programme, and no --from to begin at");
    }
    simulated.set_utc(options.from.value_or(span.begin));
    if (options.to && *options.to <= simulated.now_utc()) {
      return absl::InvalidArgumentError("--to is not later than " + utc_text(simulated.now_utc()) +
                                        ", where the guide begins");
    }
  }
  std::error_code ignored;
  if (std::filesystem::equivalent(options.guide, options.as_run, ignored)) {
    return absl::InvalidArgumentError(printable(options.as_run) + ": is the guide itself");
  }
  if (!stop) stop.emplace();  // from here on there is something to close
  const auto log = AsRunLog::open(
      options.as_run, options.real() ? AsRunLog::Mode::kAppend : AsRunLog::Mode::kReplace, *zone,
      options.day_start);
  if (!log.ok()) return log.status();

  std::optional<UtcTime> shown_end = options.to;
  if (!shown_end && !options.real()) shown_end = span.end;
  Progress progress(clock.source().now_utc(), shown_end, *zone);
  Run run(clock, **log, *stop, progress, options.to);
  ChannelManagerOptions management;
  management.as_run = [&](const AsRunEntry& entry) {
    // A real clock is never asked at the very end, but after it.
    if (options.to && entry.planned_start >= *options.to) return absl::OkStatus();
    const auto& wanted = options.channels;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), entry.channel) == wanted.end()) {
      return absl::OkStatus();
    }
    return (*log)->write(entry);
  };
  management.on_error = [&run](std::string_view, const absl::Status& error) { run.fail(error); };
  {
    if (station) {
      station->refresh();
      station->start();
    }
    const ChannelManager manager(clock, schedule, std::move(management));
    if (options.real()) {
      run.real();
    } else if (options.speed) {
      run.paced(simulated, *options.speed);
    } else {
      run.at_once(simulated);
    }
  }
  if (!run.failure().ok()) return run.failure();
  if (absl::Status closed = (*log)->close(); !closed.ok()) return closed;
  const std::string lines =
      std::to_string((*log)->lines()) + " programme starts in " + options.as_run;
  if (stop->requested()) return absl::CancelledError("interrupted; " + lines);
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
  CLI::App& run =
      *app.add_subcommand("run", "lives through the schedule and writes the as-run log");
  add_guide(run, options->guide);
  common::add_time(run, "--from", options->from, "begin then, on simulated time");
  common::add_time(run, "--to", options->to, "end then");
  common::add_parsed(
      run, "--speed", options->speed,
      "seconds of schedule a second, or max; 1, unless given, which without --from is the "
      "real clock",
      [](const std::string& text) { return parse_speed(text); })
      ->type_name("N|max");
  common::add_parsed(
      run, "--discipline", options->discipline,
      "live by UTC that never runs backward, by what this one knows of the real clock; what is "
      "corrected is told on stderr",
      [](const std::string& text) { return parse_discipline(text); })
      ->type_name("kernel|chrony|linuxptp");
  run.add_option("--as-run", options->as_run, "the log: JSON lines, one a programme start")
      ->required()
      ->type_name("FILE");
  run.add_option("--channel", options->channels, "log only this one; may be given several times")
      ->type_name("ID")
      ->allow_extra_args(false);
  add_zone(run, options->zone);
  add_day_start(run, options->day_start);
  run.callback([options, &chosen] {
    if (options->from && options->to && *options->to <= *options->from) {
      throw CLI::ValidationError("--to", "must be later than --from");
    }
    if (options->discipline && !options->real()) {
      throw CLI::ValidationError("--discipline",
                                 "is for the real clock: without --from and --speed");
    }
    chosen = [options] { return run_schedule(*options, std::cout); };
  });
}

}  // namespace on_air
