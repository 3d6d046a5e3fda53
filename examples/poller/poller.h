// Runs the services on time: the schedule, what runs now, and what the operator asked for.
//
// A service never runs twice at a time. That holds for its runs by the schedule and by command, and for
// the commands that start and stop its container.
//
// The poller reads no clock and starts no process itself. The caller passes the reading of the clock
// with each call, and reports the end of each process.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_POLLER_H_
#define MASTERCLOCK_EXAMPLES_POLLER_POLLER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "config.h"
#include "masterclock/time/time_source.h"
#include "masterclock/timers/interval_schedule.h"
#include "report.h"
#include "runner.h"

namespace poller {

// A service is overdue when its last success is more intervals ago.
inline constexpr int kIntervalsAllowed = 3;

struct PollerHooks {
  std::function<void(const Report&)> report;
  std::function<void(const std::string&)> log;  // for the operator: lines of printable text
};

// A row of the operator's table.
struct ServiceView {
  std::string name, state;  // "running", "waiting", "fresh", "overdue", "never", "on demand"
  std::string last_status;  // Outcome::text() of the last run
  std::optional<masterclock::SteadyTime> last_start{}, next_due{};
  std::chrono::nanoseconds interval{};
  std::int64_t missed = 0, failures = 0;
  int failures_in_a_row = 0;
};

// Threads: one owner.
class Poller {
 public:
  using Now = masterclock::TimeReading;
  // Receives the end of what a command started, or the reason why it did not start.
  using Done = std::function<void(const absl::Status&)>;

  Poller(Runner& runner, PollerHooks hooks, std::uint64_t jitter_seed = 0)
      : runner_(runner), hooks_(std::move(hooks)), schedule_(jitter_seed) {}

  // Replaces the configuration. Runs go on.
  //
  // Errors: InvalidArgument; the old configuration stays.
  absl::Status configure(const Now& now, Config config);
  [[nodiscard]] const Config& config() const noexcept { return config_; }

  // Starts what is due.
  void turn(const Now& now);
  [[nodiscard]] std::optional<masterclock::SteadyTime> next_wake() const;

  // Ends the process that `Runner::start` started under `id`.
  void ended(const Now& now, std::uint64_t id, const Outcome& outcome);

  // Starts a run out of turn. `service` is a result of Config::resolve.
  //
  // Errors: FailedPrecondition while it runs, and after drain(); those of Runner::start.
  absl::Status trigger(const Now& now, const std::string& service);

  // Starts a run with other variables, which does not count as a poll. `done` gets its end.
  absl::Status run_with(const Now& now, const std::string& service,
                        const std::map<std::string, std::string>& env, Done done);

  // Starts a service for an unknown time, or its container.
  absl::Status start(const Now& now, const std::string& service, Done done);
  absl::Status stop(const Now& now, const std::string& service, Done done);
  absl::Status restart(const Now& now, const std::string& service, Done done);

  [[nodiscard]] bool is_running(const std::string& service) const;

  // While on, a run that succeeds is a sign of life, and `turn` reports the services that become overdue.
  // Off while Redis has the health.
  void watch_health(const Now& now, bool on);
  // Takes a sign of life from elsewhere.
  void note_success(const Now& now, const std::string& service, masterclock::SteadyTime at);
  // Reports the services that have become overdue, each once.
  void report_overdue(const Now& now);

  // Starts nothing more.
  void drain();
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  [[nodiscard]] bool idle() const noexcept { return active_ == 0; }
  void stop_all(const Now& now);

  [[nodiscard]] std::vector<ServiceView> view(const Now& now) const;

  // Of all services, for status:orchestrator.
  struct Totals {
    std::int64_t runs = 0, failures = 0;
    std::optional<masterclock::UtcTime> last_run{}, last_success{};
    std::string last_error{};
  };
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }

 private:
  // One or more processes, one after the other. The end of the last one is the end of the work.
  struct Work {
    std::vector<Launch> launches;
    bool is_run = false;         // is reported
    bool is_poll = false;        // counts for the schedule
    bool done_at_start = false;  // `done` does not wait for the end
    Done done{};
  };
  struct Active {
    std::uint64_t id = 0;                 // of the process
    masterclock::UtcTime due{}, start{};  // as reported at the start, whatever UTC does meanwhile
    masterclock::DueRun run{};
    Work work{};
    std::size_t step = 0;
  };
  struct State {
    const Service* service = nullptr;
    std::optional<Active> active{};
    std::optional<Work> next{};                    // follows the end of `active`
    std::optional<masterclock::DueRun> waiting{};  // a poll that is due, behind other work
    bool up = false;                               // compose has started the container
    std::int64_t missed = 0, failures = 0;
    int failures_in_a_row = 0;
    std::string last_status{};
    std::optional<masterclock::SteadyTime> last_start{}, last_success{};  // of the runs
    // The last sign of life, or else the instant since which the service has an interval.
    masterclock::SteadyTime since{};
    bool scheduled = false, succeeded = false, overdue = false;
    std::optional<masterclock::SteadyTime> overdue_at{};  // an entry of `deadlines_`
    std::optional<masterclock::SteadyTime> overlap_at{};  // an entry of `overlaps_`
  };
  using States = std::map<std::string, State>;
  using Place = States::value_type;
  struct Instant {
    masterclock::SteadyTime at;
    Place* place;
    friend bool operator<(const Instant& a, const Instant& b) {
      return a.at != b.at ? a.at < b.at : a.place->first < b.place->first;
    }
  };
  using Instants = std::set<Instant>;

  absl::Status begin(const Now& now, Place& place, Work work);
  absl::Status begin_after(const Now& now, Place& place, Work work);
  absl::Status begin_run(const Now& now, Place& place, masterclock::DueRun run, Work work);
  absl::Status launch(const Now& now, Place& place);
  void start_poll(const Now& now, Place& place, masterclock::DueRun run);
  void finish(const Now& now, Place& place, const Outcome& outcome);
  void forget_if_unlisted(Place& place);
  static void set(Instants& all, Place& place, std::optional<masterclock::SteadyTime>& entry,
                  std::optional<masterclock::SteadyTime> at);
  void watch_overlap(Place& place, masterclock::SteadyTime from);
  void report_overlapped(const Now& now, Place& place, masterclock::SteadyTime until);
  void note_success(Place& place, const Now& now, masterclock::SteadyTime at);
  void set_deadline(Place& place);
  void log_failure(const std::string& service, const Outcome& outcome) const;
  [[nodiscard]] absl::Status refusal(const std::string& service) const;
  Place& place_of(const std::string& service);

  Runner& runner_;
  const PollerHooks hooks_;
  masterclock::IntervalSchedule schedule_;
  Config config_;
  States states_;
  std::map<std::uint64_t, Place*> processes_;  // by id
  std::size_t active_ = 0;
  // Of the scheduled services that are not overdue, and of the runs under Overlap::kSkip.
  Instants deadlines_, overlaps_;
  Totals totals_;
  std::uint64_t ids_ = 0;
  bool draining_ = false, watches_health_ = true;
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_POLLER_H_
