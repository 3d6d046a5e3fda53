// Measures the cost of a reading that states its error. A program takes this reading for each cue that it
// stamps with the uncertainty of the time.
#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "masterclock/master_clock.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/sync/sync_thread.h"
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

// Each reading of a station's time pays for the slew.
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

template <class Read>
void tsc_reading(benchmark::State& state, TscOrdering ordering, Read read) {
  static std::unique_ptr<TscTimeSource> source;  // shared by the threads of one run
  static std::unique_ptr<SyncThread> refreshing;
  if (state.thread_index() == 0) {
    auto made = TscTimeSource::make(SystemTimeSource::shared(), {.ordering = ordering});
    if (made.ok()) {
      source = *std::move(made);
      refreshing = std::make_unique<SyncThread>(*source);
      refreshing->start();
      while (!source->stats().calibrated) std::this_thread::yield();
    } else {
      state.SkipWithError(std::string(made.status().message()).c_str());
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(read(*source));
  if (state.thread_index() == 0) {
    if (!source->stats().calibrated) state.SkipWithError("not calibrated");
    refreshing.reset();
    source.reset();
  }
}

void BM_Sync_TscNow(benchmark::State& state) {
  tsc_reading(state, TscOrdering::kUnordered,
              [](const TscTimeSource& clock) { return clock.now_utc(); });
}
BENCHMARK(BM_Sync_TscNow);
BENCHMARK(BM_Sync_TscNow)->Threads(2);

void BM_Sync_TscNowSteady(benchmark::State& state) {
  tsc_reading(state, TscOrdering::kUnordered,
              [](const TscTimeSource& clock) { return clock.now_steady(); });
}
BENCHMARK(BM_Sync_TscNowSteady);

// A reading waits for the thread's earlier loads.
void BM_Sync_TscNowOrdered(benchmark::State& state) {
  tsc_reading(state, TscOrdering::kOrdered,
              [](const TscTimeSource& clock) { return clock.now_utc(); });
}
BENCHMARK(BM_Sync_TscNowOrdered);

}  // namespace
}  // namespace masterclock
