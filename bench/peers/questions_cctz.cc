// cctz.
#include <cctz/time_zone.h>

#include "question_load.h"

namespace bench {
namespace {

LocalTime now_in(const cctz::time_zone& zone) {
  const auto now = system_clock::now();
  return LocalTime(now.time_since_epoch() + seconds(zone.lookup(now).offset));
}
cctz::time_zone zone_of(const char* name) {
  cctz::time_zone zone;
  cctz::load_time_zone(name, &zone);
  return zone;
}

void BM_Cctz_NowLocalZone(benchmark::State& state) {
  const cctz::time_zone here = zone_of(kHere);
  ask_now(state, [&] { return now_in(here); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Cctz_NowLocalZone);

void BM_Cctz_NowLocalName(benchmark::State& state) {
  ask_now(state, [&] { return now_in(zone_of(kHere)); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Cctz_NowLocalName);

void BM_Cctz_NowText(benchmark::State& state) {
  const cctz::time_zone here = zone_of(kHere);
  for (auto _ : state) {
    benchmark::DoNotOptimize(cctz::format("%Y-%m-%dT%H:%M:%E3S%Ez", system_clock::now(), here));
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Cctz_NowText);

}  // namespace
}  // namespace bench
