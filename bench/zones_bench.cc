// Measures clock readings, zone conversions and lookups against other libraries. A playout engine
// converts a time for each line of a log and each cell of a guide.
//
//   bench/run --group zones
#include <absl/strings/string_view.h>
#include <absl/time/time.h>
#include <benchmark/benchmark.h>
#include <cctz/time_zone.h>
#include <date/tz.h>
#include <time.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "masterclock/masterclock.h"

namespace {

using namespace std::chrono;
using masterclock::LocalTime;
using masterclock::UtcTime;
using masterclock::Zone;

constexpr std::array kNames = {
    "America/New_York",  "America/Chicago",  "America/Denver",      "America/Los_Angeles",
    "America/Sao_Paulo", "America/Halifax",  "America/St_Johns",    "America/Mexico_City",
    "America/Santiago",  "Europe/London",    "Europe/Dublin",       "Europe/Paris",
    "Europe/Berlin",     "Europe/Madrid",    "Europe/Rome",         "Europe/Athens",
    "Europe/Helsinki",   "Europe/Lisbon",    "Europe/Moscow",       "Africa/Cairo",
    "Africa/Casablanca", "Asia/Jerusalem",   "Asia/Kolkata",        "Asia/Shanghai",
    "Asia/Tokyo",        "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
    "Pacific/Apia",      "Pacific/Honolulu",
};
constexpr std::size_t kLoad = 4096;

// A question to one library: its handle of a zone, and a time.
template <class Handle>
struct Question {
  Handle zone, other;
  UtcTime utc;
};

Zone open_zone(const char* name, Zone) {
  return masterclock::ZoneDatabase::system().find(name).value();
}
const date::time_zone* open_zone(const char* name, const date::time_zone*) {
  return date::locate_zone(name);
}
absl::TimeZone open_zone(const char* name, absl::TimeZone zone) {
  if (!absl::LoadTimeZone(name, &zone)) std::abort();
  return zone;
}
cctz::time_zone open_zone(const char* name, cctz::time_zone zone) {
  if (!cctz::load_time_zone(name, &zone)) std::abort();
  return zone;
}

// Near: one zone, times within one hour. Random: 30 zones, 1970 to 2030. Every library gets the
// same questions.
template <class Handle>
std::vector<Question<Handle>> load(bool near) {
  std::vector<Handle> zones;
  for (const char* const name : kNames) zones.push_back(open_zone(name, Handle()));
  std::mt19937_64 random(20260329);
  std::vector<Question<Handle>> questions;
  for (std::size_t i = 0; i < kLoad; ++i) {
    const std::uint64_t spread = random();
    const std::size_t zone = near ? 10 : random() % kNames.size();
    const UtcTime utc = near ? sys_days(2026y / July / 1) + nanoseconds(spread % 3'600'000'000'000)
                             : UtcTime(seconds(spread % (std::uint64_t{60} * 31'556'952)));
    questions.push_back({zones[zone], zones[(zone + 7) % kNames.size()], utc});
  }
  return questions;
}

// Each library returns an offset, the earlier instant of a local time, and a local time in another
// zone. In a gap the earlier instant applies the offset after the change.
struct Ours {
  using Handle = Zone;
  using Q = Question<Handle>;
  static std::int64_t offset(const Q& q) { return q.zone.offset_at(q.utc).offset.count(); }
  static std::int64_t local(const Q& q) {
    return q.zone.to_local(q.utc).time_since_epoch().count();
  }
  static std::int64_t resolve(const Q& q) {
    return q.zone.resolve(LocalTime(q.utc.time_since_epoch())).earlier.time_since_epoch().count();
  }
  static std::int64_t convert(const Q& q) {
    return q.other.to_local(UtcTime(nanoseconds(resolve(q)))).time_since_epoch().count();
  }
  // With milliseconds and the offset, into the caller's buffer.
  static std::int64_t text(const Q& q) {
    char out[masterclock::kRfc3339Size];
    const std::string_view text = masterclock::write_rfc3339(
        out, masterclock::BasicZonedTime<milliseconds>(floor<milliseconds>(q.utc), q.zone));
    benchmark::DoNotOptimize(out);
    return static_cast<std::int64_t>(text.size());
  }
};
struct Date {
  using Handle = const date::time_zone*;
  using Q = Question<Handle>;
  static std::int64_t offset(const Q& q) {
    return q.zone->get_info(floor<seconds>(q.utc)).offset.count();
  }
  static std::int64_t local(const Q& q) {
    return (q.utc.time_since_epoch() + q.zone->get_info(floor<seconds>(q.utc)).offset).count();
  }
  static std::int64_t resolve(const Q& q) {
    const date::local_seconds local(floor<seconds>(q.utc).time_since_epoch());
    const date::local_info info = q.zone->get_info(local);
    const bool gap = info.result == date::local_info::nonexistent;
    return nanoseconds(q.utc.time_since_epoch() - (gap ? info.second.offset : info.first.offset))
        .count();
  }
  static std::int64_t convert(const Q& q) {
    const UtcTime utc{nanoseconds(resolve(q))};
    return (utc.time_since_epoch() + q.other->get_info(floor<seconds>(utc)).offset).count();
  }
};
struct Absl {
  using Handle = absl::TimeZone;
  using Q = Question<Handle>;
  static absl::Time time(UtcTime utc) {
    return absl::FromUnixNanos(utc.time_since_epoch().count());
  }
  static std::int64_t ns(absl::CivilSecond civil, UtcTime utc) {
    return nanoseconds(seconds(civil - absl::CivilSecond(1970, 1, 1)) + utc.time_since_epoch() % 1s)
        .count();
  }
  static std::int64_t offset(const Q& q) { return q.zone.At(time(q.utc)).offset; }
  static std::int64_t local(const Q& q) { return ns(q.zone.At(time(q.utc)).cs, q.utc); }
  static std::int64_t resolve(const Q& q) {
    const auto info = q.zone.At(absl::CivilSecond(1970, 1, 1) + q.utc.time_since_epoch() / 1s);
    return absl::ToUnixNanos(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.post
                                                                            : info.pre) +
           nanoseconds(q.utc.time_since_epoch() % 1s).count();
  }
  static std::int64_t convert(const Q& q) {
    return ns(q.other.At(absl::FromUnixNanos(resolve(q))).cs, q.utc);
  }
  static std::int64_t text(const Q& q) {
    return static_cast<std::int64_t>(
        absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3S%Ez", time(q.utc), q.zone).size());
  }
};
struct Cctz {
  using Handle = cctz::time_zone;
  using Q = Question<Handle>;
  static std::int64_t ns(cctz::civil_second civil, UtcTime utc) {
    return nanoseconds(seconds(civil - cctz::civil_second(1970, 1, 1)) +
                       utc.time_since_epoch() % 1s)
        .count();
  }
  static std::int64_t offset(const Q& q) { return q.zone.lookup(q.utc).offset; }
  static std::int64_t local(const Q& q) { return ns(q.zone.lookup(q.utc).cs, q.utc); }
  static std::int64_t resolve(const Q& q) {
    const auto info = q.zone.lookup(cctz::civil_second(1970, 1, 1) + q.utc.time_since_epoch() / 1s);
    const auto at = info.kind == cctz::time_zone::civil_lookup::SKIPPED ? info.post : info.pre;
    return nanoseconds(at.time_since_epoch() + q.utc.time_since_epoch() % 1s).count();
  }
  static std::int64_t convert(const Q& q) {
    return ns(q.other.lookup(UtcTime(nanoseconds(resolve(q)))).cs, q.utc);
  }
};

// Every library returns our results before the measurement begins.
template <class Library, auto kAnswer, auto kOurs, bool kNear>
void BM_Zone(benchmark::State& state) {
  const auto questions = load<typename Library::Handle>(kNear);
  const auto ours = load<Zone>(kNear);
  for (std::size_t i = 0; i < kLoad; ++i) {
    if (kAnswer(questions[i]) != kOurs(ours[i])) state.SkipWithError("a peer gives another answer");
  }
  // Measures a whole load at a time, to exclude the bookkeeping of the benchmark.
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(kLoad))) {
    for (const auto& question : questions) benchmark::DoNotOptimize(kAnswer(question));
  }
}
#define MASTERCLOCK_ZONE_BENCH(library, verb, near, name) \
  BENCHMARK(BM_Zone<library, library::verb, Ours::verb, near>)->Name(name)
