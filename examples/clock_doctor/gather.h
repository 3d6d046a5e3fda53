// Gathers the facts about a machine. No other part of the program reads it.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_GATHER_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_GATHER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "machine_facts.h"

namespace clock_doctor {

// The places of the facts. The defaults are the machine's own; a test names others.
struct Places {
  std::filesystem::path root = "/";  // of proc, sys, dev and the programs

  // The addresses of the daemons. The first one that answers counts.
  std::vector<std::string> chrony = {"127.0.0.1:323", "/run/chrony/chronyd.sock"};
  std::vector<std::string> ptp4l = {"/var/run/ptp4l", "/var/run/ptp4lro"};
  std::vector<std::uint8_t> ptp_domains = {0, 127};  // PTP's own, and SMPTE ST 2059-2's
};

// Reads the files: the processor, the clock source, the programs, the hardware clocks.
void gather_files(const Places& places, MachineFacts& facts);

// Gathers all facts about this machine.
//
// Cost: at most a second for each daemon that does not answer.
[[nodiscard]] MachineFacts gather(const Places& places = {});

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_GATHER_H_
