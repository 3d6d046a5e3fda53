// ICU. It has its own copy of the zone database, as old as its release.
#include <unicode/basictz.h>
#include <unicode/smpdtfmt.h>

#include <cstdlib>
#include <memory>

#include "zone_load.h"

namespace bench {
namespace {

struct IcuZone {
  explicit IcuZone(const char* name) {
    UErrorCode error = U_ZERO_ERROR;
    zone.reset(dynamic_cast<icu::BasicTimeZone*>(icu::TimeZone::createTimeZone(name)));
    format = std::make_unique<icu::SimpleDateFormat>(
        icu::UnicodeString("yyyy-MM-dd'T'HH:mm:ss.SSSxxx"), icu::Locale::getRoot(), error);
    if (zone == nullptr || U_FAILURE(error)) std::abort();
    format->setTimeZone(*zone);
  }
  std::unique_ptr<icu::BasicTimeZone> zone;
  std::unique_ptr<icu::SimpleDateFormat> format;
};

struct Icu {
  using Handle = std::shared_ptr<const IcuZone>;
  using Q = Question<Icu>;
  static constexpr UtcTime kRulesUntil = sys_days(2022y / January / 1);
  static Handle open(const char* name) { return std::make_shared<const IcuZone>(name); }

  static seconds offset_at(const Q& q) { return floor<seconds>(offset(*q.zone, q.utc)); }
  static LocalTime to_local(const Q& q) {
    return LocalTime(q.utc.time_since_epoch() + offset(*q.zone, q.utc));
  }
  static UtcTime resolve(const Q& q) {
    UErrorCode error = U_ZERO_ERROR;
    std::int32_t standard = 0, daylight = 0;
    q.zone->zone->getOffsetFromLocal(date_of(q.local().time_since_epoch()), UCAL_TZ_LOCAL_LATTER,
                                     UCAL_TZ_LOCAL_FORMER, standard, daylight, error);
    return UtcTime(q.local().time_since_epoch() - milliseconds(standard + daylight));
  }
  static LocalTime convert(const Q& q) {
    const UtcTime utc = resolve(q);
    return LocalTime(utc.time_since_epoch() + offset(*q.other, utc));
  }
  static std::string rfc3339(const Q& q) {
    icu::UnicodeString text;
    q.zone->format->format(date_of(q.utc.time_since_epoch()), text);
    std::string utf8;
    return text.toUTF8String(utf8);
  }

 private:
  static UDate date_of(nanoseconds since) {
    return static_cast<UDate>(floor<milliseconds>(since).count());
  }
  static milliseconds offset(const IcuZone& in, UtcTime at) {
    UErrorCode error = U_ZERO_ERROR;
    std::int32_t standard = 0, daylight = 0;
    in.zone->getOffset(date_of(at.time_since_epoch()), false, standard, daylight, error);
    return milliseconds(standard + daylight);
  }
};

[[maybe_unused]] const bool kAdded =
    add_rows<Icu, Icu::offset_at, Ours::offset_at>("BM_Icu_OffsetAt") &&
    add_rows<Icu, Icu::to_local, Ours::to_local>("BM_Icu_ToLocal") &&
    add_rows<Icu, Icu::resolve, Ours::resolve>("BM_Icu_Resolve") &&
    add_rows<Icu, Icu::convert, Ours::convert>("BM_Icu_Convert", kRandomLoad) &&
    add_rows<Icu, Icu::rfc3339, Ours::rfc3339>("BM_Icu_Rfc3339");

}  // namespace
}  // namespace bench
