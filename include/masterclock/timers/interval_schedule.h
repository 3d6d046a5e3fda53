// Decides which jobs to start now. A job is a name that is due once per interval.
//
// Each job has its own grid: the first due instant, and every interval after that. A late start, a
// long run or a manual run does not move the grid. Nothing drifts, and nothing is rounded to the
// tick of a loop. All instants are steady time: a step of UTC neither stops the polling nor makes
// all jobs due at once.
//
// A job never runs twice at once. Grid instants that fall due during a run (kBufferOne) or a stall
// become one run with a count of the missed instants. No burst follows, however long the stall was.
//
// IntervalSchedule does not start jobs, wait or read a clock. The caller asks which runs are due,
// starts them, and reports when each one ends:
//
//   for (const DueRun& run : schedule.take_due(now)) runner.start(run);  // counts as running
//   schedule.finished(now, run.id, succeeded);                           // no longer running
//   wait until schedule.next_due(), or until a run has ended
//
// Threads: one at a time; the loop that owns the schedule.
// Cost:    O(log n) per run; a jump of years is one division. When memory runs out, an operation
//          changes nothing.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::IntervalSchedule schedule;
//   masterclock::SteadyTime t{};
//   assert(schedule.update(t, {{"weather", {.interval = 5min}}}).ok());
//   const auto first = schedule.take_due(t);           // every job is due at start-up
//   assert(first.size() == 1 && schedule.take_due(t).empty());
//   schedule.finished(t + 16min, first[0].id, true);   // the run took 16 minutes
//   const auto second = schedule.take_due(t + 16min);
//   assert(second.size() == 1 && second[0].due == t + 15min && second[0].missed == 2);
//   assert(schedule.next_due() == std::nullopt);       // the only job is running
#ifndef MASTERCLOCK_TIMERS_INTERVAL_SCHEDULE_H_
#define MASTERCLOCK_TIMERS_INTERVAL_SCHEDULE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/interval_values.h"

namespace masterclock::inline v0_2 {

class IntervalSchedule {
 public:
  explicit IntervalSchedule(std::uint64_t jitter_seed = 0) noexcept : seed_(jitter_seed) {}
  IntervalSchedule(const IntervalSchedule&) = delete;  // the order refers to the jobs
  IntervalSchedule& operator=(const IntervalSchedule&) = delete;

  // Replaces the whole map. A new job is due at once. A removed job gets no further run; its current
  // run may end. A changed interval counts from the grid instant last served, so a shorter interval
  // may be due now. An unchanged job keeps its grid.
  //
  // Errors: InvalidArgument, with the job's name. On an error nothing changes.
  absl::Status update(SteadyTime now, std::map<std::string, IntervalOptions> intervals) {
    Jobs next;
    std::uint64_t generations = generations_;
    for (auto& [name, options] : intervals) {
      if (absl::Status fault = check(name, options); !fault.ok()) return fault;
      const auto old = jobs_.find(name);
      Job job = old != jobs_.end() ? old->second : new_job(name, now, ++generations);
      if (options.interval != job.options.interval) restart_grid(job, options.interval);
      const bool redraws = options.jitter != job.options.jitter;
      job.options = options;
      if (redraws) draw_delay(name, job);
      next.emplace(name, job);
    }
    std::set<Turn> order;
    for (Place& place : next) order.insert(turn_of(place));
    jobs_.swap(next);  // the places of a map keep their addresses
    order_.swap(order);
    generations_ = generations;
    return absl::OkStatus();
  }

  // Returns one run of each job that is due and not running, and marks these jobs as running. The
  // order is by the instant since which a job has been due, then by name.
  [[nodiscard]] std::vector<DueRun> take_due(SteadyTime now) {
    std::vector<DueRun> runs;
    std::vector<Start> starts;
    for (const Turn& turn : order_) {
      if (!turn.waits || turn.at > now) break;
      const Job& job = turn.place->second;
      starts.push_back({turn.place, job, due_of(job).value_or(now)});
    }
    if (starts.empty()) return runs;
    std::sort(starts.begin(), starts.end());
    for (Start& start : starts) runs.push_back(serve(start, now));
    begin(starts, runs, now);
    return runs;
  }