MASTERCLOCK_ZONE_BENCH(Ours, offset, true, "BM_Zone_OffsetAt/near");
MASTERCLOCK_ZONE_BENCH(Ours, local, true, "BM_Zone_ToLocal/near");
MASTERCLOCK_ZONE_BENCH(Ours, offset, false, "BM_Zone_OffsetAt/random");
MASTERCLOCK_ZONE_BENCH(Date, offset, false, "BM_Date_OffsetAt/random");
MASTERCLOCK_ZONE_BENCH(Absl, offset, false, "BM_Absl_OffsetAt/random");
MASTERCLOCK_ZONE_BENCH(Cctz, offset, false, "BM_Cctz_OffsetAt/random");
MASTERCLOCK_ZONE_BENCH(Ours, local, false, "BM_Zone_ToLocal/random");
MASTERCLOCK_ZONE_BENCH(Date, local, false, "BM_Date_ToLocal/random");
MASTERCLOCK_ZONE_BENCH(Absl, local, false, "BM_Absl_ToLocal/random");
MASTERCLOCK_ZONE_BENCH(Cctz, local, false, "BM_Cctz_ToLocal/random");
MASTERCLOCK_ZONE_BENCH(Ours, resolve, false, "BM_Zone_Resolve/random");
MASTERCLOCK_ZONE_BENCH(Date, resolve, false, "BM_Date_Resolve/random");
MASTERCLOCK_ZONE_BENCH(Absl, resolve, false, "BM_Absl_Resolve/random");
MASTERCLOCK_ZONE_BENCH(Cctz, resolve, false, "BM_Cctz_Resolve/random");
MASTERCLOCK_ZONE_BENCH(Ours, convert, false, "BM_Zone_Convert/random");
MASTERCLOCK_ZONE_BENCH(Date, convert, false, "BM_Date_Convert/random");
MASTERCLOCK_ZONE_BENCH(Absl, convert, false, "BM_Absl_Convert/random");
MASTERCLOCK_ZONE_BENCH(Cctz, convert, false, "BM_Cctz_Convert/random");
MASTERCLOCK_ZONE_BENCH(Ours, text, true, "BM_Text_Rfc3339/near");
MASTERCLOCK_ZONE_BENCH(Ours, text, false, "BM_Text_Rfc3339/random");
MASTERCLOCK_ZONE_BENCH(Absl, text, true, "BM_Absl_FormatTime/near");
MASTERCLOCK_ZONE_BENCH(Absl, text, false, "BM_Absl_FormatTime/random");
#undef MASTERCLOCK_ZONE_BENCH

