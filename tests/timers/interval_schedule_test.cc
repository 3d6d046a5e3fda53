#include "masterclock/timers/interval_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "masterclock/testing/manual_time_source.h"

namespace masterclock::interval_schedule_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;
using Code = absl::StatusCode;
using Map = std::map<std::string, IntervalOptions>;

constexpr SteadyTime kStart{100s};

// Takes the only due run at `now`.
DueRun take_one(IntervalSchedule& schedule, SteadyTime now) {
  const std::vector<DueRun> runs = schedule.take_due(now);
  EXPECT_EQ(runs.size(), 1u);
  return runs.empty() ? DueRun{} : runs.front();
}
IntervalHealth health_of(const IntervalSchedule& schedule, SteadyTime now) {
  return schedule.health(now).front();
}

// The promises of the room about intervals.

TEST(IntervalSchedule, NothingDriftsAndNothingIsRoundedToTheTickOfALoop) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 1s}}}).ok());
  // A loop of 30 ms takes each run late, and each run lasts 400 ms.
  for (int k = 0; k < 1'000; ++k) {
    const SteadyTime due = kStart + k * 1s;
    SteadyTime now = kStart + (due - kStart + 29ms) / 30ms * 30ms;
    const DueRun run = take_one(schedule, now);
    EXPECT_EQ(run.due, due);
    EXPECT_EQ(run.missed, 0);
    EXPECT_TRUE(schedule.finished(now + 400ms, run.id, true));
  }
}

TEST(IntervalSchedule, AStallMakesOneRunAndNoBurst) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 1s}}}).ok());
  EXPECT_TRUE(schedule.finished(kStart, take_one(schedule, kStart).id, true));
  const SteadyTime later = kStart + 24h * 3'650 + 300ms;
  const DueRun run = take_one(schedule, later);
  EXPECT_EQ(run.due, later - 300ms);
  EXPECT_EQ(run.missed, std::int64_t{3'650} * 86'400 - 1);
  EXPECT_TRUE(schedule.take_due(later).empty());
  EXPECT_TRUE(schedule.finished(later, run.id, true));
  EXPECT_TRUE(schedule.take_due(later).empty());
}

TEST(IntervalSchedule, AJobNeverRunsTwiceAtATime) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 1s}}}).ok());
  const DueRun run = take_one(schedule, kStart);
  EXPECT_TRUE(schedule.take_due(kStart + 5s).empty());
  EXPECT_EQ(schedule.trigger(kStart + 5s, "a").status().code(), Code::kFailedPrecondition);
  // A job that was removed and added again waits for the end of its run.
  ASSERT_TRUE(schedule.update(kStart + 6s, {}).ok());
  ASSERT_TRUE(schedule.update(kStart + 6s, {{"a", {.interval = 1s}}}).ok());
  EXPECT_TRUE(schedule.take_due(kStart + 7s).empty());
  EXPECT_EQ(schedule.next_due(), std::nullopt);
  EXPECT_EQ(schedule.running(), 1u);
  EXPECT_TRUE(schedule.finished(kStart + 8s, run.id, true));
  EXPECT_FALSE(schedule.finished(kStart + 8s, run.id, true));
  EXPECT_EQ(health_of(schedule, kStart + 8s).freshness, Freshness::kNever)
      << "the run was that of the removed job";
  EXPECT_NE(take_one(schedule, kStart + 8s).id, run.id);
}

TEST(IntervalSchedule, AChangedIntervalCountsFromTheGridInstantLastServed) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 60s}}}).ok());
  EXPECT_TRUE(schedule.finished(kStart + 3s, take_one(schedule, kStart + 2s).id, true));
  ASSERT_TRUE(schedule.update(kStart + 10s, {{"a", {.interval = 30s}}}).ok());
  EXPECT_EQ(schedule.next_due(), kStart + 30s);
  ASSERT_TRUE(schedule.update(kStart + 10s, {{"a", {.interval = 5s}}}).ok());
  EXPECT_EQ(take_one(schedule, kStart + 10s).due, kStart + 10s);
  ASSERT_TRUE(schedule.update(kStart + 10s, {{"a", {.interval = 5s}}}).ok());
  EXPECT_TRUE(schedule.take_due(kStart + 11s).empty());
}

