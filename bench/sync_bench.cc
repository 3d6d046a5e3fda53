// What it costs to know how right the time is. Whoever stamps a cue with its uncertainty does so on
// the path on which the cue goes out.
#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>
#include <string>
#include <thread>

#include "masterclock/master_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/sync/internal/tsc_calibrator.h"
#include "masterclock/sync/tsc_time_source.h"

namespace masterclock {
namespace {

void BM_Sync_BareClock(benchmark::State& state) {
  timespec now{};
  for (auto _ : state) {
    ::clock_gettime(CLOCK_REALTIME, &now);
    benchmark::DoNotOptimize(now);
  }
}
BENCHMARK(BM_Sync_BareClock);

void BM_Sync_NowBounded(benchmark::State& state) {
  SimulatedSyncProvider provider;
  MasterClock clock(SystemTimeSource::shared(), {.sync = &provider});
  provider.set({.state = SyncState::kSynchronized,
                .error_bound = std::chrono::microseconds(10),
                .as_of = clock.source().now_steady()});
  clock.refresh_sync();
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_bounded());
  if (clock.now_bounded().state == SyncState::kUnknown) state.SkipWithError("nothing is known");
}
BENCHMARK(BM_Sync_NowBounded);

// Every reading of a station's time is one of these, so its smoothness is paid for by all of them.
void BM_Sync_DisciplinedNow(benchmark::State& state) {
  SimulatedSyncProvider provider;
  SystemTimeSource& machine = SystemTimeSource::shared();
  DisciplinedTimeSource source(machine, provider);
  provider.set({.state = SyncState::kSynchronized,
                .error_bound = std::chrono::microseconds(10),
                .as_of = machine.now_steady(),
                .correction = std::chrono::milliseconds(100)});  // slewed for 200 s
  source.refresh();
  for (auto _ : state) benchmark::DoNotOptimize(source.now_utc());
  if (source.remaining() < std::chrono::milliseconds(1)) state.SkipWithError("nothing to slew");
}
BENCHMARK(BM_Sync_DisciplinedNow);

// A source of its own for each figure: how many threads have read it is part of what is measured.
template <class Read>
void tsc_reading(benchmark::State& state, bool shared, Read read) {
  auto source = TscTimeSource::make();
  if (!source.ok()) {
    state.SkipWithError(std::string(source.status().message()).c_str());
    return;
  }
  TscCalibrator keep(**source);
  if (shared) std::thread([&] { benchmark::DoNotOptimize((*source)->now_utc()); }).join();
  while (!(*source)->fit().calibrated) std::this_thread::yield();
  const TscTimeSource& clock = **source;
  for (auto _ : state) benchmark::DoNotOptimize(read(clock));
  if (!clock.fit().calibrated) state.SkipWithError("not calibrated");
}

void BM_Sync_TscNow(benchmark::State& state) {
  tsc_reading(state, false, [](const TscTimeSource& clock) { return clock.now_utc(); });
}
BENCHMARK(BM_Sync_TscNow);

void BM_Sync_TscNowSteady(benchmark::State& state) {
  tsc_reading(state, false, [](const TscTimeSource& clock) { return clock.now_steady(); });
}
BENCHMARK(BM_Sync_TscNowSteady);

// After a second thread has read: a reading then waits for the loads before it.
void BM_Sync_TscNowShared(benchmark::State& state) {
  tsc_reading(state, true, [](const TscTimeSource& clock) { return clock.now_utc(); });
}
BENCHMARK(BM_Sync_TscNowShared);

}  // namespace
}  // namespace masterclock
