// cctz, from which Abseil's zones come.
#include <cctz/time_zone.h>

#include <cstdlib>

#include "zone_load.h"

namespace bench {
namespace {

struct Cctz {
  using Handle = cctz::time_zone;
  using Q = Question<Cctz>;
  static Handle open(const char* name) {
    cctz::time_zone zone;
    if (!cctz::load_time_zone(name, &zone)) std::abort();
    return zone;
  }

  static seconds offset_at(const Q& q) { return seconds(q.zone.lookup(q.utc).offset); }
  static LocalTime to_local(const Q& q) { return chrono_of(q.zone.lookup(q.utc).cs); }
  static UtcTime resolve(const Q& q) { return instant_of(q.zone, civil_of(q.local())); }
  static LocalTime convert(const Q& q) {
    const UtcTime utc = resolve(q);
    return chrono_of(q.other.lookup(utc).cs);
  }
  static Fields to_fields(const Q& q) {
    const Civil civil = q.zone.lookup(q.utc).cs;
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
    return cctz::format("%Y-%m-%dT%H:%M:%E3S%Ez", q.utc, q.zone);
  }

 private:
  using Civil = cctz::civil_second;
  static Civil civil_of(LocalTime local) {
    return Civil(1970, 1, 1) + floor<seconds>(local.time_since_epoch()).count();
  }
  static LocalTime chrono_of(Civil civil) { return LocalTime(seconds(civil - Civil(1970, 1, 1))); }
  static UtcTime instant_of(const Handle& zone, Civil civil) {
    const auto info = zone.lookup(civil);
    return info.kind == cctz::time_zone::civil_lookup::SKIPPED ? info.post : info.pre;
  }
};

[[maybe_unused]] const bool kAdded =
    add_rows<Cctz, Cctz::offset_at, Ours::offset_at>("BM_Cctz_OffsetAt") &&
    add_rows<Cctz, Cctz::to_local, Ours::to_local>("BM_Cctz_ToLocal") &&
    add_rows<Cctz, Cctz::resolve, Ours::resolve>("BM_Cctz_Resolve") &&
    add_rows<Cctz, Cctz::convert, Ours::convert>("BM_Cctz_Convert", kRandomLoad) &&
    add_rows<Cctz, Cctz::to_fields, Ours::to_fields>("BM_Cctz_ToFields") &&
    add_rows<Cctz, Cctz::from_fields, Ours::from_fields>("BM_Cctz_FromFields") &&
    add_rows<Cctz, Cctz::rfc3339, Ours::rfc3339>("BM_Cctz_Rfc3339");

void BM_Cctz_Find(benchmark::State& state) {
  find_names(state, [](const std::string& name) {
    cctz::time_zone zone;
    cctz::load_time_zone(name, &zone);
    return zone;
  });
}
BENCHMARK(BM_Cctz_Find);

}  // namespace
}  // namespace bench