TEST(IntervalSchedule, ASourceThatNeverSucceededIsNeitherOverdueNorFresh) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 10s}}}).ok());
  EXPECT_TRUE(schedule.finished(kStart, take_one(schedule, kStart).id, false));
  EXPECT_EQ(health_of(schedule, kStart + 1h).freshness, Freshness::kNever);
  EXPECT_EQ(health_of(schedule, kStart + 1h).failures, 1);
  EXPECT_TRUE(schedule.finished(kStart + 1h, take_one(schedule, kStart + 1h).id, true));
  EXPECT_EQ(health_of(schedule, kStart + 1h + 30s).freshness, Freshness::kFresh);
  EXPECT_EQ(health_of(schedule, kStart + 1h + 30s + 1ns).freshness, Freshness::kOverdue);
  EXPECT_EQ(schedule.health(kStart + 1h + 31s, 4).front().freshness, Freshness::kFresh);
}

TEST(IntervalSchedule, AStepOfUtcMovesNoRun) {
  testing::ManualTimeSource source(UtcTime(1'000s));
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(source.now_steady(), {{"a", {.interval = 10s}}}).ok());
  for (int k = 0; k < 4; ++k) {
    const SteadyTime now = source.now_steady();
    EXPECT_EQ(take_one(schedule, now).due, now);
    EXPECT_TRUE(schedule.finished(now, static_cast<std::uint64_t>(k) + 1, true));
    source.step_utc(k % 2 == 0 ? 3'600s : -7'200s);
    EXPECT_EQ(schedule.next_due(), now + 10s);
    source.advance(10s);
  }
}

// The other properties.

TEST(IntervalSchedule, RefusesAMapAsAWhole) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 10s}}}).ok());
  const IntervalOptions wrong[] = {{.interval = 0s},
                                   {.interval = -1s},
                                   {.interval = 1s, .jitter = -1ns},
                                   {.interval = 1s, .jitter = 1s}};
  for (const IntervalOptions& options : wrong) {
    const absl::Status status =
        schedule.update(kStart, {{"b", {.interval = 1s}}, {"c\n", options}});
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_NE(status.message().find(R"('c\x0a')"), std::string::npos) << status;
    EXPECT_EQ(schedule.health(kStart).size(), 1u);
  }
  EXPECT_EQ(schedule.trigger(kStart, "b").status().code(), Code::kNotFound);
  EXPECT_EQ(take_one(schedule, kStart).name, "a");
}

TEST(IntervalSchedule, AManualRunLeavesTheGridAlone) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 10s}}}).ok());
  EXPECT_TRUE(schedule.finished(kStart, take_one(schedule, kStart).id, true));
  const DueRun run = schedule.trigger(kStart + 7s, "a").value();
  EXPECT_TRUE(run.manual);
  EXPECT_EQ(run.due, kStart + 7s);
  EXPECT_TRUE(schedule.finished(kStart + 8s, run.id, true));
  EXPECT_EQ(schedule.next_due(), kStart + 10s);
}

TEST(IntervalSchedule, AManualRunUnderSkipDropsTheInstantsThatItOverlaps) {
  IntervalSchedule schedule;
  const Map jobs = {{"a", {.interval = 10s, .overlap = Overlap::kSkip}}};
  ASSERT_TRUE(schedule.update(kStart, jobs).ok());
  EXPECT_TRUE(schedule.finished(kStart, take_one(schedule, kStart).id, true));
  // The loop does not take the instants at 10 s and 20 s before the manual run from 25 s to 55 s.
  const DueRun manual = schedule.trigger(kStart + 25s, "a").value();
  EXPECT_EQ(manual.missed, 0);
  EXPECT_TRUE(schedule.finished(kStart + 55s, manual.id, true));
  EXPECT_EQ(health_of(schedule, kStart + 55s).overlapped, 3) << "30 s, 40 s and 50 s";
  EXPECT_EQ(health_of(schedule, kStart + 55s).last_overlapped, kStart + 50s);
  EXPECT_EQ(schedule.next_due(), kStart + 10s);
  // A second manual run keeps what is owed, and drops the instant of its start.
  const DueRun second = schedule.trigger(kStart + 60s, "a").value();
  EXPECT_TRUE(schedule.finished(kStart + 70s, second.id, true));
  EXPECT_EQ(health_of(schedule, kStart + 70s).overlapped, 4);
  // One run serves the instants at 10 s, 20 s and 70 s.
  const DueRun run = take_one(schedule, kStart + 71s);
  EXPECT_EQ(run.due, kStart + 70s);
  EXPECT_EQ(run.missed, 2);
  EXPECT_TRUE(schedule.finished(kStart + 72s, run.id, true));
  EXPECT_EQ(schedule.next_due(), kStart + 80s);
}

