// Measures zone conversions and lookups. A playout engine converts a time for each line of a
// log and each cell of a guide. The files `peers/zones_*.cc` add a row of each other library beside a row here.
//
//   bench/run --group zones
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/masterclock.h"
#include "zone_load.h"

namespace bench {
namespace {

// RFC 3339 text over the text of the last call, of which the date stays. The library does not do so, because
// each thread would need that text.
struct KeptDate {
  using Handle = Zone;
  using Q = Question<KeptDate>;
  static Handle open(const char* name) { return Ours::open(name); }
  static std::string_view rfc3339(const Q& q) {
    using namespace masterclock::internal;
    static char out[masterclock::kRfc3339Size];
    static std::int64_t kept = INT64_MIN;
    const masterclock::BasicZonedTime<milliseconds> time(floor<milliseconds>(q.utc), q.zone);
    const auto [day, ns] = split_days(time.local().time_since_epoch());
    if (day != std::exchange(kept, day)) {
      const auto text = masterclock::write_rfc3339(out, time);
      benchmark::DoNotOptimize(out);
      return text;
    }
    const auto milli = static_cast<std::uint32_t>(ns / 1'000'000);
    const std::uint32_t second = milli / 1000, minute = second / 60;
    write_pair(out + 11, minute / 60);
    write_pair(out + 14, minute % 60);
    write_pair(out + 17, second % 60);
    write_pair(out + 20, milli / 10 % 100);
    out[22] = static_cast<char>('0' + milli % 10);
    char* const end = write_offset(out + 23, duration_cast<minutes>(time.offset));
    *end = '\0';
    benchmark::DoNotOptimize(out);
    return {out, end};
  }
};

[[maybe_unused]] const bool kAdded =
    add_rows<Ours, Ours::offset_at, Ours::offset_at>("BM_Zone_OffsetAt") &&
    add_rows<Ours, Ours::to_local, Ours::to_local>("BM_Zone_ToLocal") &&
    add_rows<Ours, Ours::resolve, Ours::resolve>("BM_Zone_Resolve") &&
    add_rows<Ours, Ours::convert, Ours::convert>("BM_Zone_Convert", kRandomLoad) &&
    add_rows<Ours, Ours::to_fields, Ours::to_fields>("BM_Zone_ToFields") &&
    add_rows<Ours, Ours::from_fields, Ours::from_fields>("BM_Zone_FromFields") &&
    add_rows<Ours, Ours::rfc3339, Ours::rfc3339>("BM_Text_Rfc3339") &&
    add_rows<KeptDate, KeptDate::rfc3339, Ours::rfc3339>("BM_KeptDate_Rfc3339");

// The facade with zone handles adds a Status and a ZonedTime.
void BM_Clock_ConvertTimezone(benchmark::State& state) {
  const masterclock::MasterClock clock;
  const auto questions = load<Ours>(Load::kRandom);
  std::size_t i = 0;
  for (auto _ : state) {
    const auto& q = questions[i];
    benchmark::DoNotOptimize(
        clock.convert_timezone(q.local(), q.zone, q.other, masterclock::Resolve::kCompatible));
    i = (i + 1) % kLoad;
  }
}
BENCHMARK(BM_Clock_ConvertTimezone);

// Names.

void BM_Cache_Find(benchmark::State& state) {
  masterclock::ZoneCache cache;
  find_names(state, [&](const std::string& name) { return cache.find(name); });
}
BENCHMARK(BM_Cache_Find);

// One name, among many zones in the cache.
void BM_Cache_FindAmong(benchmark::State& state) {
  masterclock::ZoneCache cache;
  const std::vector<std::string> names = cache.database().names();
  const std::size_t count = std::min(names.size(), static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < count; ++i) (void)cache.find(names[i]);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.find(names[i]));
    i = i + 1 == count ? 0 : i + 1;
  }
}
BENCHMARK(BM_Cache_FindAmong)->Arg(1)->Arg(10)->Arg(100)->Arg(500);

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
  for (const Asked& q : asked(Load::kRandom)) texts.push_back(masterclock::to_rfc3339(q.utc));
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
}  // namespace bench
