// Measures how late a dispatcher fires, and the processor time that it takes.
//
// A playout engine acts on the frame: an event is late by the time that the machine takes to wake a
// thread. Three threads each fire a second of events at 120 frames a second. The first sleeps by
// `clock_nanosleep` with the default timer slack. The second is a Dispatcher, and the third a
// Dispatcher that reads the clock before each event. Lateness is the clock reading of the action. The
// share of a core is that of the dispatcher's thread.
//
//   build/bench/bench/dispatcher_bench --benchmark_counters_tabular=true
//
// p50, p90, p99 and max are nanoseconds of lateness in real time. The tail belongs to the machine. le_2us is the
// number of events that were at most 2 microseconds late, and early the number of events before their time.

#include <benchmark/benchmark.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/events/dispatcher.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/timers/clock_board.h"

namespace {

using namespace std::chrono_literals;
using masterclock::ClockBoard;
using masterclock::ClockCommand;
using masterclock::ClockReport;
using masterclock::Dispatcher;
using masterclock::DispatcherOptions;
using masterclock::EventRequest;
using masterclock::EventScheduler;
using masterclock::FiredEvent;
using masterclock::SteadyTime;
using masterclock::SystemTimeSource;
using masterclock::UtcTime;
using std::chrono::nanoseconds;

constexpr nanoseconds kFrame = 1'000'000'000ns / 120;
constexpr int kFrames = 120;
constexpr unsigned long kDefaultSlack = 50'000;  // prctl(2)

SystemTimeSource& source() { return SystemTimeSource::shared(); }

nanoseconds thread_cpu() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return nanoseconds(std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
}

void report(benchmark::State& state, std::vector<nanoseconds> late) {
  std::sort(late.begin(), late.end());
  const auto up_to = [&](nanoseconds most) {
    return static_cast<double>(std::upper_bound(late.begin(), late.end(), most) - late.begin());
  };
  state.counters["early"] = up_to(-1ns);
  for (const int us : {1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 10'000, 100'000}) {
    state.counters["le_" + std::to_string(us) + "us"] = up_to(us * 1us);
  }
  const auto at = [&](std::size_t percent) {
    return static_cast<double>(late[(late.size() - 1) * percent / 100].count());
  };
  state.counters["p50"] = at(50);
  state.counters["p90"] = at(90);
  state.counters["p99"] = at(99);
  state.counters["max"] = at(100);
}

// --- lateness ------------------------------------------------------------------------------------

void BM_Lateness_Nanosleep(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<nanoseconds> late;
    std::thread([&] {
      ::prctl(PR_SET_TIMERSLACK, kDefaultSlack);
      const SteadyTime begin = source().now_steady();
      for (int i = 1; i <= kFrames; ++i) {
        const nanoseconds due = (begin + i * kFrame).time_since_epoch();
        const timespec until{due.count() / 1'000'000'000, due.count() % 1'000'000'000};
        while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
        }
        late.push_back(source().now_steady().time_since_epoch() - due);
      }
    }).join();
    report(state, std::move(late));
  }
}

// Makes this thread a real-time thread, as an action of a program may. Returns false where the machine refuses.
bool become_real_time() {
  sched_param priority{};
  priority.sched_priority = 50;
  return ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &priority) == 0;
}

// The events of a second, and one before them by which the thread's processor time is counted.
void fire_a_second(benchmark::State& state, DispatcherOptions options, bool real_time = false) {
  EventScheduler scheduler(source());
  Dispatcher dispatcher(scheduler, options);
  for (auto _ : state) {
    std::vector<nanoseconds> late;
    late.reserve(kFrames);
    nanoseconds cpu{};
    std::promise<nanoseconds> done;
    const UtcTime begin = source().now_utc() + 10ms;
    std::vector<EventRequest> requests;
    bool refused = false;
    requests.push_back({.due = begin, .action = [&](auto&) {
                          refused = real_time && !become_real_time();
                          cpu = thread_cpu();
                        }});
    for (int i = 1; i <= kFrames; ++i) {
      requests.push_back({.due = begin + i * kFrame, .action = [&](const FiredEvent& event) {
                            late.push_back(source().now_utc() - event.due);
                            if (late.size() == kFrames) done.set_value(thread_cpu() - cpu);
                          }});
    }
    (void)scheduler.schedule_all(std::move(requests));
    dispatcher.start();
    const nanoseconds used = done.get_future().get();
    dispatcher.stop();
    if (refused) return state.SkipWithError("this machine refuses SCHED_FIFO");
    report(state, std::move(late));
    state.counters["core_percent"] =
        100.0 * static_cast<double>(used.count()) / static_cast<double>((kFrames * kFrame).count());
  }
}

