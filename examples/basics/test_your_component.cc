// Tests a component of your own on simulated time: no test waits, and each run is the same.
//
//   00:59:59 before the change
//   02:00:00 after the change
//   passed
#include <cstdlib>
#include <iostream>
#include <string>

#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"

using namespace std::chrono;

// The component takes the clock by reference, and asks the clock each time.
class Overlay {
 public:
  Overlay(masterclock::MasterClock& clock, masterclock::Zone zone) : clock_(clock), zone_(zone) {}

  std::string caption() const {
    return masterclock::to_rfc3339(clock_.now_local(zone_)).substr(11, 8);
  }

 private:
  masterclock::MasterClock& clock_;
  masterclock::Zone zone_;
};

void expect(const std::string& found, const std::string& wanted, const char* when) {
  std::cout << found << ' ' << when << '\n';
  if (found != wanted) std::exit(1);
}

int main() {
  // The night the clocks of Dublin go forward. In production: masterclock::MasterClock clock;
  masterclock::testing::ManualTimeSource time(sys_days(2026y / March / 29) + 59min + 59s);
  masterclock::MasterClock clock(time);
  const Overlay overlay(clock, clock.zone("Europe/Dublin").value());

  expect(overlay.caption(), "00:59:59", "before the change");
  time.advance(1s);
  expect(overlay.caption(), "02:00:00", "after the change");
  std::cout << "passed\n";
}
