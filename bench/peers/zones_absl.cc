// Abseil.
#include <absl/time/time.h>

#include <cstdlib>

#include "zone_load.h"

namespace bench {
namespace {

struct Absl {
  using Handle = absl::TimeZone;
  using Q = Question<Absl>;
  static Handle open(const char* name) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(name, &zone)) std::abort();
    return zone;
  }

  static seconds offset_at(const Q& q) {
    return seconds(q.zone.At(absl::FromChrono(q.utc)).offset);
  }
  static LocalTime to_local(const Q& q) { return chrono_of(q.zone.At(absl::FromChrono(q.utc)).cs); }
  static UtcTime resolve(const Q& q) { return instant_of(q.zone, civil_of(q.local())); }
  static LocalTime convert(const Q& q) {
    const UtcTime utc = resolve(q);
    return chrono_of(q.other.At(absl::FromChrono(utc)).cs);
  }
  static Fields to_fields(const Q& q) {
    const Civil civil = q.zone.At(absl::FromChrono(q.utc)).cs;
    return {static_cast<int>(civil.year()),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second()};
  }
  static UtcTime from_fields(const Q& q) {
    const Fields& f = *q.fields;
    return instant_of(q.zone, Civil(f.year, f.month, f.day, f.hour, f.minute, f.second));
  }
  static std::string rfc3339(const Q& q) {
    return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3S%Ez", absl::FromChrono(q.utc), q.zone);
  }

 private:
  using Civil = absl::CivilSecond;
  static Civil civil_of(LocalTime local) {
    return Civil(1970, 1, 1) + floor<seconds>(local.time_since_epoch()).count();
  }
  static LocalTime chrono_of(Civil civil) { return LocalTime(seconds(civil - Civil(1970, 1, 1))); }
  static UtcTime instant_of(const Handle& zone, Civil civil) {
    const auto info = zone.At(civil);
    return UtcTime(
        absl::ToChronoTime(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.post : info.pre));
  }
};

[[maybe_unused]] const bool kAdded =
    add_rows<Absl, Absl::offset_at, Ours::offset_at>("BM_Absl_OffsetAt") &&
    add_rows<Absl, Absl::to_local, Ours::to_local>("BM_Absl_ToLocal") &&
    add_rows<Absl, Absl::resolve, Ours::resolve>("BM_Absl_Resolve") &&
    add_rows<Absl, Absl::convert, Ours::convert>("BM_Absl_Convert", kRandomLoad) &&
    add_rows<Absl, Absl::to_fields, Ours::to_fields>("BM_Absl_ToFields") &&
    add_rows<Absl, Absl::from_fields, Ours::from_fields>("BM_Absl_FromFields") &&
    add_rows<Absl, Absl::rfc3339, Ours::rfc3339>("BM_Absl_Rfc3339");

void BM_Absl_Find(benchmark::State& state) {
  find_names(state, [](const std::string& name) {
    absl::TimeZone zone;
    absl::LoadTimeZone(name, &zone);
    return zone;
  });
}
BENCHMARK(BM_Absl_Find);

}  // namespace
}  // namespace bench
