// From facts to findings: a pure function, so that every case of it is a row in a test.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_EXAMINE_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_EXAMINE_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "machine_facts.h"
#include "masterclock/sync/sync_state.h"

namespace clock_doctor {

// Their numbers are the program's exit statuses.
enum class Level {
  kGood = 0,
  kAttention = 1,  // it works, and somebody should see to it
  kBad = 2,        // not to be trusted
};

// "healthy", "attention wanted", "not to be trusted".
[[nodiscard]] const char* to_string(Level level) noexcept;

struct Finding {
  std::string check;  // what was looked at: "state", "kernel", "tzdata"
  Level level = Level::kGood;
  std::string says;
  std::string advice;  // what to do about it, one line; empty when there is nothing to do
};

struct Diagnosis {
  Level verdict = Level::kGood;  // the worst of the findings
  masterclock::UtcTime at;

  // Of the provider that knows best.
  masterclock::SyncState state = masterclock::SyncState::kUnknown;
  std::optional<std::chrono::nanoseconds> error_bound;
  std::string by;
  std::optional<int> tai_offset;

  std::vector<Statement> sources;
  std::vector<Finding> findings;
};

[[nodiscard]] Diagnosis examine(const MachineFacts& facts);

}  // namespace clock_doctor

#endif  // MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_EXAMINE_H_
