// Resolves 01:30 in Dublin under each policy, on the two nights when the clocks change.
//
//   2026-03-29T01:30:00 does not exist
//     earlier: 2026-03-29T00:30:00Z
//     later: 2026-03-29T01:30:00Z
//     compatible: 2026-03-29T01:30:00Z
//     snap: 2026-03-29T01:00:00Z
//     reject: refused
//   2026-10-25T01:30:00 occurs twice
//     earlier: 2026-10-25T00:30:00Z
//     later: 2026-10-25T01:30:00Z
//     compatible: 2026-10-25T00:30:00Z
//     snap: 2026-10-25T00:30:00Z
//     reject: refused
#include <chrono>
#include <iostream>

#include "masterclock/master_clock.h"
#include "masterclock/time/rfc3339.h"

using namespace std::chrono;
using masterclock::Resolve;

void show(masterclock::Zone zone, masterclock::LocalTime local) {
  std::cout << masterclock::to_rfc3339(local, 0);
  switch (zone.resolve(local).kind) {
    case masterclock::LocalResolution::kUnique:
      std::cout << " is unique\n";
      break;
    case masterclock::LocalResolution::kGap:
      std::cout << " does not exist\n";
      break;
    case masterclock::LocalResolution::kFold:
      std::cout << " occurs twice\n";
      break;
  }
  for (const Resolve policy : {Resolve::kEarlier, Resolve::kLater, Resolve::kCompatible,
                               Resolve::kSnap, Resolve::kReject}) {
    const auto utc = zone.to_utc(local, policy);
    std::cout << "  " << policy << ": " << (utc.ok() ? masterclock::to_rfc3339(*utc, 0) : "refused")
              << '\n';
  }
}

int main() {
  masterclock::MasterClock clock;
  const masterclock::Zone dublin = clock.zone("Europe/Dublin").value();
  show(dublin, local_days(2026y / March / 29) + 1h + 30min);    // the clocks go forward
  show(dublin, local_days(2026y / October / 25) + 1h + 30min);  // the clocks go back
}
