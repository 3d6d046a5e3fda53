#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <queue>
#include <string>
#include <vector>

#include "poller.h"

namespace poller_test {
namespace {

using masterclock::SteadyTime;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr SteadyTime kBegin{1'000s};
constexpr masterclock::UtcTime kBeginUtc{1'800'000'000s};
constexpr std::int64_t kWeek = 7 * 86'400;  // seconds
constexpr std::size_t kSources = 200;

// A source with one interval and runs of one length, in seconds since the start.
struct Source {
  std::int64_t interval = 0, duration = 0;
  std::int64_t next_start = 0;  // where the model has the next start

  // The next run starts at the next instant of the grid, or else at the end of a longer run.
  void pass_start() {
    next_start = std::max((next_start / interval + 1) * interval, next_start + duration);
  }
};

std::size_t source_of(const std::string& service) {
  return static_cast<std::size_t>(std::stoi(service.substr(service.find('-') + 1)));
}

// Runs without processes, which end after the duration of their source.
class Runs final : public poller::Runner {
 public:
  explicit Runs(const std::vector<Source>& sources) : sources_(sources) {}
  absl::Status start(SteadyTime now, std::uint64_t id, const poller::Launch& launch) override {
    ends_.push({now + sources_[source_of(launch.service)].duration * 1s, id});
    return absl::OkStatus();
  }
  void stop(SteadyTime /*now*/, std::uint64_t /*id*/) override {}

  [[nodiscard]] SteadyTime next_end() const {
    return ends_.empty() ? SteadyTime::max() : ends_.top().first;
  }
  std::uint64_t take() {
    const std::uint64_t id = ends_.top().second;
    ends_.pop();
    return id;
  }

 private:
  using End = std::pair<SteadyTime, std::uint64_t>;
  const std::vector<Source>& sources_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
};

// Runs the whole schedule of the service, from its configuration to its reports. Optimised, this takes
// less than a second.
TEST(Week, Of200SourcesStartsWhereTheModelHasIt) {
  std::vector<Source> sources(kSources);
  std::string services;
  for (std::size_t i = 0; i < kSources; ++i) {
    const auto number = static_cast<std::int64_t>(i);
    sources[i].interval = 30 + 7 * number;
    sources[i].duration = 1 + (number * 37) % (2 * sources[i].interval);
    services += (i == 0 ? "\"" : ", \"") + ("source-" + std::to_string(i)) + R"(": {"interval": )" +
                std::to_string(sources[i].interval) + R"(, "command": ["x"]})";
  }
  Runs runs(sources);
  std::int64_t starts = 0;
  poller::Poller poller(runs, {.report =
                                   [&](const poller::Report& report) {
                                     if (report.event != poller::Report::Event::kStarted) return;
                                     Source& source = sources[source_of(report.service)];
                                     ASSERT_EQ(*report.start, kBeginUtc + source.next_start * 1s)
                                         << report.service;
                                     source.pass_start();
                                     ++starts;
                                   },
                               .log = [](const std::string& line) { ADD_FAILURE() << line; }});
  auto config = poller::parse_config(R"({"services": {)" + services + "}}", "/etc/poller.json");
  ASSERT_TRUE(config.ok()) << config.status();
  masterclock::TimeReading now{kBeginUtc, kBegin};
  ASSERT_TRUE(poller.configure(now, *std::move(config)).ok());
  while (now.steady < kBegin + kWeek * 1s) {
    while (runs.next_end() <= now.steady) poller.ended(now, runs.take(), {});
    poller.turn(now);
    const SteadyTime next =
        std::min(poller.next_wake().value_or(SteadyTime::max()), runs.next_end());
    now.utc += next - now.steady;
    now.steady = next;
  }
  EXPECT_GT(starts, 200'000);
  for (const Source& source : sources) {
    EXPECT_GE(source.next_start, kWeek) << "the source with the interval " << source.interval;
  }
}

}  // namespace
}  // namespace poller_test