void BM_Lateness_Dispatcher(benchmark::State& state) { fire_a_second(state, {}); }
void BM_Lateness_Hybrid(benchmark::State& state) { fire_a_second(state, {.spin = 200us}); }

// A real-time thread, beside two threads that never sleep.
void BM_Lateness_HybridFifoTwoHogs(benchmark::State& state) {
  const auto burn = [](const std::stop_token& stop) {
    for (std::uint64_t i = 0; !stop.stop_requested(); ++i) benchmark::DoNotOptimize(i);
  };
  const std::jthread one(burn), other(burn);
  fire_a_second(state, {.spin = 200us}, true);
}

BENCHMARK(BM_Lateness_Nanosleep)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Lateness_Dispatcher)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Lateness_Hybrid)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Lateness_HybridFifoTwoHogs)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// --- clocks --------------------------------------------------------------------------------------

// Ten thousand clocks run, each with seconds at other instants. Every second is reported.
void BM_Board_TenThousandClocks(benchmark::State& state) {
  constexpr std::int64_t kClocks = 10'000, kSeconds = 3;
  for (auto _ : state) {
    EventScheduler scheduler(source());
    std::vector<nanoseconds> late;
    late.reserve(kClocks * kSeconds);
    std::int64_t missed = 0;
    nanoseconds cpu{};
    std::promise<nanoseconds> done;
    ClockBoard board(scheduler, [&](const ClockReport& report) {
      if (report.reason != ClockReport::Reason::kSecond || late.size() == kClocks * kSeconds)
        return;
      if (late.empty()) cpu = thread_cpu();
      late.push_back(source().now_steady() - report.due);
      missed += report.missed;
      if (late.size() == kClocks * kSeconds) done.set_value(thread_cpu() - cpu);
    });
    for (std::int64_t id = 0; id < kClocks; ++id) {
      (void)board.add({"clock", id}, {.initial = 1h, .maximum = 1h});
      const nanoseconds value = 1h - id * 1s / kClocks;
      (void)board.apply({"clock", id}, ClockCommand::restart_at(value));
    }
    Dispatcher dispatcher(scheduler);
    dispatcher.start();
    const nanoseconds used = done.get_future().get();
    dispatcher.stop();
    if (missed != 0) state.SkipWithError("a second was not reported");
    report(state, std::move(late));
    state.counters["core_percent"] = 100.0 * static_cast<double>(used.count()) /
                                     static_cast<double>(nanoseconds(kSeconds * 1s).count());
  }
}
BENCHMARK(BM_Board_TenThousandClocks)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

// --- stopping ------------------------------------------------------------------------------------

// Stops a dispatcher that would sleep for an hour.
void BM_Stop(benchmark::State& state) {
  constexpr int kStops = 50;
  EventScheduler scheduler(source());
  for (auto _ : state) {
    (void)scheduler.schedule({.due = masterclock::After{1h}});
    std::vector<nanoseconds> took;
    for (int i = 0; i < kStops; ++i) {
      Dispatcher dispatcher(scheduler, {.max_wait = 1h});
      std::promise<void> up;
      (void)scheduler.schedule(
          {.due = masterclock::After{0ns}, .action = [&](auto&) { up.set_value(); }});
      dispatcher.start();
      up.get_future().get();
      std::this_thread::sleep_for(500us);  // it sleeps again
      const SteadyTime asked = source().now_steady();
      dispatcher.stop();
      took.push_back(source().now_steady() - asked);
    }
    report(state, std::move(took));
    if (scheduler.counters().pending != 1)
      state.SkipWithError("a pending event did not stay pending");
    scheduler.cancel_between(UtcTime::min(), UtcTime::max());
  }
}
BENCHMARK(BM_Stop)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