// The facade with zone handles adds a Status and a ZonedTime.
void BM_Clock_ConvertTimezone(benchmark::State& state) {
  const masterclock::MasterClock clock;
  const auto questions = load<Zone>(false);
  std::size_t i = 0;
  for (auto _ : state) {
    const auto& q = questions[i];
    benchmark::DoNotOptimize(clock.convert_timezone(LocalTime(q.utc.time_since_epoch()), q.zone,
                                                    q.other, masterclock::Resolve::kCompatible));
    i = (i + 1) % kLoad;
  }
}
BENCHMARK(BM_Clock_ConvertTimezone);

// Reading the clock.

void BM_System_ClockGettime(benchmark::State& state) {
  for (auto _ : state) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    benchmark::DoNotOptimize(now);
  }
}
BENCHMARK(BM_System_ClockGettime);

void BM_Clock_NowUtc(benchmark::State& state) {
  const masterclock::MasterClock clock;
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_utc());
}
BENCHMARK(BM_Clock_NowUtc);

void BM_Clock_NowLocalZone(benchmark::State& state) {
  const masterclock::MasterClock clock;
  const Zone dublin = clock.zone("Europe/Dublin").value();
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_local(dublin));
}
BENCHMARK(BM_Clock_NowLocalZone);

void BM_Clock_NowLocalName(benchmark::State& state) {
  const masterclock::MasterClock clock;
  for (auto _ : state) benchmark::DoNotOptimize(clock.now_local("Europe/Dublin"));
}
BENCHMARK(BM_Clock_NowLocalName);

// Names.

void BM_Cache_Find(benchmark::State& state) {
  masterclock::ZoneCache cache;
  for (const char* const name : kNames) (void)cache.find(name);
  std::size_t i = 0;
  std::vector<std::string> names(kNames.begin(), kNames.end());
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.find(names[i]));
    i = i + 1 == names.size() ? 0 : i + 1;
  }
}
BENCHMARK(BM_Cache_Find);