  // Returns a manual run of a job, out of turn, and marks the job as running.
  //
  // Errors: NotFound; FailedPrecondition while the job runs.
  absl::StatusOr<DueRun> trigger(SteadyTime now, std::string_view name) {
    const auto found = jobs_.find(name);
    if (found == jobs_.end()) return absl::NotFoundError("no job " + internal::quoted(name));
    if (found->second.running) {
      return absl::FailedPreconditionError("job " + internal::quoted(name) + " is running");
    }
    std::vector<Start> starts{{&*found, found->second, now}};
    std::vector<DueRun> runs{{0, found->first, now, 0, true}};
    begin(starts, runs, now);
    return std::move(runs.front());
  }

  // Ends a run. Returns false and does nothing if the run is unknown or has ended.
  bool finished(SteadyTime now, std::uint64_t run_id, bool succeeded) {
    const auto found = runs_.find(run_id);
    if (found == runs_.end()) return false;
    const Run& run = found->second;
    if (const auto place = jobs_.find(run.name); place != jobs_.end()) {
      Job job = place->second;
      job.running = false;
      if (job.generation == run.generation) end(job, run.start, now, succeeded);
      replace(*place, job);
    }
    runs_.erase(found);
    return true;
  }

  // Returns the earliest due instant of the jobs that are not running. The instant may be past.
  [[nodiscard]] std::optional<SteadyTime> next_due() const noexcept {
    if (order_.empty() || !order_.begin()->waits) return std::nullopt;
    return order_.begin()->at;
  }

  // Returns the first grid instant at or after `from` that no run of a job has served, also while the
  // job runs. None for an unknown job, and beyond the end of time.
  [[nodiscard]] std::optional<SteadyTime> next_instant(std::string_view name,
                                                       SteadyTime from) const noexcept {
    const auto found = jobs_.find(name);
    if (found == jobs_.end()) return std::nullopt;
    Job job = found->second;
    if (job.next && *job.next < from) pass(job, from - std::chrono::nanoseconds(1));
    return job.next;
  }

  // Returns the health of every job. A job is overdue when its last success ended strictly more
  // than `intervals_allowed` intervals ago.
  [[nodiscard]] std::vector<IntervalHealth> health(SteadyTime now,
                                                   int intervals_allowed = 3) const {
    std::vector<IntervalHealth> all;
    all.reserve(jobs_.size());
    for (const auto& [name, job] : jobs_) {
      const auto next = job.running ? std::nullopt : start_of(job);
      all.push_back({name, freshness_of(job, now, intervals_allowed), job.running, job.failures,
                     job.overlapped, job.last_start, job.last_success, next, job.last_overlapped});
    }
    return all;
  }
  [[nodiscard]] std::size_t running() const noexcept { return runs_.size(); }

 private:
  // A plain value: an operation changes a copy, and replaces the job when nothing can fail.
  struct Job {
    IntervalOptions options{};
    // The earliest grid instant that is not served, dropped or owed. None: the grid has reached the
    // end of time.
    std::optional<SteadyTime> next{};
    // The instants before a manual run under Overlap::kSkip. The next run serves them.
    std::int64_t owed = 0;
    SteadyTime first_owed{}, last_owed{};
    std::optional<SteadyTime> served{};    // the grid instant of the last run
    std::optional<SteadyTime> retry_at{};  // replaces `next` until a run succeeds
    std::chrono::nanoseconds delay{};      // the jitter of the next start
    std::uint64_t starts = 0, generation = 0;
    int failures = 0;
    std::int64_t overlapped = 0;
    std::optional<SteadyTime> last_start{}, last_success{}, last_overlapped{};
    bool running = false;
  };
  using Jobs = std::map<std::string, Job, std::less<>>;
  using Place = Jobs::value_type;
  // The order of the jobs: those that wait for a start, by its instant; then the others.
  struct Turn {
    bool waits;
    SteadyTime at;
    Place* place;
    friend bool operator<(const Turn& a, const Turn& b) noexcept {
      return std::tie(b.waits, a.at, a.place->first) < std::tie(a.waits, b.at, b.place->first);
    }
  };
  struct Start {
    Place* place;
    Job job;           // after the start
    SteadyTime since;  // the instant since which the job has been due
    friend bool operator<(const Start& a, const Start& b) noexcept {
      return std::tie(a.since, a.place->first) < std::tie(b.since, b.place->first);
    }
  };
  struct Run {
    std::string name;
    std::uint64_t generation;  // of the job: a job that was added again has another one
    SteadyTime start;
  };

