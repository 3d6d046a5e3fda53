// Howard Hinnant's date.
#include <date/tz.h>

#include "question_load.h"

namespace bench {
namespace {

LocalTime now_in(const date::time_zone* zone) {
  return LocalTime(zone->to_local(system_clock::now()).time_since_epoch());
}

void BM_Date_NowLocalZone(benchmark::State& state) {
  const date::time_zone* const here = date::locate_zone(kHere);
  ask_now(state, [&] { return now_in(here); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Date_NowLocalZone);

void BM_Date_NowLocalName(benchmark::State& state) {
  ask_now(state, [&] { return now_in(date::locate_zone(kHere)); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Date_NowLocalName);

}  // namespace
}  // namespace bench
