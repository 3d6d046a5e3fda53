// Prints the time in UTC and on the wall in Dublin.
//
//   UTC     <2026-11-20T18:15:30.123456789Z>
//   Dublin  <2026-11-20T18:15:30.123456790+00:00>
#include <iostream>

#include "masterclock/master_clock.h"
#include "masterclock/time/rfc3339.h"

int main() {
  masterclock::MasterClock clock;  // one per process: pass it to components by reference

  const auto dublin = clock.zone("Europe/Dublin");
  if (!dublin.ok()) {
    std::cerr << dublin.status().message() << '\n';
    return 1;
  }
  std::cout << "UTC     " << masterclock::to_rfc3339(clock.now_utc()) << '\n'
            << "Dublin  " << masterclock::to_rfc3339(clock.now_local(*dublin)) << '\n';
}
