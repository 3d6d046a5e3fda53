// Gathers the facts: the only part that looks at a machine.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_GATHER_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_GATHER_H_

#include <filesystem>

#include "machine_facts.h"

namespace clock_doctor {

// Where the facts stand. The defaults are the machine's own; a test names others.
struct Places {
  std::filesystem::path root = "/";  // of proc, sys, dev and the programs
};

// The processor, the clock source, the programs, the hardware clocks: what files say.
void gather_files(const Places& places, MachineFacts& facts);

// Everything there is to know about this machine. Takes as long as the daemons take to answer.
[[nodiscard]] MachineFacts gather(const Places& places = {});

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_GATHER_H_
