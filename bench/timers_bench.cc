// Measures the timers of a station. Its loop asks at each turn whether one of a thousand sources is due,
// and a scoreboard reads its clocks for each page.
//
// Instants come from memory at run time, so that the compiler computes no result.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/timers/clock_log.h"
#include "masterclock/timers/count_clock.h"
#include "masterclock/timers/internal/clock_fold.h"
#include "masterclock/timers/interval_schedule.h"

namespace masterclock {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1'000s};
constexpr std::chrono::nanoseconds kCentury = 24h * 36'525;

std::map<std::string, IntervalOptions> jobs(int count) {
  std::map<std::string, IntervalOptions> all;
  for (int i = 0; i < count; ++i) {
    all["source-" + std::to_string(i)] = {.interval = std::chrono::seconds(30 + i)};
  }
  return all;
}

// Starts and ends every run that is due.
std::int64_t run_due(IntervalSchedule& schedule, SteadyTime now) {
  std::int64_t runs = 0;
  for (const DueRun& run : schedule.take_due(now)) {
    schedule.finished(now, run.id, true);
    ++runs;
  }
  return runs;
}

// The loop of a poller wakes up for another reason: no source is due.
void BM_Intervals_TakeDueOfNone(benchmark::State& state) {
  IntervalSchedule schedule;
  if (!schedule.update(kStart, jobs(1'000)).ok()) return state.SkipWithError("refused");
  if (run_due(schedule, kStart) != 1'000) return state.SkipWithError("not all were due");
  SteadyTime now = kStart + 1s;
  for (auto _ : state) {
    benchmark::DoNotOptimize(now);
    const auto runs = schedule.take_due(now);
    if (!runs.empty()) return state.SkipWithError("a source was due");
  }
}
BENCHMARK(BM_Intervals_TakeDueOfNone);

// A machine that slept for a century: one run, with a count of the others.
void BM_Intervals_JumpACentury(benchmark::State& state) {
  IntervalSchedule schedule;
  SteadyTime now = SteadyTime{} - kCentury;
  if (!schedule.update(now, jobs(1)).ok()) return state.SkipWithError("refused");
  (void)run_due(schedule, now);
  bool forward = true;
  for (auto _ : state) {
    // Back by an update of the map is no part of the jump.
    if (!forward) {
      state.PauseTiming();
      now = SteadyTime{} - kCentury;
      if (!schedule.update(now, {}).ok() || !schedule.update(now, jobs(1)).ok()) {
        return state.SkipWithError("refused");
      }
      (void)run_due(schedule, now);
      state.ResumeTiming();
    }
    forward = false;
    now += kCentury;
    const auto runs = schedule.take_due(now);
    if (runs.size() != 1 || runs[0].missed != kCentury / 30s - 1) {
      return state.SkipWithError("the count is wrong");
    }
    schedule.finished(now, runs[0].id, true);
  }
}
BENCHMARK(BM_Intervals_JumpACentury);

// A week of 200 sources, each at its instants.
void BM_Intervals_WeekOf200(benchmark::State& state) {
  constexpr std::chrono::nanoseconds kWeek = 7 * 24h;
  std::int64_t expected = 0;
  for (const auto& [name, options] : jobs(200)) expected += (kWeek - 1ns) / options.interval + 1;
  for (auto _ : state) {
    IntervalSchedule schedule;
    if (!schedule.update(kStart, jobs(200)).ok()) return state.SkipWithError("refused");
    std::int64_t runs = 0;
    while (*schedule.next_due() < kStart + kWeek) runs += run_due(schedule, *schedule.next_due());
    if (runs != expected) return state.SkipWithError("a run is missing");
  }
}
BENCHMARK(BM_Intervals_WeekOf200)->Unit(benchmark::kMillisecond);

CountClock running_clock() {
  CountClock clock = CountClock::make({.initial = 12min, .maximum = 12min}).value();
  (void)clock.apply(kStart, ClockCommand::start());
  return clock;
}

// A page asks for the value of a running clock.
void BM_CountClock_Reading(benchmark::State& state) {
  const CountClock clock = running_clock();
  SteadyTime now = kStart;
  for (auto _ : state) {
    now += 1us;
    benchmark::DoNotOptimize(clock.reading(now));
  }
}
BENCHMARK(BM_CountClock_Reading);

// A clock that was left running for a century has stopped at its end.
void BM_CountClock_JumpACentury(benchmark::State& state) {
  const CountClock clock = running_clock();
  SteadyTime now = kStart + kCentury;
  for (auto _ : state) {
    benchmark::DoNotOptimize(now);
    if (clock.reading(now).state != ClockState::kStopped) {
      return state.SkipWithError("the clock still runs");
    }
  }
}
BENCHMARK(BM_CountClock_JumpACentury);

constexpr std::uint64_t kRecords = 100'000;
const ClockKey kPeriod{"period", 1};

std::vector<ClockRecord> records() {
  const ClockCommand commands[] = {ClockCommand::start(), ClockCommand::adjust(-1s),
                                   ClockCommand::pause(), ClockCommand::adjust(1s)};
  std::vector<ClockRecord> all;
  for (std::uint64_t i = 1; i <= kRecords; ++i) {
    const std::chrono::milliseconds passed(i);
    const LogTime at{kStart + passed, UtcTime(1s) + passed, "boot"};
    all.push_back({i, at, "command " + std::to_string(i), {{kPeriod, commands[i % 4]}}});
  }
  return all;
}

// An undo computes the clocks anew from all records of the match.
void BM_ClockLog_Fold(benchmark::State& state) {
  std::vector<LogEntry> entries;
  for (ClockRecord& record : records()) entries.push_back({std::move(record), std::nullopt, false});
  for (auto _ : state) {
    internal::Clocks clocks{{kPeriod, running_clock()}};
    internal::fold(clocks, entries);
    benchmark::DoNotOptimize(clocks);
  }
}
BENCHMARK(BM_ClockLog_Fold)->Unit(benchmark::kMillisecond);

// A scoreboard starts: it appends the stored records to an empty log, which keeps them and their ids.
void BM_ClockLog_Append(benchmark::State& state) {
  const std::vector<ClockRecord> stored = records();
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<ClockRecord> read = stored;
    ClockLog log({{kPeriod, {.initial = 12min, .maximum = 12min}}}, BootPolicy::kAsk);
    state.ResumeTiming();
    for (ClockRecord& record : read) {
      if (!log.append(std::move(record)).ok()) return state.SkipWithError("refused");
    }
    state.PauseTiming();
    if (log.last_sequence() != kRecords) return state.SkipWithError("a record is missing");
    read = {};
    log = ClockLog({}, BootPolicy::kAsk);
    state.ResumeTiming();
  }
}
BENCHMARK(BM_ClockLog_Append)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace masterclock
