// Adds rows for a question that a program asks its clock: one on one thread, and one for each number of threads.
#ifndef MASTERCLOCK_BENCH_QUESTION_LOAD_H_
#define MASTERCLOCK_BENCH_QUESTION_LOAD_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "masterclock/time/system_time_source.h"
#include "masterclock/zones/zone_database.h"

namespace bench {

using namespace std::chrono;
using masterclock::LocalTime;
using masterclock::UtcTime;

inline constexpr const char* kHere = "Europe/Dublin";

// Threads share what the question asks.
inline void on_all_threads(benchmark::internal::Benchmark* row) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  row->UseRealTime();
  for (int threads = 1; threads <= cores;
       threads = threads < cores ? std::min(2 * threads, cores) : cores + 1) {
    row->Threads(threads);
  }
}

#define MASTERCLOCK_BENCH_QUESTION(name) \
  BENCHMARK(name);                       \
  BENCHMARK(name)->Apply(on_all_threads)

// Times a question whose answer is the present time. The answer is within a second of a reading of this library: a
// peer may compute the time from the processor's counter, and be ahead of the kernel by some nanoseconds.
template <class Ask>
void ask_now(benchmark::State& state, Ask ask) {
  const masterclock::SystemTimeSource& source = masterclock::SystemTimeSource::shared();
  const masterclock::Zone here = masterclock::ZoneDatabase::system().find(kHere).value();
  const auto shown = [&](UtcTime utc) {
    if constexpr (std::is_same_v<decltype(ask()), LocalTime>) return here.to_local(utc);
    if constexpr (std::is_same_v<decltype(ask()), UtcTime>) return utc;
  };
  if (abs(ask() - shown(source.now_utc())) > 1s) {
    return state.SkipWithError("a peer tells another time");
  }
  for (auto _ : state) benchmark::DoNotOptimize(ask());
}

}  // namespace bench

#endif  // MASTERCLOCK_BENCH_QUESTION_LOAD_H_
