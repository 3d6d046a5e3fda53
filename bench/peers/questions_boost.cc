// Boost.DateTime, with the present rule of the zone.
#include <boost/date_time/local_time/local_time.hpp>

#include "question_load.h"

namespace bench {
namespace {

void BM_Boost_NowLocalZone(benchmark::State& state) {
  namespace local_time = boost::local_time;
  const local_time::time_zone_ptr here(
      new local_time::posix_time_zone("GMT+00IST+01,M3.5.0/01:00,M10.5.0/02:00"));
  const boost::posix_time::ptime epoch(boost::gregorian::date(1970, 1, 1));
  ask_now(state, [&] {
    const auto now = local_time::local_microsec_clock::local_time(here).local_time();
    return LocalTime(microseconds((now - epoch).total_microseconds()));
  });
}
MASTERCLOCK_BENCH_QUESTION(BM_Boost_NowLocalZone);

}  // namespace
}  // namespace bench
