// Defines machines to examine.
#ifndef MASTERCLOCK_TESTS_CLOCK_DOCTOR_SAMPLE_FACTS_H_
#define MASTERCLOCK_TESTS_CLOCK_DOCTOR_SAMPLE_FACTS_H_

#include <chrono>
#include <string>
#include <utility>

#include "machine_facts.h"

namespace clock_doctor {

inline Statement statement(std::string by, masterclock::SyncState state,
                           std::chrono::nanoseconds bound) {
  Statement result{std::move(by), {}, {}};
  result.reading.state = state;
  if (result.by == "chrony") result.reading.provenance = "chrony: 10.0.0.1 stratum 3";
  if (result.by == "linuxptp") {
    result.reading.provenance = "linuxptp: grandmaster 16895f.fffe.9cfcf6";
  }
  if (result.reading.has_bound()) result.reading.error_bound = bound;
  return result;
}

// A healthy host: chrony disciplines its clock, and has set TAI.
inline MachineFacts healthy() {
  using namespace std::chrono;
  using namespace std::chrono_literals;
  MachineFacts facts;
  facts.now = sys_days(2026y / November / 20) + 18h + 15min + 30s;
  facts.clocksource = "tsc";
  facts.x86 = facts.constant_tsc = facts.nonstop_tsc = true;
  facts.statements = {statement("kernel", masterclock::SyncState::kSynchronized, 1'234us),
                      statement("chrony", masterclock::SyncState::kSynchronized, 850us)};
  facts.statements[0].reading.tai_offset = 37;
  facts.installed = facts.running = {"chronyd"};
  facts.leap_source = "built-in";
  facts.leap_expiry = sys_days(2027y / June / 28);
  facts.tai_minus_utc = 37s;
  facts.tzdata_version = "2026f";
  facts.tzdata_directory = "/usr/share/zoneinfo";
  facts.tzdata_has_zones = true;
  facts.tzdata_built = sys_days(2026y / October / 29) + 10h;
  facts.zone = "Europe/Dublin";
  return facts;
}

// A new host: no daemon, TAI not set.
inline MachineFacts out_of_the_box() {
  MachineFacts facts = healthy();
  facts.statements = {
      statement("kernel", masterclock::SyncState::kUnknown, std::chrono::nanoseconds(0))};
  facts.installed.clear();
  facts.running.clear();
  return facts;
}

}  // namespace clock_doctor

#endif  // MASTERCLOCK_TESTS_CLOCK_DOCTOR_SAMPLE_FACTS_H_
