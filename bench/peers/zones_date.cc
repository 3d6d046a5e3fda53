// Howard Hinnant's date.
#include <date/tz.h>

#include "zone_load.h"

namespace bench {
namespace {

struct Date {
  using Handle = const date::time_zone*;
  using Q = Question<Date>;
  static Handle open(const char* name) { return date::locate_zone(name); }

  static seconds offset_at(const Q& q) { return q.zone->get_info(floor<seconds>(q.utc)).offset; }
  static LocalTime to_local(const Q& q) {
    return LocalTime(q.utc.time_since_epoch() + offset_at(q));
  }
  static UtcTime resolve(const Q& q) { return instant_of(q.zone, q.local()); }
  static LocalTime convert(const Q& q) {
    const UtcTime utc = resolve(q);
    return LocalTime(utc.time_since_epoch() + q.other->get_info(floor<seconds>(utc)).offset);
  }
  static Fields to_fields(const Q& q) { return fields_of(to_local(q)); }
  static UtcTime from_fields(const Q& q) { return instant_of(q.zone, local_of(*q.fields)); }
  static std::string rfc3339(const Q& q) {
    return date::format("%FT%T%Ez", date::make_zoned(q.zone, floor<milliseconds>(q.utc)));
  }

 private:
  static UtcTime instant_of(Handle zone, LocalTime local) {
    const auto since = local.time_since_epoch();
    const date::local_info info = zone->get_info(date::local_seconds(floor<seconds>(since)));
    const bool gap = info.result == date::local_info::nonexistent;
    return UtcTime(since - (gap ? info.second.offset : info.first.offset));
  }
};

[[maybe_unused]] const bool kAdded =
    add_rows<Date, Date::offset_at, Ours::offset_at>("BM_Date_OffsetAt") &&
    add_rows<Date, Date::to_local, Ours::to_local>("BM_Date_ToLocal") &&
    add_rows<Date, Date::resolve, Ours::resolve>("BM_Date_Resolve") &&
    add_rows<Date, Date::convert, Ours::convert>("BM_Date_Convert", kRandomLoad) &&
    add_rows<Date, Date::to_fields, Ours::to_fields>("BM_Date_ToFields") &&
    add_rows<Date, Date::from_fields, Ours::from_fields>("BM_Date_FromFields") &&
    add_rows<Date, Date::rfc3339, Ours::rfc3339>("BM_Date_Rfc3339");

void BM_Date_Find(benchmark::State& state) {
  find_names(state, [](const std::string& name) { return date::locate_zone(name); });
}
BENCHMARK(BM_Date_Find);

}  // namespace
}  // namespace bench