  static absl::Status check(const std::string& name, const IntervalOptions& options) {
    constexpr std::chrono::nanoseconds kZero{};
    const char* fault = nullptr;
    if (options.interval <= kZero) fault = "the interval is not positive";
    if (options.jitter < kZero) fault = "the jitter is negative";
    if (options.jitter > kZero && options.jitter >= options.interval) {
      fault = "the jitter is not less than the interval";
    }
    if (fault == nullptr) return absl::OkStatus();
    return absl::InvalidArgumentError("job " + internal::quoted(name) + ": " + fault);
  }

  // A job that was removed and added again waits for the end of its run.
  Job new_job(const std::string& name, SteadyTime now, std::uint64_t generation) const {
    Job job;
    job.next = now;
    job.generation = generation;
    job.running = std::any_of(runs_.begin(), runs_.end(),
                              [&](const auto& run) { return run.second.name == name; });
    return job;
  }

  // Returns the instant since which a job is due, and the instant of its next start.
  static std::optional<SteadyTime> due_of(const Job& job) noexcept {
    if (job.retry_at) return job.retry_at;
    return job.owed > 0 ? job.first_owed : job.next;
  }
  static std::optional<SteadyTime> start_of(const Job& job) noexcept {
    const std::optional<SteadyTime> due = due_of(job);
    return due && !job.retry_at ? saturating_add(*due, job.delay) : due;
  }
  static Turn turn_of(Place& place) noexcept {
    const Job& job = place.second;
    const std::optional<SteadyTime> start = job.running ? std::nullopt : start_of(job);
    return {start.has_value(), start.value_or(SteadyTime{}), &place};
  }

  // Replaces a job and its turn. Does not allocate.
  void replace(Place& place, const Job& job) {
    auto node = order_.extract(turn_of(place));
    place.second = job;
    node.value() = turn_of(place);
    order_.insert(std::move(node));
  }

  // Marks the jobs as running, all or none, and numbers the runs.
  void begin(std::vector<Start>& starts, std::vector<DueRun>& runs, SteadyTime now) {
    std::map<std::uint64_t, Run> fresh;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      runs[i].id = ids_ + i + 1;
      fresh.emplace(runs[i].id, Run{runs[i].name, starts[i].job.generation, now});
    }
    ids_ += runs.size();
    runs_.merge(fresh);  // does not allocate
    for (Start& start : starts) {
      start.job.last_start = now;
      ++start.job.starts;
      start.job.running = true;
      draw_delay(start.place->first, start.job);
      replace(*start.place, start.job);
    }
  }

  // Returns `at + by`, or none beyond the end of time. `by` is not negative.
  static std::optional<SteadyTime> later(SteadyTime at, std::chrono::nanoseconds by) noexcept {
    if (at > SteadyTime::max() - by) return std::nullopt;
    return at + by;
  }

  // Lets the grid count from the instant last served, or else from the earliest instant.
  static void restart_grid(Job& job, std::chrono::nanoseconds interval) noexcept {
    if (job.served) {
      job.next = later(*job.served, interval);
    } else if (job.owed > 0) {
      job.next = job.first_owed;
    }
    job.owed = 0;
  }

