// The C library: localtime_r and mktime, for the one zone of the process.
#include <stdlib.h>
#include <time.h>

#include <cstdio>

#include "zone_load.h"

namespace bench {
namespace {

struct Libc {
  struct Handle {};
  using Q = Question<Libc>;
  static Handle open(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
    return {};
  }

  static LocalTime to_local(const Q& q) {
    return LocalTime(q.utc.time_since_epoch() + seconds(local(q).tm_gmtoff));
  }
  static UtcTime resolve(const Q& q) { return instant_of(fields_of(q.local())); }
  static Fields to_fields(const Q& q) {
    const std::tm tm = local(q);
    return {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec};
  }
  static UtcTime from_fields(const Q& q) { return instant_of(*q.fields); }
  static std::string rfc3339(const Q& q) {
    const std::tm tm = local(q);
    const auto ms = static_cast<int>(q.utc.time_since_epoch() % 1s / 1ms);
    const int minutes = static_cast<int>(tm.tm_gmtoff / 60),
              size = minutes < 0 ? -minutes : minutes;
    char text[80];
    const int length =
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02d:%02d",
                      tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                      tm.tm_sec, ms, minutes < 0 ? '-' : '+', size / 60, size % 60);
    return std::string(text, static_cast<std::size_t>(length));
  }

 private:
  static std::tm local(const Q& q) {
    const auto second = static_cast<std::time_t>(q.utc.time_since_epoch() / 1s);
    std::tm tm{};
    ::localtime_r(&second, &tm);
    return tm;
  }
  static UtcTime instant_of(const Fields& f) {
    std::tm tm{};
    tm.tm_year = f.year - 1900;
    tm.tm_mon = f.month - 1;
    tm.tm_mday = f.day;
    tm.tm_hour = f.hour;
    tm.tm_min = f.minute;
    tm.tm_sec = f.second;
    tm.tm_isdst = -1;
    return UtcTime(seconds(::mktime(&tm)));
  }
};

constexpr std::array kLoads = {Load::kNear, Load::kNewYork};
[[maybe_unused]] const bool kAdded =
    add_rows<Libc, Libc::to_local, Ours::to_local>("BM_Libc_ToLocal", kLoads) &&
    add_rows<Libc, Libc::resolve, Ours::resolve>("BM_Libc_Resolve", kLoads) &&
    add_rows<Libc, Libc::to_fields, Ours::to_fields>("BM_Libc_ToFields", kLoads) &&
    add_rows<Libc, Libc::from_fields, Ours::from_fields>("BM_Libc_FromFields", kLoads) &&
    add_rows<Libc, Libc::rfc3339, Ours::rfc3339>("BM_Libc_Rfc3339", kLoads);

}  // namespace
}  // namespace bench
