// Boost.DateTime. Debian has no zone database for it, so a zone is one rule.
#include <boost/date_time/local_time/local_time.hpp>

#include "zone_load.h"

namespace bench {
namespace {

namespace local_time = boost::local_time;
namespace posix_time = boost::posix_time;

struct Boost {
  using Handle = local_time::time_zone_ptr;
  using Q = Question<Boost>;
  static Handle open(const char*) {  // the load is that of New York
    return Handle(new local_time::posix_time_zone("EST-05EDT+01,M3.2.0/02:00,M11.1.0/02:00"));
  }

  static LocalTime to_local(const Q& q) {
    return LocalTime(since_epoch(
        local_time::local_date_time(ptime_of(q.utc.time_since_epoch()), q.zone).local_time()));
  }
  static UtcTime resolve(const Q& q) {
    const posix_time::ptime local = ptime_of(q.local().time_since_epoch());
    return UtcTime(
        since_epoch(local_time::local_date_time(local.date(), local.time_of_day(), q.zone,
                                                local_time::local_date_time::EXCEPTION_ON_ERROR)
                        .utc_time()));
  }

 private:
  static posix_time::ptime epoch() { return posix_time::ptime(boost::gregorian::date(1970, 1, 1)); }
  static posix_time::ptime ptime_of(nanoseconds since) {
    return epoch() + posix_time::microseconds(floor<microseconds>(since).count());
  }
  static nanoseconds since_epoch(posix_time::ptime time) {
    return microseconds((time - epoch()).total_microseconds());
  }
};

constexpr std::array kLoads = {Load::kNewYork};
[[maybe_unused]] const bool kAdded =
    add_rows<Boost, Boost::to_local, Ours::to_local>("BM_Boost_ToLocal", kLoads) &&
    add_rows<Boost, Boost::resolve, Ours::resolve>("BM_Boost_Resolve", kLoads);

}  // namespace
}  // namespace bench
