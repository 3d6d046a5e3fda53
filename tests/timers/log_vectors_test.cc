// Compares ClockLog with the group `event_log` of the vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "clock_vectors.h"
#include "masterclock/timers/clock_log.h"

namespace masterclock::log_vectors_test {
namespace {

using timer_vectors::Json;
using timer_vectors::ns;

LogTime stamp_of(const Json& object) {
  return {timer_vectors::steady(object.at("steady_ns")), UtcTime(ns(object.at("utc_ns"))),
          object.at("boot")};
}

BootPolicy policy_of(const Json& name) {
  if (name == "continue") return BootPolicy::kContinue;
  return name == "freeze" ? BootPolicy::kFreeze : BootPolicy::kAsk;
}

ClockRecord record_of(const Json& json) {
  ClockRecord record{json.at("sequence"), stamp_of(json), json.at("command_id")};
  if (json.at("commands").empty()) record.verb = LogVerb::kAlive;
  for (const Json& command : json.at("commands")) {
    const std::string verb = command.at("do");
    if (verb == "undo") {
      record.verb = LogVerb::kUndo;
    } else if (verb == "redo") {
      record.verb = LogVerb::kRedo;
    } else if (verb == "decide") {
      record.verb = command.at("choice") == "continue" ? LogVerb::kContinue : LogVerb::kFreeze;
    } else {
      record.commands.push_back({{command.at("key"), 1}, timer_vectors::command_of(command)});
    }
  }
  return record;
}

class ClockLogVector : public ::testing::TestWithParam<Json> {};

TEST_P(ClockLogVector, Agrees) {
  const Json& one = GetParam();
  SCOPED_TRACE(one.at("name").get<std::string>());
  std::map<ClockKey, ClockRules> rules;
  for (const auto& [key, value] : one.at("clocks").items()) {
    rules[{key, 1}] = timer_vectors::rules_of(value);
  }
  std::vector<ClockRecord> records;
  for (const Json& record : one.at("records")) records.push_back(record_of(record));
  const BootPolicy policy = policy_of(one.at("policy"));
  const LogTime now = stamp_of(one.at("now"));
  const auto replayed = replay(rules, policy, records);
  ASSERT_TRUE(replayed.ok());

  std::multimap<std::uint64_t, ClockRecord> in_order;  // equal sequences in the order of the file
  for (const ClockRecord& record : records) in_order.emplace(record.sequence, record);
  ClockLog log(rules, policy);
  std::vector<std::uint64_t> duplicates, without_effect;
  for (const auto& [sequence, record] : in_order) {
    log = ClockLog(log.snapshot());  // a log that goes on from a snapshot is the same log
    const auto outcome = log.append(record);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    if (*outcome == LogOutcome::kDuplicate) duplicates.push_back(sequence);
    if (*outcome == LogOutcome::kWithoutEffect) without_effect.push_back(sequence);
  }
  EXPECT_EQ(replayed->clocks(now), log.clocks(now));
  const Json& expect = one.at("expect");
  EXPECT_EQ(duplicates, expect.at("duplicates").get<std::vector<std::uint64_t>>());
  EXPECT_EQ(without_effect, expect.at("without_effect").get<std::vector<std::uint64_t>>());
  EXPECT_EQ(log.needs_decision(), expect.at("needs_decision").get<bool>());
  EXPECT_EQ(log.next_undo() != nullptr, expect.at("can_undo").get<bool>());
  EXPECT_EQ(log.next_redo() != nullptr, expect.at("can_redo").get<bool>());
  for (const auto& [key, value] : expect.at("clocks").items()) {
    const ClockReading reading = log.clock({key, 1}, now).value().reading(now.steady);
    EXPECT_EQ(reading.value, ns(value.at("value_ns"))) << key;
    EXPECT_EQ(to_string(reading.state), value.at("state").get<std::string>()) << key;
    EXPECT_EQ(reading.at_end, value.at("at_end").get<bool>()) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(EventLog, ClockLogVector,
                         ::testing::ValuesIn(timer_vectors::cases("event_log", "replay")),
                         timer_vectors::name_of_case);

}  // namespace
}  // namespace masterclock::log_vectors_test
