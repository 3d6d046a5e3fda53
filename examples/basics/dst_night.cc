// Resolves 01:30 in Dublin on the two nights when the clocks change.
//
//   2026-03-29T01:30:00 does not exist
//     kEarlier     2026-03-29T00:30:00Z
//     kLater       2026-03-29T01:30:00Z
//     kCompatible  2026-03-29T01:30:00Z
//     kSnap        2026-03-29T01:00:00Z
//     kReject      refused
//   2026-10-25T01:30:00 occurs twice
//     kEarlier     2026-10-25T00:30:00Z
//     kLater       2026-10-25T01:30:00Z
//     kCompatible  2026-10-25T00:30:00Z
//     kSnap        2026-10-25T00:30:00Z
//     kReject      refused
#include <chrono>
#include <iostream>
#include <utility>

#include "masterclock/master_clock.h"
#include "masterclock/time/rfc3339.h"

using namespace std::chrono;
using masterclock::LocalResolution;
using masterclock::Resolve;

void show(masterclock::Zone zone, masterclock::LocalTime local) {
  const LocalResolution found = zone.resolve(local);
  std::cout << masterclock::to_rfc3339(local, 0)
            << (found.kind == LocalResolution::kGap    ? " does not exist\n"
                : found.kind == LocalResolution::kFold ? " occurs twice\n"
                                                       : " is unique\n");
  for (const auto& [name, policy] :
       {std::pair("kEarlier     ", Resolve::kEarlier), std::pair("kLater       ", Resolve::kLater),
        std::pair("kCompatible  ", Resolve::kCompatible),
        std::pair("kSnap        ", Resolve::kSnap), std::pair("kReject      ", Resolve::kReject)}) {
    const auto utc = zone.to_utc(local, policy);
    std::cout << "  " << name << (utc.ok() ? masterclock::to_rfc3339(*utc, 0) : "refused") << '\n';
  }
}

int main() {
  masterclock::MasterClock clock;
  const masterclock::Zone dublin = clock.zone("Europe/Dublin").value();
  show(dublin, local_days(2026y / March / 29) + 1h + 30min);    // the clocks go forward
  show(dublin, local_days(2026y / October / 25) + 1h + 30min);  // the clocks go back
}
