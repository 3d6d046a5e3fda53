#include "wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace scoreboard::wire_test {
namespace {

using masterclock::ClockCommand;
using masterclock::ClockKey;
using masterclock::KeyedCommand;
using ::testing::ElementsAre;
using ::testing::StartsWith;
using namespace std::chrono_literals;

TEST(Wire, ReadsABatch) {
  const auto commands = read_commands(json::parse(R"({"commands": [
      {"kind": "period", "id": 1, "verb": "pause"},
      {"kind": "play", "id": -7, "verb": "restart", "value_ns": 25000000000},
      {"kind": "play", "id": 8, "verb": "restart", "value_ns": null},
      {"kind": "period", "id": 2, "verb": "configure",
       "rules": {"direction": "down", "initial_ns": 900000000000, "maximum_ns": 900000000000}}]})"));
  ASSERT_TRUE(commands.ok()) << commands.status();
  EXPECT_THAT(
      *commands,
      ElementsAre(KeyedCommand{{"period", 1}, ClockCommand::pause()},
                  KeyedCommand{{"play", -7}, ClockCommand::restart_at(25s)},
                  KeyedCommand{{"play", 8}, ClockCommand::restart()},
                  KeyedCommand{{"period", 2},
                               ClockCommand::configure({.initial = 15min, .maximum = 15min})}));
}

TEST(Wire, WritesWhatItReads) {
  const masterclock::ClockRules rules{.direction = masterclock::CountDirection::kUp,
                                      .initial = 1ns,
                                      .maximum = 9'223'372'036'854'775'807ns,
                                      .at_end = masterclock::AtEnd::kRunOver};
  const std::vector<KeyedCommand> commands = {{{"\u00e9t\u00e9", 1}, ClockCommand::adjust(-100ms)},
                                              {{"a", 2}, ClockCommand::configure(rules)},
                                              {{"a", 3}, ClockCommand::stop()}};
  const auto again = read_stored_commands(json::parse(to_json(commands).dump()));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, commands);
  EXPECT_TRUE(read_stored_commands(json::array()).value().empty());
}

TEST(Wire, NamesTheFieldThatIsWrong) {
  const struct {
    const char *request, *error;
  } cases[] = {
      {R"({})", "commands: expected a list of 1 to 100 commands"},
      {R"({"commands": []})", "commands: expected a list of 1 to 100 commands"},
      {R"({"commands": {}})", "commands: expected a list of 1 to 100 commands"},
      {R"({"commands": [7]})", "commands[0]: expected an object"},
      {R"({"commands": [{}]})", "commands[0].kind: expected a text"},
      {R"({"commands": [{"kind": ""}]})", "commands[0].kind: expected a text"},
      {R"({"commands": [{"kind": "a\nb"}]})", "commands[0].kind: expected a text"},
      {R"({"commands": [{"kind": "a"}]})", "commands[0].id: expected an integer"},
      {R"({"commands": [{"kind": "a", "id": "1"}]})", "commands[0].id: expected an integer"},
      {R"({"commands": [{"kind": "a", "id": 1.0}]})", "commands[0].id: expected an integer"},
      {R"({"commands": [{"kind": "a", "id": 9223372036854775808}]})",
       "commands[0].id: expected an integer"},
      {R"({"commands": [{"kind": "a", "id": 1}]})", "commands[0].verb: expected start, "},
      {R"({"commands": [{"kind": "a", "id": 1, "verb": "Start"}]})",
       "commands[0].verb: expected start, "},
      {R"({"commands": [{"kind": "a", "id": 1, "verb": "set"}]})",
       "commands[0].value_ns: expected an integer"},
      {R"({"commands": [{"kind": "a", "id": 1, "verb": "set", "value_ns": 1.5}]})",
       "commands[0].value_ns: expected an integer"},
      {R"({"commands": [{"kind": "a", "id": 1, "verb": "configure"}]})",
       "commands[0].rules: expected an object"},
      {R"({"commands": [{"kind": "a", "id": 1, "verb": "stop"},
                        {"kind": "a", "id": 1, "verb": "configure", "rules": {"direction": "left"}}]})",
       "commands[1].rules.direction: expected down or up"},
      {R"({"commands": [{"kind": "a", "id": 1, "verb": "configure", "rules": {"direction": "up"}}]})",
       "commands[0].rules.initial_ns: expected an integer"},
      {R"({"commands": [{"kind": "a", "id": 1, "verb": "configure",
                         "rules": {"direction": "up", "initial_ns": 0, "at_end": "x"}}]})",
       "commands[0].rules.at_end: expected stop or run_over"},
  };
  for (const auto& c : cases) {
    const auto commands = read_commands(json::parse(c.request));
    EXPECT_EQ(commands.status().code(), absl::StatusCode::kInvalidArgument) << c.request;
    EXPECT_THAT(std::string(commands.status().message()), StartsWith(c.error)) << c.request;
  }
  EXPECT_FALSE(read_command_id(json::object()).ok());
  EXPECT_FALSE(read_command_id({{"command_id", std::string(101, 'x')}}).ok());
  EXPECT_EQ(read_command_id({{"command_id", "a-1"}}).value(), "a-1");
}

}  // namespace
}  // namespace scoreboard::wire_test
