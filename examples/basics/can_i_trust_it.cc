// Asks the kernel how wrong the clock may be, before a time is written to a log.
//
//   state: <synchronized>
//   error: <at most 1234 us>
//   fit for the log: <yes>
#include <chrono>
#include <iostream>

#include "masterclock/master_clock.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/sync/sync_thread.h"

using namespace std::chrono;

int main() {
  masterclock::KernelSyncProvider kernel;  // or ChronySyncProvider, LinuxPtpSyncProvider
  masterclock::MasterClock clock(masterclock::SystemTimeSource::shared(), {.sync = &kernel});
  masterclock::SyncThread polling(clock);  // asks the provider every second
  polling.start();

  const masterclock::TimeBounds now = clock.now_bounded();
  std::cout << "state: " << now.state << '\n' << "error: ";
  if (now.state == masterclock::SyncState::kUnknown) {
    std::cout << "unknown\n";
  } else {
    std::cout << "at most " << ceil<microseconds>(now.uncertainty()).count() << " us\n";
  }
  const absl::Status fit = now.require(10ms);
  std::cout << "fit for the log: " << (fit.ok() ? "yes" : fit.message()) << '\n';
}