void BM_Absl_LoadTimeZone(benchmark::State& state) {
  std::vector<std::string> names(kNames.begin(), kNames.end());
  std::size_t i = 0;
  absl::TimeZone zone;
  for (auto _ : state) {
    benchmark::DoNotOptimize(absl::LoadTimeZone(names[i], &zone));
    i = i + 1 == names.size() ? 0 : i + 1;
  }
}
BENCHMARK(BM_Absl_LoadTimeZone);

void BM_Date_LocateZone(benchmark::State& state) {
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(date::locate_zone(kNames[i]));
    i = i + 1 == kNames.size() ? 0 : i + 1;
  }
}
BENCHMARK(BM_Date_LocateZone);

// One or two threads read while another thread clears and inserts. The figure is lookups a second
// of real time. An inserter on an unread cache shows its share of the two cores.
masterclock::ZoneCache& shared_cache() {
  static auto* const cache = new masterclock::ZoneCache();
  return *cache;
}
masterclock::ZoneCache& unread_cache() {
  static auto* const cache = new masterclock::ZoneCache();
  return *cache;
}
void BM_Cache_FindThreads(benchmark::State& state) {
  masterclock::ZoneCache& cache = shared_cache();
  for (const char* const name : kNames) (void)cache.find(name);
  std::vector<std::string> names(kNames.begin(), kNames.end());
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 7;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.find(names[i]));
    i = i + 1 == names.size() ? 0 : i + 1;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Cache_FindThreads)->Threads(1)->Threads(2)->UseRealTime();

std::jthread start_inserter(masterclock::ZoneCache& cache) {
  return std::jthread([&cache](const std::stop_token& stop) {
    // One new name every 50 microseconds, more than any station needs.
    const std::vector<std::string> all = masterclock::ZoneDatabase::system().names();
    std::size_t i = 0;
    while (!stop.stop_requested()) {
      if (i % all.size() == 0) cache.clear();
      (void)cache.find(all[i++ % all.size()]);
      std::this_thread::sleep_for(50us);
    }
  });
}
void find_beside_inserter(benchmark::State& state, masterclock::ZoneCache& inserted) {
  static std::jthread inserter;
  if (state.thread_index() == 0) inserter = start_inserter(inserted);
  BM_Cache_FindThreads(state);
  if (state.thread_index() == 0) inserter = std::jthread();
}
void BM_Cache_FindThreadsInserting(benchmark::State& state) {
  find_beside_inserter(state, shared_cache());
}
BENCHMARK(BM_Cache_FindThreadsInserting)->Threads(1)->Threads(2)->UseRealTime();

void BM_Cache_FindThreadsInsertingElsewhere(benchmark::State& state) {
  find_beside_inserter(state, unread_cache());
}
BENCHMARK(BM_Cache_FindThreadsInsertingElsewhere)->Threads(1)->Threads(2)->UseRealTime();

void BM_Text_ParseRfc3339(benchmark::State& state) {
  std::vector<std::string> texts;
  for (const auto& q : load<Zone>(false)) texts.push_back(masterclock::to_rfc3339(q.utc));
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(masterclock::parse_rfc3339(texts[i]));
    i = (i + 1) % kLoad;
  }
}
BENCHMARK(BM_Text_ParseRfc3339);

// Measures time and memory of the whole database, with a new database in each iteration.
void BM_Database_CompileAll(benchmark::State& state) {
  std::size_t bytes = 0, count = 0;
  for (auto _ : state) {
    masterclock::ZoneDatabase database(masterclock::ZoneDatabase::system().directory());
    std::vector<const masterclock::internal::ZoneData*> seen;
    bytes = 0;
    const std::vector<std::string> names = database.names();
    count = names.size();
    for (const std::string& name : names) {
      const auto* const data =
          &masterclock::internal::ZoneAccess::table_of(database.find(name).value()).data();
      bytes += sizeof(masterclock::internal::ZoneTable) + name.size();
      if (std::find(seen.begin(), seen.end(), data) != seen.end()) continue;
      seen.push_back(data);
      bytes += data->spans.size() * sizeof data->spans[0] +
               data->buckets.size() * sizeof data->buckets[0] +
               data->first_span.size() * sizeof data->first_span[0] + data->names.size();
    }
  }
  state.counters["zones"] = static_cast<double>(count);
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_Database_CompileAll)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
