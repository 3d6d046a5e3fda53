// Compares IntervalSchedule with the group `interval_schedule` of the vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "masterclock/timers/interval_schedule.h"
#include "vectors.h"

namespace masterclock::interval_vectors_test {
namespace {

using std::chrono::nanoseconds;
using timer_vectors::Json;
using namespace std::chrono_literals;

IntervalOptions options_of(const Json& json) {
  IntervalOptions options{timer_vectors::ns(json.at("interval_ns"))};
  if (json.value("overlap", "buffer_one") == "skip") options.overlap = Overlap::kSkip;
  if (json.contains("retry") && !json.at("retry").is_null()) {
    options.retry = Backoff{timer_vectors::ns(json.at("retry").at("first_ns")),
                            timer_vectors::ns(json.at("retry").at("most_ns"))};
  }
  if (const auto jitter = timer_vectors::ns_or_none(json, "jitter_ns")) options.jitter = *jitter;
  return options;
}

std::map<std::string, IntervalOptions> options_of_all(const Json& names) {
  std::map<std::string, IntervalOptions> all;
  for (const auto& [name, json] : names.items()) all.emplace(name, options_of(json));
  return all;
}

// Plays the runner of a vector: takes the due runs, and ends each after its duration.
class Runner {
 public:
  explicit Runner(const Json& vector) : vector_(vector) {}

  void run() {
    now_ = timer_vectors::steady(vector_.at("start_ns"));
    ASSERT_TRUE(schedule_.update(now_, options_of_all(vector_.at("names"))).ok());
    const SteadyTime until = timer_vectors::steady(vector_.at("until_ns"));
    for (int turns = 0; turns < 3'000'000; ++turns) {
      end_runs();
      take_steps();
      if (polls()) take();
      const SteadyTime next = next_instant();
      if (next > until) return;
      now_ = next;
    }
    FAIL() << "does not end";
  }

  using Row = std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t, bool>;
  std::vector<Row> runs;

 private:
  struct Running {
    SteadyTime end;
    std::uint64_t id;
    bool succeeds;
  };

