// Calls each path that a playout engine takes on the air, for two guards that no load disturbs.
//
//   hot_paths            fails if a path allocates that must not
//   instruction_counts   runs hot_paths under callgrind, and compares the instructions of each path
//
// The clock reading of the machine is no part of a path: a fixed source replaces it. The zones are those
// of the folder zoneinfo. The file replaces operator new, so it is a separate program.
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else  // the guard of allocations needs no valgrind
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name)
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/masterclock.h"
#include "masterclock/testing/manual_time_source.h"
#if defined(MASTERCLOCK_GUARD_ON_AIR)
#include "schedule_service.h"
#endif

namespace {

std::atomic<long> allocations = 0;  // of every thread

// Not inlined: g++ warns of a `free` beside a `new`.
[[gnu::noinline]] void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* const memory =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void release(void* memory) noexcept { std::free(memory); }

}  // namespace

void* operator new(std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace masterclock {
namespace {

using namespace std::chrono;

constexpr UtcTime kStart = sys_days(2026y / November / 20) + 18h;
constexpr std::size_t kWarmUp = 100, kCalls = 1'000, kAllCalls = kWarmUp + kCalls;

enum class Memory { kNone, kMay };  // whether the path may allocate
int failures = 0;

// Makes the compiler compute `value`, and forget everything that it knows about memory.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

void check(const char* path, bool right) {
  if (right) return;
  std::fprintf(stderr, "%s: the answer is wrong\n", path);
  ++failures;
}

// Calls `call(i)` kWarmUp times, and kCalls times under observation. i increases by one.
template <class Call>
void observe(const char* path, Memory memory, Call call) {
  std::size_t i = 0;
  for (; i < kWarmUp; ++i) call(i);
  const long before = allocations;
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  for (; i < kAllCalls; ++i) call(i);
  CALLGRIND_DUMP_STATS_AT(path);
  CALLGRIND_STOP_INSTRUMENTATION;
  const long made = allocations - before;
  std::printf("%s\t%zu\t%ld\n", path, kCalls, made);
  if (memory == Memory::kMay || made == 0) return;
  std::fprintf(stderr, "%s: %ld allocations in %zu calls, where none is allowed\n", path, made,
               kCalls);
  ++failures;
}

class FixedTimeSource final : public TimeSource {
 public:
  [[nodiscard]] UtcTime now_utc() const noexcept override { return utc; }
  [[nodiscard]] SteadyTime now_steady() const noexcept override { return SteadyTime{1h}; }
  UtcTime utc = kStart;
};

// Instants from 1970 to 2030, in a fixed random order.
std::vector<UtcTime> random_times() {
  std::mt19937_64 random(20260329);
  std::vector<UtcTime> times(kAllCalls);
  for (UtcTime& time : times) time = UtcTime(seconds(random() % (std::uint64_t{60} * 31'556'952)));
  return times;
}

void observe_clock(TimeSource& source, ZoneDatabase& database) {
  SimulatedSyncProvider provider;
  provider.set(
      {.state = SyncState::kSynchronized, .error_bound = 10us, .as_of = source.now_steady()});
  MasterClock clock(source, {.zones = &database, .sync = &provider});
  clock.refresh_sync();
  const Zone zone = clock.zone("Europe/Dublin").value();
  observe("now_utc", Memory::kNone, [&](auto) { keep(clock.now_utc()); });
  observe("now_local(Zone)", Memory::kNone, [&](auto) { keep(clock.now_local(zone)); });
  observe("now_local(name)", Memory::kNone, [&](auto) { keep(clock.now_local("Europe/Dublin")); });
  observe("now_bounded", Memory::kNone, [&](auto) { keep(clock.now_bounded()); });

  // The time stands still, so all 100 ms of the correction stay to be slewed.
  masterclock::testing::ManualTimeSource machine(kStart);
  masterclock::DisciplinedTimeSource slewed(machine, provider);
  provider.set({.state = SyncState::kSynchronized,
                .error_bound = 10us,
                .as_of = machine.now_steady(),
                .correction = 100ms});
  slewed.refresh();
  observe("now_utc, slewed", Memory::kNone, [&](auto) { keep(slewed.now_utc()); });
  check("now_utc, slewed", slewed.remaining() == 100ms);
  check("now_local", clock.now_local(zone).local() == LocalTime(kStart.time_since_epoch()));
  check("now_bounded", clock.now_bounded().state == SyncState::kSynchronized);
}

void observe_zones(ZoneDatabase& database) {
  const std::array zones = {database.find("Europe/Dublin").value(),
                            database.find("America/New_York").value(),
                            database.find("Asia/Tokyo").value()};
  const std::vector<UtcTime> times = random_times();
  const auto zone = [&](std::size_t i) { return zones[i % zones.size()]; };
  const auto local = [&](std::size_t i) { return LocalTime(times[i].time_since_epoch()); };
  observe("to_local", Memory::kNone, [&](std::size_t i) { keep(zone(i).to_local(times[i])); });
  observe("resolve", Memory::kNone, [&](std::size_t i) { keep(zone(i).resolve(local(i))); });
  observe("to_utc", Memory::kNone,
          [&](std::size_t i) { keep(zone(i).to_utc(local(i), Resolve::kCompatible)); });
  observe("convert", Memory::kNone, [&](std::size_t i) {
    const absl::StatusOr<UtcTime> utc = zone(i).to_utc(local(i), Resolve::kCompatible);
    keep(zone(i + 1).to_local(*utc));
  });

  std::vector<std::string> texts;
  for (const UtcTime time : times) texts.push_back(to_rfc3339(ZonedTime(time, zones[1]), 3));
  char line[kRfc3339Size];
  observe("write_rfc3339", Memory::kNone,
          [&](std::size_t i) { keep(write_rfc3339(line, ZonedTime(times[i], zone(i)), 3)); });
  observe("parse_rfc3339", Memory::kNone, [&](std::size_t i) { keep(parse_rfc3339(texts[i])); });
  check("parse_rfc3339", parse_rfc3339(texts[0]).value() == times[0]);
}

void observe_frames() {
  const std::vector<UtcTime> times = random_times();
  const auto since = [&](std::size_t i) { return times[i].time_since_epoch() % 24h; };
  std::vector<Timecode> codes;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < kAllCalls; ++i) {
    codes.push_back(
        Timecode::from_frame(frame_index(since(i), k29_97) % 2'589'408, k29_97, DropFrame::kYes)
            .value());
    texts.push_back(codes[i].to_string());
  }
  observe("frame_index", Memory::kNone,
          [&](std::size_t i) { keep(frame_index(since(i), k29_97)); });
  observe("frame_start", Memory::kNone,
          [&](std::size_t i) { keep(frame_start(static_cast<std::int64_t>(i), k29_97)); });
  observe("Timecode::from_frame", Memory::kNone, [&](std::size_t i) {
    keep(Timecode::from_frame(codes[i].frame(), k29_97, DropFrame::kYes));
  });
  observe("Timecode::to_string", Memory::kNone, [&](std::size_t i) { keep(codes[i].to_string()); });
  observe("Timecode::parse", Memory::kNone,
          [&](std::size_t i) { keep(Timecode::parse(texts[i], k29_97)); });
  observe("join_at", Memory::kNone,
          [&](std::size_t i) { keep(join_at(kStart, kStart + since(i), k29_97)); });
  check("Timecode::parse", Timecode::parse(texts[0], k29_97).value() == codes[0]);
}

// A scheduler with `count` pending events, one per millisecond, scheduled in a scattered order.
struct Pending {
  explicit Pending(std::size_t count) : handles(count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t place = scattered(i);
      handles[place] = scheduler.schedule(due(place), action()).value();
    }
  }
  // Visits each place once: 7919 is prime, and no divisor of the count.
  [[nodiscard]] std::size_t scattered(std::size_t i) const { return i * 7'919 % handles.size(); }
  [[nodiscard]] static UtcTime due(std::size_t i) { return kStart + milliseconds(1 + i); }
  absl::AnyInvocable<void(const FiredEvent&)> action() {
    return [this](const FiredEvent&) { ++fired; };
  }

  FixedTimeSource source;
  EventScheduler scheduler{source};
  std::vector<EventHandle> handles;  // by due time
  std::size_t fired = 0;
};

void observe_events(std::size_t count, const std::array<const char*, 4>& paths) {
  {
    Pending events(count);
    observe(paths[0], Memory::kMay, [&](std::size_t i) {
      keep(events.scheduler.schedule(Pending::due(events.scattered(i)) + 1us, events.action()));
    });
    check(paths[0], events.scheduler.counters().pending == count + kAllCalls);
  }
  {
    Pending events(count);
    observe(paths[1], Memory::kNone, [&](std::size_t i) {
      keep(events.scheduler.cancel(events.handles[events.scattered(i)]));
    });
    check(paths[1], events.scheduler.counters().cancelled == kAllCalls);
  }
  {
    Pending events(count);
    observe(paths[2], Memory::kMay, [&](std::size_t i) {
      const UtcTime due = Pending::due(events.scattered(i + 1)) + 1us;
      keep(events.scheduler.reschedule(events.handles[events.scattered(i)], due));
    });
    check(paths[2], events.scheduler.counters().pending == count);
  }
  {
    Pending events(count);
    observe(paths[3], Memory::kNone, [&](std::size_t i) {
      events.source.utc = Pending::due(i);
      keep(events.scheduler.run_due());
    });
    check(paths[3], events.fired == kAllCalls);
  }
}

void observe_timers() {
  CountClock clock = CountClock::make({.initial = 12min, .maximum = 12min}).value();
  check("CountClock", clock.apply(SteadyTime{}, ClockCommand::start()).ok());
  observe("CountClock::reading", Memory::kNone,
          [&](std::size_t i) { keep(clock.reading(SteadyTime(milliseconds(i)))); });

  std::map<std::string, IntervalOptions> jobs;
  for (int i = 0; i < 1'000; ++i) jobs["source-" + std::to_string(i)] = {.interval = 1'000s};
  IntervalSchedule schedule;
  check("IntervalSchedule", schedule.update(SteadyTime{}, jobs).ok());
  for (const DueRun& run : schedule.take_due(SteadyTime{})) {
    schedule.finished(SteadyTime{}, run.id, true);
  }
  observe("take_due, none of 1000", Memory::kNone,
          [&](std::size_t i) { keep(schedule.take_due(SteadyTime(milliseconds(i)))); });
  check("take_due", schedule.take_due(SteadyTime(1'000s)).size() == 1'000);
}

// Fails if `call(i)` allocates after the first kWarmUp calls.
template <class Call>
void forbid_allocations(const char* path, Call call) {
  for (std::size_t i = 0; i < kWarmUp; ++i) call(i);
  const long before = allocations;
  for (std::size_t i = kWarmUp; i < kAllCalls; ++i) call(i);
  if (allocations == before) return;
  std::fprintf(stderr, "%s: %ld allocations in %zu calls\n", path, allocations - before, kCalls);
  ++failures;
}

// The thread of a dispatcher wakes up, fires one event, and waits again.
void observe_dispatcher() {
  testing::ManualTimeSource source(kStart);
  EventScheduler scheduler(source);
  std::size_t fired = 0;
  EventRequest request{.due = kStart + 1s, .repeat = Every{1s}};
  request.action = [&](const FiredEvent&) { ++fired; };
  check("dispatcher", scheduler.schedule(std::move(request)).ok());
  Dispatcher dispatcher(scheduler);
  dispatcher.start();
  forbid_allocations("dispatcher", [&](std::size_t) { source.advance(1s); });
  dispatcher.stop();
  check("dispatcher", fired == kAllCalls);
}

#if defined(MASTERCLOCK_GUARD_ON_AIR)
// A viewer joins a channel. The code of on_air is not optimised here, so only its allocations count.
void observe_playout(TimeSource& source, ZoneDatabase& database) {
  const MasterClock clock(source, {.zones = &database});
  on_air::ScheduleService schedule(clock);
  on_air::GuideOptions options;
  options.zone = clock.zone("Europe/Dublin").value();
  check("playout",
        schedule.load(MASTERCLOCK_SOURCE_DIR "/examples/on_air/sample/guide.xml", options).ok());
  const UtcTime noon = sys_days(2026y / March / 28) + 12h;
  std::size_t playing = 0;
  forbid_allocations("get_playout_plan_now", [&](std::size_t i) {
    const auto plan = schedule.get_playout_plan_now("harbour-one", noon + seconds(i));
    playing += plan.ok() && plan->on_air() ? 1 : 0;
  });
  check("get_playout_plan_now", playing == kAllCalls);
}
#endif

}  // namespace
}  // namespace masterclock

int main() {
  using namespace masterclock;
  ZoneDatabase database(MASTERCLOCK_SOURCE_DIR "/tests/guard/zoneinfo");
  FixedTimeSource fixed;
  TimeSource* source = &fixed;
  asm volatile(""
               : "+r"(source));  // hides the type: the compiler must not resolve the virtual call
  observe_clock(*source, database);
  observe_zones(database);
  observe_frames();
  observe_events(2'000, {"schedule, 2000 pending", "cancel, 2000 pending",
                         "reschedule, 2000 pending", "fire, 2000 pending"});
  observe_events(100'000, {"schedule, 100000 pending", "cancel, 100000 pending",
                           "reschedule, 100000 pending", "fire, 100000 pending"});
  observe_timers();
  observe_dispatcher();
#if defined(MASTERCLOCK_GUARD_ON_AIR)
  observe_playout(*source, database);
#endif
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
