// Turns facts into findings: a pure function, so that each case is a row in a test.
#ifndef MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_EXAMINE_H_
#define MASTERCLOCK_EXAMPLES_CLOCK_DOCTOR_EXAMINE_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "machine_facts.h"
#include "masterclock/sync/sync_provider.h"

namespace clock_doctor {

// The numbers are the exit statuses of the program.
enum class Level {
  kGood = 0,
  kAttention = 1,  // works, and wants attention
  kBad = 2,        // not to be trusted
};

// "healthy", "attention wanted", "not to be trusted".
[[nodiscard]] const char* to_string(Level level) noexcept;

struct Finding {
  std::string check;  // "state", "kernel", "tzdata"
  Level level = Level::kGood;
  std::string says;
  std::string advice;  // one line; empty when nothing is to be done
};

struct Diagnosis {
  Level verdict = Level::kGood;  // the worst of the findings
  masterclock::UtcTime at;

  // From the provider with the best state, and of these the one with the smallest bound.
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
