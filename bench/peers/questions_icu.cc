// ICU.
#include <unicode/calendar.h>
#include <unicode/timezone.h>

#include <memory>

#include "question_load.h"

namespace bench {
namespace {

LocalTime now_in(const icu::TimeZone& zone) {
  const UDate now = icu::Calendar::getNow();
  UErrorCode error = U_ZERO_ERROR;
  std::int32_t standard = 0, daylight = 0;
  zone.getOffset(now, false, standard, daylight, error);
  return LocalTime(milliseconds(static_cast<std::int64_t>(now) + standard + daylight));
}
std::unique_ptr<icu::TimeZone> zone_of(const char* name) {
  return std::unique_ptr<icu::TimeZone>(icu::TimeZone::createTimeZone(name));
}

void BM_Icu_NowLocalZone(benchmark::State& state) {
  const auto here = zone_of(kHere);
  ask_now(state, [&] { return now_in(*here); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Icu_NowLocalZone);

void BM_Icu_NowLocalName(benchmark::State& state) {
  ask_now(state, [&] { return now_in(*zone_of(kHere)); });
}
MASTERCLOCK_BENCH_QUESTION(BM_Icu_NowLocalName);

}  // namespace
}  // namespace bench
