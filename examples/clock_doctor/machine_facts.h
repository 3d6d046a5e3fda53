// Holds the facts about a machine's clocks, before they are judged.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_MACHINE_FACTS_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_MACHINE_FACTS_H_

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "masterclock/sync/providers/phc.h"
#include "masterclock/sync/sync_provider.h"
#include "masterclock/time/time_points.h"

namespace clock_doctor {

// A clock on a network card, or a clock that the host offers to a virtual machine.
struct HardwareClock {
  std::string device;                              // /dev/ptp0
  std::string name;                                // from its driver
  std::optional<masterclock::PhcReading> reading;  // absent without permission
};

// Tells whether a program sets the system's clock, by its command line.
enum class SetsClock { kNo, kMay, kYes };

// The reading of one provider, held over to `MachineFacts::now`.
struct Statement {
  std::string by;  // kernel, chrony, linuxptp
  masterclock::SyncReading reading;
  absl::Status heard;  // the reason when the provider gave no answer
};

struct MachineFacts {
  masterclock::UtcTime now;

  std::chrono::nanoseconds resolution{1};
  std::string clocksource;  // of the kernel; empty: unknown
  bool x86 = false;
  bool constant_tsc = false;  // runs at one rate at any rate of the processor
  bool nonstop_tsc = false;   // runs while the processor sleeps

  std::vector<Statement> statements;  // the kernel's first; none for a daemon that does not run
  std::set<std::string> installed;    // programs that discipline clocks
  std::set<std::string> running;
  std::map<std::string, SetsClock> sets_clock;  // of programs whose command line decides
  std::vector<HardwareClock> hardware_clocks;

  std::string leap_source;  // "built-in", or the file
  masterclock::UtcTime leap_expiry;
  std::chrono::seconds tai_minus_utc{};  // at `now`, by this table
  std::string leap_file_error;           // the reason when the system's file was not read

  std::string tzdata_version;
  std::string tzdata_directory;
  bool tzdata_has_zones = false;
  std::optional<masterclock::UtcTime> tzdata_built;

  std::string zone;        // of the system; empty: unknown
  std::string zone_error;  // the reason when it is unknown
};

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_MACHINE_FACTS_H_
