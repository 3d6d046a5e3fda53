// Reads the rules and commands of clocks from the vectors.
#ifndef TESTS_TIMERS_CLOCK_VECTORS_H_
#define TESTS_TIMERS_CLOCK_VECTORS_H_

#include <string>

#include "absl/status/statusor.h"
#include "masterclock/timers/count_clock.h"
#include "vectors.h"

namespace masterclock::timer_vectors {

inline CountDirection direction_of(const Json& name) {
  return name == "up" ? CountDirection::kUp : CountDirection::kDown;
}

inline ClockRules rules_of(const Json& rules) {
  return {direction_of(rules.at("direction")), ns(rules.at("initial_ns")),
          ns_or_none(rules, "maximum_ns"),
          rules.at("at_end") == "run_over" ? AtEnd::kRunOver : AtEnd::kStop};
}

// Returns the command of a step.
inline ClockCommand command_of(const Json& step) {
  const std::string verb = step.at("do");
  if (verb == "rules") return ClockCommand::configure(rules_of(step.at("rules")));
  ClockCommand command{parse_clock_verb(verb).value()};
  command.value = ns_or_none(step, verb == "adjust" ? "by_ns" : "value_ns");
  return command;
}

// Returns the result of a command in the terms of the vectors.
inline std::string result_of(const absl::StatusOr<ClockChange>& change) {
  if (!change.ok()) return "refused";
  return change->changed ? "changed" : "unchanged";
}

}  // namespace masterclock::timer_vectors

#endif  // TESTS_TIMERS_CLOCK_VECTORS_H_
