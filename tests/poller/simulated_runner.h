// A runner without processes: each run lasts as long as the test says, on simulated time.
#ifndef MASTERCLOCK_TESTS_POLLER_SIMULATED_RUNNER_H_
#define MASTERCLOCK_TESTS_POLLER_SIMULATED_RUNNER_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "poller.h"

namespace poller_test {

using masterclock::SteadyTime;
using masterclock::UtcTime;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr SteadyTime kStart{1'000s};
constexpr UtcTime kStartUtc{1'800'000'000s};

// UTC may be stepped, and steady time does not notice.
inline masterclock::TimeReading at(nanoseconds since_start, nanoseconds step = 0s) {
  return {kStartUtc + since_start + step, kStart + since_start};
}

class SimulatedRunner final : public poller::Runner {
 public:
  struct Plan {
    nanoseconds duration = 0s;
    poller::Outcome outcome{};
  };

  absl::Status start(SteadyTime now, std::uint64_t id, const poller::Launch& launch) override {
    if (refused.contains(launch.service)) return absl::NotFoundError("no program");
    const Plan& plan = plans[launch.service];
    launches.push_back(launch);
    ends_.insert({now + plan.duration, id});
    outcomes_[id] = plan.outcome;
    return absl::OkStatus();
  }
  void stop(SteadyTime now, std::uint64_t id) override {
    if (!outcomes_.contains(id)) return;
    std::erase_if(ends_, [&](const auto& end) { return end.second == id; });
    outcomes_[id] = {.end = poller::Outcome::End::kStopped};
    ends_.insert({now, id});
  }

  [[nodiscard]] std::optional<SteadyTime> next_end() const {
    return ends_.empty() ? std::nullopt : std::optional(ends_.begin()->first);
  }
  // Reports the ends up to `now`.
  void end_due(poller::Poller& poller, const masterclock::TimeReading& now) {
    while (!ends_.empty() && ends_.begin()->first <= now.steady) {
      const std::uint64_t id = ends_.begin()->second;
      ends_.erase(ends_.begin());
      const poller::Outcome outcome = outcomes_.extract(id).mapped();
      poller.ended(now, id, outcome);
    }
  }

  std::map<std::string, Plan> plans;  // by service
  std::set<std::string> refused;      // services whose program is missing
  std::vector<poller::Launch> launches;

 private:
  std::set<std::pair<SteadyTime, std::uint64_t>> ends_;
  std::map<std::uint64_t, poller::Outcome> outcomes_;
};

// A poller, its runner, and what it reported.
class Station {
 public:
  explicit Station(const std::string& config) { EXPECT_TRUE(load(config).ok()); }

  absl::Status load(const std::string& text) {
    auto config = poller::parse_config(text, "/etc/poller.json");
    if (!config.ok()) return config.status();
    return poller.configure(now(), *std::move(config));
  }
  [[nodiscard]] masterclock::TimeReading now() const { return at(passed); }

  // Lets time pass, from instant to instant at which something is due.
  void run_until(nanoseconds until) {
    for (;;) {
      runner.end_due(poller, now());
      poller.turn(now());
      const SteadyTime end = kStart + until;
      SteadyTime next = end;
      for (const auto& instant : {poller.next_wake(), runner.next_end()}) {
        if (instant) next = std::min(next, *instant);
      }
      if (next >= end && passed == until && (!runner.next_end() || *runner.next_end() > end))
        return;
      passed = std::max(next - kStart, passed);
    }
  }

  // "started source-a due 5 missed 0", with seconds since the start.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const poller::Report& report : reports) {
      constexpr const char* kNames[] = {"started", "ended", "overlapped", "overdue"};
      std::string line = kNames[static_cast<int>(report.event)];
      line += " " + report.service + " due " + seconds(report.due);
      if (report.start) line += " start " + seconds(*report.start);
      if (report.missed > 0) line += " missed " + std::to_string(report.missed);
      if (report.status != "running" && report.status != "overlapped") line += " " + report.status;
      all.push_back(line);
    }
    return all;
  }

  SimulatedRunner runner;
  std::vector<poller::Report> reports;
  std::vector<std::string> log;
  poller::Poller poller{
      runner,
      {.report = [this](const poller::Report& report) { reports.push_back(report); },
       .log = [this](const std::string& line) { log.push_back(line); }}};
  nanoseconds passed = 0s;

 private:
  static std::string seconds(UtcTime time) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(time - kStartUtc).count());
  }
};

}  // namespace poller_test

#endif  // MASTERCLOCK_TESTS_POLLER_SIMULATED_RUNNER_H_