TEST(IntervalSchedule, TellsTheNextGridInstantOfARunningJob) {
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 10s}}}).ok());
  EXPECT_EQ(schedule.next_instant("a", SteadyTime::min()), kStart);
  (void)take_one(schedule, kStart + 1s);
  for (const auto& [from, expected] : {std::pair{0s, 10s}, {10s, 10s}, {11s, 20s}, {35s, 40s}}) {
    EXPECT_EQ(schedule.next_instant("a", kStart + from), kStart + expected);
  }
  EXPECT_EQ(schedule.next_instant("a", SteadyTime::max()), std::nullopt);
  EXPECT_EQ(schedule.next_instant("b", kStart), std::nullopt);
  EXPECT_EQ(schedule.next_due(), std::nullopt) << "the only job is running";
}

TEST(IntervalSchedule, AnOwedInstantIsServedWithoutALaterOne) {
  IntervalSchedule schedule;
  const Map jobs = {{"a", {.interval = 10s, .overlap = Overlap::kSkip}}};
  ASSERT_TRUE(schedule.update(kStart, jobs).ok());
  const DueRun manual = schedule.trigger(kStart + 5s, "a").value();
  EXPECT_TRUE(schedule.finished(kStart + 25s, manual.id, true));
  const DueRun run = take_one(schedule, kStart + 25s);
  EXPECT_EQ(run.due, kStart);
  EXPECT_EQ(run.missed, 0);
  EXPECT_EQ(schedule.health(kStart + 25s).front().overlapped, 2);
}

TEST(IntervalSchedule, RetriesUntilTheAttemptsAreUsedUp) {
  IntervalSchedule schedule;
  const Backoff retry{1s, 10s, 3};
  ASSERT_TRUE(schedule.update(kStart, {{"a", {.interval = 1min, .retry = retry}}}).ok());
  SteadyTime now = kStart;
  for (const auto delay : {1s, 2s}) {
    EXPECT_TRUE(schedule.finished(now, take_one(schedule, now).id, false));
    EXPECT_EQ(schedule.next_due(), now + delay);
    now += delay;
  }
  const DueRun last = take_one(schedule, now);
  EXPECT_EQ(last.due, now);
  EXPECT_TRUE(schedule.finished(now, last.id, false));
  EXPECT_EQ(schedule.next_due(), kStart + 1min) << "the grid again";
}

TEST(IntervalSchedule, JitterDelaysStartsDifferentlyAndNotTheGrid) {
  IntervalSchedule schedule(7);
  const IntervalOptions options{.interval = 10s, .jitter = 4s};
  ASSERT_TRUE(schedule.update(kStart, {{"a", options}, {"b", options}}).ok());
  std::map<std::string, std::set<nanoseconds>> delays;
  for (int turn = 0; turn < 400; ++turn) {
    const SteadyTime now = schedule.next_due().value();
    for (const DueRun& run : schedule.take_due(now)) {
      EXPECT_EQ((run.due - kStart) % 10s, 0s);
      EXPECT_GE(now - run.due, 0s);
      EXPECT_LT(now - run.due, 4s);
      delays[run.name].insert(now - run.due);
      EXPECT_TRUE(schedule.finished(now, run.id, true));
    }
  }
  EXPECT_GT(delays["a"].size(), 190u);
  EXPECT_NE(delays["a"], delays["b"]);
}

