// Abseil.
#include <absl/time/clock.h>
#include <absl/time/time.h>

#include "question_load.h"

namespace bench {
namespace {

LocalTime now_in(absl::TimeZone zone) {
  const absl::Time now = absl::Now();
  return LocalTime(nanoseconds(absl::ToUnixNanos(now)) + seconds(zone.At(now).offset));
}
absl::TimeZone zone_of(const char* name) {
  absl::TimeZone zone;
  absl::LoadTimeZone(name, &zone);
  return zone;
}

void BM_Absl_NowUtc(benchmark::State& state) {
  ask_now(state, [] { return UtcTime(nanoseconds(absl::GetCurrentTimeNanos())); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Absl_NowUtc);

void BM_Absl_NowLocalZone(benchmark::State& state) {
  const absl::TimeZone here = zone_of(kHere);
  ask_now(state, [&] { return now_in(here); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Absl_NowLocalZone);

void BM_Absl_NowLocalName(benchmark::State& state) {
  ask_now(state, [&] { return now_in(zone_of(kHere)); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Absl_NowLocalName);

void BM_Absl_NowText(benchmark::State& state) {
  const absl::TimeZone here = zone_of(kHere);
  for (auto _ : state) {
    benchmark::DoNotOptimize(absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3S%Ez", absl::Now(), here));
  }
}
MASTERCLOCK_BENCH_QUESTION(BM_Absl_NowText);

}  // namespace
}  // namespace bench
