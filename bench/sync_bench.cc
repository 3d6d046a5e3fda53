// What it costs to know how right the time is. Whoever stamps a cue with its uncertainty does so on
// the path on which the cue goes out.
#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>

#include "masterclock/master_clock.h"
#include "masterclock/sync/simulated_sync_provider.h"

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

}  // namespace
}  // namespace masterclock