  void begin(const DueRun& run) {
    runs.emplace_back(run.name, now_.time_since_epoch().count(), run.due.time_since_epoch().count(),
                      run.missed, run.manual);
    const Json& durations = vector_.at("durations").at(run.name);
    const Json& one = durations.at(std::min(started_[run.name]++, durations.size() - 1));
    running_.push_back(
        {now_ + timer_vectors::ns(one.at("lasts_ns")), run.id, one.value("ok", true)});
  }
  void end_runs() {
    for (std::size_t i = 0; i < running_.size();) {
      if (running_[i].end > now_) {
        ++i;
        continue;
      }
      EXPECT_TRUE(schedule_.finished(now_, running_[i].id, running_[i].succeeds));
      EXPECT_FALSE(schedule_.finished(now_, running_[i].id, true));
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  void take() {
    for (const DueRun& run : schedule_.take_due(now_)) begin(run);
  }
  void take_steps() {
    const Json& steps = vector_.value("steps", Json::array());
    while (step_ < steps.size() && timer_vectors::steady(steps[step_].at("at_ns")) <= now_) {
      const Json& step = steps[step_++];
      SCOPED_TRACE(step.dump());
      if (step.contains("update")) {
        const bool ok = schedule_.update(now_, options_of_all(step.at("update"))).ok();
        EXPECT_EQ(ok ? "changed" : "refused", step.at("result").get<std::string>());
      } else if (step.contains("trigger")) {
        const auto run = schedule_.trigger(now_, step.at("trigger").get<std::string>());
        const std::string result = run.ok()                         ? "started"
                                   : absl::IsNotFound(run.status()) ? "unknown"
                                                                    : "refused";
        EXPECT_EQ(result, step.at("result").get<std::string>());
        if (run.ok()) begin(*run);
      } else {
        look(step);
      }
    }
  }
  void look(const Json& step) {
    if (step.contains("expect_health")) {
      std::map<std::string, IntervalHealth> health;
      for (const IntervalHealth& one : schedule_.health(now_)) health[one.name] = one;
      for (const auto& [name, expect] : step.at("expect_health").items()) {
        EXPECT_EQ(to_string(health[name].freshness), expect.at("state").get<std::string>()) << name;
        if (expect.contains("running")) {
          EXPECT_EQ(health[name].running, expect.at("running").get<bool>()) << name;
        }
        if (expect.contains("skipped")) {
          EXPECT_EQ(health[name].overlapped, expect.at("skipped").get<std::int64_t>()) << name;
        }
        if (expect.contains("failures")) {
          EXPECT_EQ(health[name].failures, expect.at("failures").get<int>()) << name;
        }
      }
    }
    if (step.contains("expect_next_due_ns")) {
      const auto next = schedule_.next_due();
      const auto expect = timer_vectors::ns_or_none(step, "expect_next_due_ns");
      EXPECT_EQ(next.has_value(), expect.has_value());
      if (next && expect) {
        EXPECT_EQ(next->time_since_epoch(), *expect);
      }
    }
  }
  bool polls() const {
    if (vector_.at("dispatch") == "exact") return true;
    if (vector_.contains("polls_ns")) {
      const std::vector<std::int64_t> polls = vector_.at("polls_ns");
      return std::find(polls.begin(), polls.end(), now_.time_since_epoch().count()) != polls.end();
    }
    const nanoseconds every = timer_vectors::ns(vector_.at("poll_every_ns"));
    return (now_ - timer_vectors::steady(vector_.at("start_ns"))) % every == 0ns;
  }
  SteadyTime next_instant() {
    SteadyTime next = SteadyTime::max();
    const auto offer = [&](SteadyTime at) {
      if (at > now_) next = std::min(next, at);
    };
    for (const Running& one : running_) offer(one.end);
    const Json steps = vector_.value("steps", Json::array());
    if (step_ < steps.size()) offer(timer_vectors::steady(steps[step_].at("at_ns")));
    if (vector_.at("dispatch") == "exact") {
      if (const auto due = schedule_.next_due()) offer(*due);
    } else if (vector_.contains("polls_ns")) {
      for (const Json& poll : vector_.at("polls_ns")) offer(timer_vectors::steady(poll));
    } else {
      const nanoseconds every = timer_vectors::ns(vector_.at("poll_every_ns"));
      const SteadyTime start = timer_vectors::steady(vector_.at("start_ns"));
      offer(start + ((now_ - start) / every + 1) * every);
    }
    return next;
  }

  const Json& vector_;
  IntervalSchedule schedule_{7};
  SteadyTime now_{};
  std::vector<Running> running_;
  std::map<std::string, std::size_t> started_;
  std::size_t step_ = 0;
};

class IntervalVector : public ::testing::TestWithParam<Json> {};

TEST_P(IntervalVector, Agrees) {
  const Json& one = GetParam();
  SCOPED_TRACE(one.at("name").get<std::string>());
  Runner runner(one);
  runner.run();
  if (one.contains("expect_runs")) {
    std::vector<Runner::Row> expected;
    for (const Json& run : one.at("expect_runs")) {
      expected.emplace_back(run.at("name"), run.at("start_ns"), run.at("due_ns"),
                            run.value("missed", 0), run.value("manual", false));
    }
    EXPECT_EQ(runner.runs, expected);
  }
  if (one.contains("expect_windows")) {
    ASSERT_EQ(runner.runs.size(), one.at("expect_windows").size());
    for (std::size_t k = 0; k < runner.runs.size(); ++k) {
      const Json& window = one.at("expect_windows")[k];
      EXPECT_GE(std::get<1>(runner.runs[k]), window.at("from_ns").get<std::int64_t>());
      EXPECT_LT(std::get<1>(runner.runs[k]), window.at("until_ns").get<std::int64_t>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(IntervalSchedule, IntervalVector,
                         ::testing::ValuesIn(timer_vectors::cases("interval_schedule")),
                         timer_vectors::name_of_case);

}  // namespace
}  // namespace masterclock::interval_vectors_test