TEST(IntervalSchedule, AWeekOf200SourcesKeepsEveryGrid) {
  IntervalSchedule schedule;
  Map jobs;
  std::int64_t expected = 0;
  for (int i = 0; i < 200; ++i) {
    const auto interval = (30 + 7 * i) * 1s;
    jobs["source-" + std::to_string(i)] = {.interval = interval};
    expected += 7 * 24h / interval + 1;
  }
  ASSERT_TRUE(schedule.update(kStart, jobs).ok());
  std::int64_t runs = 0;
  while (*schedule.next_due() <= kStart + 7 * 24h) {
    const SteadyTime now = *schedule.next_due();
    for (const DueRun& run : schedule.take_due(now)) {
      ++runs;
      EXPECT_EQ(run.due, now);
      EXPECT_TRUE(schedule.finished(now, run.id, true));
    }
  }
  EXPECT_EQ(runs, expected);
}

TEST(IntervalSchedule, StopsAtTheEndsOfTime) {
  IntervalSchedule schedule;
  constexpr SteadyTime kFirst = SteadyTime::min(), kLast = SteadyTime::max();
  ASSERT_TRUE(schedule.update(kFirst, {{"a", {.interval = 1s, .overlap = Overlap::kSkip}}}).ok());
  const DueRun run = take_one(schedule, kFirst);
  EXPECT_TRUE(schedule.finished(kFirst, run.id, true));
  // 2^64 - 1 ns lie between both ends.
  EXPECT_EQ(take_one(schedule, kLast).missed, 18'446'744'072);
  EXPECT_EQ(health_of(schedule, kLast).freshness, Freshness::kOverdue);
  EXPECT_TRUE(schedule.finished(kLast, run.id + 1, false));
  EXPECT_EQ(schedule.next_due(), std::nullopt) << "the grid has no further instant";
  EXPECT_TRUE(schedule.take_due(kLast).empty());
  ASSERT_TRUE(schedule.update(kLast, {{"a", {.interval = nanoseconds::max()}}}).ok());
  EXPECT_EQ(schedule.next_due(), std::nullopt);
}

TEST(IntervalSchedule, IsDueOnceAtTheEndOfTime) {
  constexpr SteadyTime kLast = SteadyTime::max();
  for (const bool succeeds : {true, false}) {
    IntervalSchedule schedule;
    const IntervalOptions options{.interval = 1s, .retry = Backoff{1s, 10s}};
    ASSERT_TRUE(schedule.update(kLast - 1s, {{"a", options}}).ok());
    EXPECT_TRUE(schedule.finished(kLast - 1s, take_one(schedule, kLast - 1s).id, true));
    EXPECT_EQ(schedule.next_due(), kLast) << "an instant of the grid, and the last one";
    EXPECT_TRUE(schedule.finished(kLast, take_one(schedule, kLast).id, succeeds));
    EXPECT_EQ(schedule.next_due(), std::nullopt);
    EXPECT_EQ(health_of(schedule, kLast).next_due, std::nullopt);
    const DueRun manual = schedule.trigger(kLast, "a").value();
    EXPECT_TRUE(schedule.finished(kLast, manual.id, true));
    EXPECT_TRUE(schedule.take_due(kLast).empty());
  }
  IntervalSchedule schedule;
  ASSERT_TRUE(schedule.update(kLast - 10s, {{"a", {.interval = 1ns, .retry = Backoff{20s}}}}).ok());
  const DueRun failed = take_one(schedule, kLast - 10s);
  EXPECT_TRUE(schedule.finished(kLast - 9s, failed.id, false));
  EXPECT_EQ(schedule.next_due(), std::nullopt) << "the retry would be beyond the end of time";
}

// A plain model that moves by one nanosecond. It owes instants, and never computes a grid by division.
struct ModelJob {
  IntervalOptions options;
  std::int64_t next = 0;
  std::vector<std::int64_t> owed{};
  std::optional<std::int64_t> served{}, retry_at{}, last_success{};
  std::int64_t overlapped = 0;
  int failures = 0;
  // Of the current run. `skips`: it drops the instants that fall due.
  bool running = false, own_run = false, skips = false;
  std::uint64_t run_id = 0;
  std::int64_t run_end = 0;
  bool run_succeeds = true;

  void arrive(std::int64_t now) {
    while (next <= now) {
      if (running && skips) {
        ++overlapped;
      } else {
        owed.push_back(next);
      }
      next += options.interval.count();
    }
  }
  bool is_due(std::int64_t now) const {
    return !running && (retry_at ? *retry_at <= now : !owed.empty());
  }
  void finish(std::int64_t now) {
    running = false;
    if (!own_run) return;
    retry_at.reset();
    if (run_succeeds) {
      failures = 0;
      last_success = now;
    } else {
      ++failures;
      if (options.retry && failures < options.retry->attempts) {
        std::int64_t delay = options.retry->first.count();
        for (int i = 1; i < failures; ++i) delay = std::min(2 * delay, options.retry->most.count());
        retry_at = now + delay;
      }
    }
  }
};

class IntervalModel : public ::testing::Test {
 protected:
  static SteadyTime at(std::int64_t now) { return SteadyTime(nanoseconds(now)); }

  void start(const std::string& name, ModelJob& job, const DueRun& run) {
    job.running = job.own_run = true;
    const bool skip = job.options.overlap == Overlap::kSkip;
    // A manual run drops the instant of its start, like those that follow. It keeps earlier ones.
    if (skip && !job.owed.empty() && job.owed.back() == now_) {
      job.owed.pop_back();
      ++job.overlapped;
    }
    job.skips = skip;
    job.run_id = run.id;
    job.run_end = now_ + 1 + static_cast<std::int64_t>(random_() % 40);
    job.run_succeeds = random_() % 3 != 0;
    EXPECT_EQ(run.name, name);
    EXPECT_TRUE(ids_.insert(run.id).second);
  }
  void take() {
    std::vector<std::pair<std::int64_t, std::string>> due;
    for (auto& [name, job] : jobs_) {
      if (job.is_due(now_)) {
        due.emplace_back(job.retry_at ? *job.retry_at : job.owed.front(), name);
      }
    }
    std::sort(due.begin(), due.end());
    const std::vector<DueRun> runs = schedule_.take_due(at(now_));
    ASSERT_EQ(runs.size(), due.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      ModelJob& job = jobs_.at(due[i].second);
      const bool serves_one = !job.owed.empty() && (!job.retry_at || job.owed.back() == now_);
      ASSERT_EQ(runs[i].due, at(job.retry_at ? *job.retry_at : job.owed.back()));
      ASSERT_EQ(runs[i].missed, std::ssize(job.owed) - (serves_one ? 1 : 0));
      ASSERT_FALSE(runs[i].manual);
      if (!job.owed.empty()) job.served = job.owed.back();
      job.owed.clear();
      job.retry_at.reset();
      start(due[i].second, job, runs[i]);
    }
  }
  void trigger(const std::string& name) {
    const auto run = schedule_.trigger(at(now_), name);
    const auto job = jobs_.find(name);
    ASSERT_EQ(run.ok(), job != jobs_.end() && !job->second.running);
    if (run.ok()) start(name, job->second, *run);
  }
  IntervalOptions random_options() {
    IntervalOptions options{nanoseconds(1 + random_() % 30)};
    if (random_() % 2 == 0) options.overlap = Overlap::kSkip;
    if (random_() % 2 == 0) {
      options.retry = Backoff{nanoseconds(1 + random_() % 8), nanoseconds(1 + random_() % 50),
                              2 + static_cast<int>(random_() % 6)};
      options.retry->first = std::min(options.retry->first, options.retry->most);
    }
    return options;
  }
  void update() {
    std::map<std::string, ModelJob> next;
    Map intervals;
    for (const std::string name : {"a", "b", "c", "d"}) {
      const auto old = jobs_.find(name);
      if (random_() % 4 == 0) {  // remove the job, or leave it out
        if (old != jobs_.end() && old->second.running) orphans_[name] = old->second;
        continue;
      }
      ModelJob job;
      if (old != jobs_.end()) {
        job = old->second;
        // The skip of a run follows the options at its end: keep those of a running job.
        if (!job.running && random_() % 2 == 0) {
          const IntervalOptions options = random_options();
          if (options.interval != job.options.interval) {
            if (job.served) {
              job.next = *job.served + options.interval.count();
            } else if (!job.owed.empty()) {
              job.next = job.owed.front();  // the grid of a job without a run begins there
            }
            job.owed.clear();
          }
          job.options = options;
        }
      } else {
        job.options = random_options();
        job.next = now_;
        if (const auto orphan = orphans_.find(name); orphan != orphans_.end()) {
          job.running = true;
          job.run_id = orphan->second.run_id;
          job.run_end = orphan->second.run_end;
          orphans_.erase(orphan);
        }
      }
      job.arrive(now_);
      intervals[name] = job.options;
      next[name] = job;
    }
    jobs_ = std::move(next);
    ASSERT_TRUE(schedule_.update(at(now_), intervals).ok());
  }
  void end_runs() {
    for (auto* jobs : {&jobs_, &orphans_}) {
      for (auto job = jobs->begin(); job != jobs->end();) {
        const bool ends = job->second.running && job->second.run_end <= now_;
        if (ends) {
          ASSERT_TRUE(schedule_.finished(at(now_), job->second.run_id, job->second.run_succeeds));
          job->second.finish(now_);
        }
        job = ends && jobs == &orphans_ ? jobs->erase(job) : std::next(job);
      }
    }
  }
  void compare() {
    std::optional<std::int64_t> next_due;
    std::size_t running = orphans_.size(), i = 0;
    const std::vector<IntervalHealth> health = schedule_.health(at(now_));
    ASSERT_EQ(health.size(), jobs_.size());
    for (const auto& [name, job] : jobs_) {
      const IntervalHealth& one = health[i++];
      ASSERT_EQ(one.name, name);
      ASSERT_EQ(one.running, job.running);
      ASSERT_EQ(one.failures, job.failures);
      if (!job.running) {
        ASSERT_EQ(one.overlapped, job.overlapped);
      }
      const bool overdue =
          job.last_success && now_ - *job.last_success > 3 * job.options.interval.count();
      ASSERT_EQ(one.freshness, !job.last_success ? Freshness::kNever
                               : overdue         ? Freshness::kOverdue
                                                 : Freshness::kFresh);
      running += job.running ? 1 : 0;
      if (job.running) continue;
      const std::int64_t due =
          job.retry_at.value_or(job.owed.empty() ? job.next : job.owed.front());
      next_due = std::min(next_due.value_or(due), due);
    }
    ASSERT_EQ(schedule_.next_due(), next_due ? std::optional(at(*next_due)) : std::nullopt);
    ASSERT_EQ(schedule_.running(), running);
  }

  std::mt19937 random_{1};
  std::int64_t now_ = 0;
  IntervalSchedule schedule_;
  std::map<std::string, ModelJob> jobs_, orphans_;  // orphans: removed, still running
  std::set<std::uint64_t> ids_;
};

TEST_F(IntervalModel, AgreesUnderAMillionOperations) {
  for (int operation = 0; operation < 1'000'000; ++operation) {
    // The instant at which a run ends is not dropped.
    for (auto& [name, job] : jobs_) job.arrive(now_ - 1);
    end_runs();
    for (auto& [name, job] : jobs_) job.arrive(now_);
    const auto roll = random_() % 100;
    if (roll < 1) {
      update();
    } else if (roll < 4) {
      trigger(std::string(1, static_cast<char>('a' + random_() % 5)));
    }
    if (random_() % 4 != 0) take();
    if (operation % 8 == 0) compare();
    if (HasFatalFailure()) FAIL() << "operation " << operation;
    now_ += static_cast<std::int64_t>(random_() % 3);
  }
}

}  // namespace
}  // namespace masterclock::interval_schedule_test