  struct Passed {
    std::int64_t instants = 0;
    SteadyTime last{};
  };
  // Passes the grid instants up to `until`, `until` included.
  static Passed pass(Job& job, SteadyTime until) noexcept {
    if (!job.next || *job.next > until) return {};
    // Unsigned: the span may be longer than a duration can be.
    const auto from = static_cast<std::uint64_t>(job.next->time_since_epoch().count());
    const auto interval = static_cast<std::uint64_t>(job.options.interval.count());
    const std::uint64_t whole =
        (static_cast<std::uint64_t>(until.time_since_epoch().count()) - from) / interval;
    const SteadyTime last{
        std::chrono::nanoseconds(static_cast<std::int64_t>(from + whole * interval))};
    job.next = later(last, job.options.interval);
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    return {static_cast<std::int64_t>(std::min(whole, kMost - 1)) + 1, last};
  }

  // Lets the job of `start` serve the owed instants, and those up to `now`. Returns its run.
  static DueRun serve(Start& start, SteadyTime now) {
    Job& job = start.job;
    const std::optional<SteadyTime> retry = std::exchange(job.retry_at, std::nullopt);
    const std::int64_t owed = std::exchange(job.owed, 0);
    const Passed passed = pass(job, now);
    const std::int64_t instants = internal::saturating_sum(owed, passed.instants);
    if (instants > 0) job.served = passed.instants > 0 ? passed.last : job.last_owed;
    if (!retry) return {0, start.place->first, *job.served, instants - 1, false};
    // A grid instant that is the start of the retry is the one that the retry serves.
    const bool serves_one = instants > 0 && job.served == now;
    return {0, start.place->first, *retry, instants - (serves_one ? 1 : 0), false};
  }

  // Drops the instants that fell due during the run. Instants before a manual run stay owed. The
  // instant at which the run ends is not dropped.
  static void drop_overlapped(Job& job, SteadyTime start, SteadyTime now) noexcept {
    constexpr std::chrono::nanoseconds kOne(1);
    if (job.next && *job.next < start) {
      if (job.owed == 0) job.first_owed = *job.next;
      const Passed before = pass(job, start - kOne);
      job.owed = internal::saturating_sum(job.owed, before.instants);
      job.last_owed = before.last;
    }
    if (!job.next || *job.next >= now) return;
    const Passed dropped = pass(job, now - kOne);
    job.overlapped = internal::saturating_sum(job.overlapped, dropped.instants);
    job.last_overlapped = dropped.last;
  }

  static void end(Job& job, SteadyTime start, SteadyTime now, bool succeeded) noexcept {
    if (job.options.overlap == Overlap::kSkip) drop_overlapped(job, start, now);
    job.retry_at.reset();
    if (succeeded) {
      job.failures = 0;
      job.last_success = now;
      return;
    }
    if (job.failures < std::numeric_limits<int>::max()) ++job.failures;
    if (!job.options.retry) return;
    const auto delay = job.options.retry->delay_after(job.failures);
    if (!delay) return;
    job.retry_at = later(now, *delay);
    if (job.retry_at) return;
    job.owed = 0;  // no retry and no grid instant before the end of time
    job.next.reset();
  }

  static Freshness freshness_of(const Job& job, SteadyTime now, int intervals_allowed) noexcept {
    if (!job.last_success) return Freshness::kNever;
    const std::chrono::nanoseconds age = saturating_difference(now, *job.last_success);
    const std::int64_t whole = age / job.options.interval;
    const bool more = (age % job.options.interval).count() > 0;
    const bool overdue = whole > intervals_allowed || (whole == intervals_allowed && more);
    return overdue ? Freshness::kOverdue : Freshness::kFresh;
  }

  // Chooses the delay of the next start: splitmix64 over the seed, the name and the count of starts.
  void draw_delay(std::string_view name, Job& job) const noexcept {
    job.delay = {};
    if (job.options.jitter <= job.delay) return;
    std::uint64_t mixed = seed_ + (job.starts + 1) * 0x9e3779b97f4a7c15;
    for (const char c : name) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    job.delay = std::chrono::nanoseconds(
        static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(job.options.jitter.count())));
  }

  Jobs jobs_;
  std::set<Turn> order_;               // of every job
  std::map<std::uint64_t, Run> runs_;  // by id, also of jobs that were removed
  std::uint64_t seed_, ids_ = 0, generations_ = 0;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_INTERVAL_SCHEDULE_H_
