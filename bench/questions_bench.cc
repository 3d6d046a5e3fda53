// Measures the questions that a program asks its clock, with one thread and with all threads.
//
//   bench/run --group questions
//
// The threads share one clock. The files `peers/questions_*.cc` add the rows of other libraries.
#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "masterclock/frames/house_timecode.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/master_clock.h"
#include "masterclock/time/rfc3339.h"
#include "question_load.h"

namespace bench {
namespace {

using masterclock::MasterClock;
using masterclock::Zone;

MasterClock& station() {
  static auto* const clock = new MasterClock();
  return *clock;
}
Zone here() {
  static const Zone zone = station().zone(kHere).value();
  return zone;
}

// --- the time ------------------------------------------------------------------------------------

void BM_System_NowUtc(benchmark::State& state) {
  for (auto _ : state) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    benchmark::DoNotOptimize(now);
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_System_NowUtc);

void BM_Chrono_NowUtc(benchmark::State& state) {
  ask_now(state, [] { return UtcTime(system_clock::now()); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Chrono_NowUtc);

void BM_Clock_NowUtc(benchmark::State& state) {
  const MasterClock& clock = station();
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_utc());
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_NowUtc);

void BM_Clock_NowLocalZone(benchmark::State& state) {
  const MasterClock& clock = station();
  const Zone zone = here();
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_local(zone));
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_NowLocalZone);

void BM_Clock_NowLocalName(benchmark::State& state) {
  const MasterClock& clock = station();
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_local(kHere));
  state.SetItemsProcessed(state.iterations());
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_NowLocalName);

// A line of a log begins with this text.
void BM_Clock_NowText(benchmark::State& state) {
  const MasterClock& clock = station();
  const Zone zone = here();
  for (auto _ : state) {
    char text[masterclock::kRfc3339Size];
    benchmark::DoNotOptimize(masterclock::write_rfc3339(text, clock.now_local(zone), 3));
    benchmark::DoNotOptimize(text);
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_NowText);

// --- conversions ---------------------------------------------------------------------------------

// 20:00 in Dublin, in New York.
void BM_Clock_ConvertName(benchmark::State& state) {
  const MasterClock& clock = station();
  const LocalTime evening = local_days(2026y / July / 1) + 20h;
  for (auto _ : state) {
    benchmark::DoNotOptimize(clock.convert_timezone(evening, kHere, "America/New_York"));
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_ConvertName);

// --- the picture ---------------------------------------------------------------------------------

void BM_Clock_NowFrame(benchmark::State& state) {
  const MasterClock& clock = station();
  for (auto _ : state) {
    const auto tai = masterclock::to_tai(clock.now_utc());
    benchmark::DoNotOptimize(masterclock::frame_index(tai, masterclock::k29_97));
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_NowFrame);

void BM_Clock_NowTimecode(benchmark::State& state) {
  const MasterClock& clock = station();
  static const auto house = masterclock::TimeOfDayTimecode::make(here(), masterclock::k29_97,
                                                                 masterclock::DropFrame::kYes)
                                .value();
  for (auto _ : state) benchmark::DoNotOptimize(house.at(clock.now_utc()));
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_NowTimecode);

void BM_Clock_JoinNow(benchmark::State& state) {
  const MasterClock& clock = station();
  const UtcTime start = clock.now_utc() - 10min;
  for (auto _ : state) {
    benchmark::DoNotOptimize(masterclock::join_at(start, clock.now_utc(), masterclock::k29_97));
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_JoinNow);

// --- events --------------------------------------------------------------------------------------

// Each thread schedules an event among 1,000 pending events, and cancels it.
void BM_Clock_ScheduleCancel(benchmark::State& state) {
  static auto* const clock = [] {
    auto* const made = new MasterClock();
    for (int i = 0; i < 1'000; ++i) (void)made->schedule_event(UtcTime::max() - i * 1s, nullptr);
    return made;
  }();
  const UtcTime due = UtcTime::max() - 500s;
  for (auto _ : state) {
    const auto handle = clock->schedule_event(due, [](auto&) {});
    if (!handle.ok() || !clock->cancel_event(*handle)) state.SkipWithError("no event");
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_ScheduleCancel);

// The same with std::multimap under a mutex.
void BM_Multimap_ScheduleCancel(benchmark::State& state) {
  using Action = absl::AnyInvocable<void(const masterclock::FiredEvent&)>;
  static auto* const mutex = new std::mutex;
  static auto* const map = [] {
    auto* const made = new std::multimap<UtcTime, Action>();
    for (int i = 0; i < 1'000; ++i) made->emplace(UtcTime::max() - i * 1s, nullptr);
    return made;
  }();
  const UtcTime due = UtcTime::max() - 500s;
  for (auto _ : state) {
    std::multimap<UtcTime, Action>::iterator handle;
    {
      const std::lock_guard lock(*mutex);
      handle = map->emplace(due, [](auto&) {});
    }
    const std::lock_guard lock(*mutex);
    map->erase(handle);
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Multimap_ScheduleCancel);

void BM_Clock_UntilNextEvent(benchmark::State& state) {
  static auto* const clock = [] {
    auto* const made = new MasterClock();
    for (int i = 0; i < 1'000; ++i) (void)made->schedule_event(UtcTime::max() - i * 1s, nullptr);
    return made;
  }();
  for (auto _ : state) benchmark::DoNotOptimize(clock->until_next_event());
}
MASTERCLOCK_BENCH_QUESTION(BM_Clock_UntilNextEvent);

}  // namespace
}  // namespace bench
