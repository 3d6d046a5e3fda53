// The C library: localtime_r, for the one zone of the process.
#include <stdlib.h>
#include <time.h>

#include "question_load.h"

namespace bench {
namespace {

void BM_Libc_NowLocalZone(benchmark::State& state) {
  static const bool set = [] {
    ::setenv("TZ", kHere, 1);
    ::tzset();
    return true;
  }();
  benchmark::DoNotOptimize(set);
  ask_now(state, [] {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::tm fields{};
    ::localtime_r(&now.tv_sec, &fields);
    return LocalTime(seconds(now.tv_sec + fields.tm_gmtoff) + nanoseconds(now.tv_nsec));
  });
}
MASTERCLOCK_BENCH_QUESTION(BM_Libc_NowLocalZone);

}  // namespace
}  // namespace bench
