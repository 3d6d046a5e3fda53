// What there is to know about a machine's clocks, before anybody judges it.
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
#include "masterclock/sync/sync_reading.h"
#include "masterclock/time/time_points.h"

namespace clock_doctor {

// A clock on a network card, or one that the host hands to a virtual machine.
struct HardwareClock {
  std::string device;                              // /dev/ptp0
  std::string name;                                // what its driver calls it
  std::optional<masterclock::PhcReading> reading;  // where we may
};

// Whether a program sets the system's clock, as it was started.
enum class SetsClock { kNo, kMay, kYes };

// What one provider said, held over to `MachineFacts::now`.
struct Statement {
  std::string by;  // kernel, chrony, linuxptp
  masterclock::SyncReading reading;
  absl::Status heard;  // why it said nothing; OK when it answered
};

// Threads: a plain value.
struct MachineFacts {
  masterclock::UtcTime now;

  std::chrono::nanoseconds resolution{1};
  std::string clocksource;  // what the kernel counts by; empty where it does not say
  bool x86 = false;
  bool constant_tsc = false;  // it runs at one rate, whatever the processor's
  bool nonstop_tsc = false;   // and goes on while the processor sleeps

  std::vector<Statement> statements;  // the kernel's first; of a daemon that is not there, none
  std::set<std::string> installed;    // of the programs that discipline clocks
  std::set<std::string> running;
  std::map<std::string, SetsClock> sets_clock;  // of those whose command line says it
  std::vector<HardwareClock> hardware_clocks;

  std::string leap_source;  // "built-in", or the file
  masterclock::UtcTime leap_expiry;
  std::chrono::seconds tai_minus_utc{};  // of now, as that table has it
  std::string leap_file_error;           // why the system's file was not read; empty when it was

  std::string tzdata_version;
  std::string tzdata_directory;
  bool tzdata_has_zones = false;
  std::optional<masterclock::UtcTime> tzdata_built;

  std::string zone;        // the system's, or empty
  std::string zone_error;  // and then why
};

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_MACHINE_FACTS_H_
