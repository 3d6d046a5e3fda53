#include "sport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "../temporary_directory.h"

namespace scoreboard::sport_test {
namespace {

using masterclock::ClockCommand;
using masterclock::KeyedCommand;
using ::testing::ElementsAre;
using ::testing::StartsWith;
using namespace std::chrono_literals;

const std::filesystem::path kSports =
    std::filesystem::path(MASTERCLOCK_SOURCE_DIR) / "examples/scoreboard/sports";

Sport shipped(const std::string& name) {
  const std::filesystem::path file = kSports / (name + ".json");
  auto sport = parse_sport(masterclock::tests::contents_of(file), file.string());
  EXPECT_TRUE(sport.ok()) << sport.status();
  return sport.ok() ? *std::move(sport) : Sport{};
}

TEST(Sport, ReadsEveryShippedFile) {
  for (const char* name :
       {"american_football", "basketball", "football", "ice_hockey", "stage_timer"}) {
    const Sport sport = shipped(name);
    EXPECT_FALSE(sport.name.empty()) << name;
    EXPECT_FALSE(sport.actions.empty()) << name;
  }
}

TEST(Sport, BatchesTheCommandsOfATimeOut) {
  const Sport sport = shipped("american_football");
  for (const SportAction& action : sport.actions) {
    if (action.name != "Time-out") continue;
    EXPECT_THAT(action.commands,
                ElementsAre(KeyedCommand{{"period", 1}, ClockCommand::pause()},
                            KeyedCommand{{"time_out", 1}, ClockCommand::restart()},
                            KeyedCommand{{"play", 1}, ClockCommand::reset_to(25s)}));
    return;
  }
  FAIL() << "no time-out";
}

TEST(Sport, StartsTheIntermissionAtTheEndOfThePeriod) {
  const Sport sport = shipped("ice_hockey");
  EXPECT_EQ(sport.at_end.at({"period", 1}).front(),
            (KeyedCommand{{"intermission", 1}, ClockCommand::restart()}));
}

TEST(Sport, NamesTheFieldThatIsWrong) {
  const std::string clocks =
      R"("name": "x", "clocks": [{"kind": "a", "id": 1, "rules": {"direction": "down", "initial_ns": 1}}])";
  const std::string start = R"("commands": [{"kind": "a", "id": 1, "verb": "start"}])";
  const struct {
    std::string text, error;
  } cases[] = {
      {"", "f: body: not JSON, at byte 1"},
      {"{}", "f: name: expected a text"},
      {R"({"name": "x"})", "f: clocks: expected one clock at least"},
      {R"({"name": "x", "clocks": [1]})", "f: clocks[0]: expected an object"},
      {R"({"name": "x", "clocks": [{"kind": "a", "id": 1}]})", "f: clocks[0].rules: expected"},
      {R"({"name": "x", "clocks": [{"kind": "a", "id": 1, "rules": {"direction": "up", "initial_ns": 1}}]})",
       "f: clocks[0].rules: "},
      {"{" + clocks + R"(, "actions": [{"name": "go"}]})",
       "f: actions[0].commands: expected a list"},
      {"{" + clocks + R"(, "actions": [{)" + start + "}]}", "f: actions[0].name: expected a text"},
      {"{" + clocks + R"(, "actions": [{"name": "b", "key": "s", )" + start +
           R"(}, {"name": "c", "key": "s", )" + start + "}]}",
       "f: actions[1].key: expected a key that no other action has"},
      {"{" + clocks + R"(, "actions": [{"name": "b", "key": "S", )" + start +
           R"(}, {"name": "c", "key": "s", )" + start + "}]}",
       "f: actions[1].key: expected a key that no other action has"},
      {"{" + clocks + R"(, "actions": [{"name": "b", )" + start + "}]}",
       "f: actions[0].key: expected a key such as"},
      {"{" + clocks + R"(, "actions": [{"name": "b", "key": "Z", )" + start + "}]}",
       "f: actions[0].key: expected a key that the page does not use"},
      {"{" + clocks + R"(, "action": []})", "f: action: no such field"},
      {"{" + clocks + R"(, "actions": [{"name": "b", "kye": "s", )" + start + "}]}",
       "f: actions[0].kye: no such field"},
      {"{" + clocks +
           R"(, "actions": [{"name": "b", "key": "s", "commands": [{"kind": "a", "id": 1, "verb": "set", "value": 1}]}]})",
       "f: actions[0].commands[0].value: no such field"},
      {R"({"name": "x", "clocks": [{"kind": "a", "id": 1, "rules": {"direction": "down", "initial": 1}}]})",
       "f: clocks[0].rules.initial: no such field"},
      {"{" + clocks +
           R"(, "actions": [{"name": "b", "commands": [{"kind": "a", "id": 2, "verb": "start"}]}]})",
       "f: actions[0].commands: expected clocks of this file, not a/2"},
      {"{" + clocks + R"(, "at_end": [{"kind": "b", "id": 1, )" + start + "}]}",
       "f: at_end[0]: expected a clock of this file"},
  };
  for (const auto& c : cases) {
    const auto sport = parse_sport(c.text, "f");
    EXPECT_EQ(sport.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(sport.status().message()), StartsWith(c.error)) << c.text;
  }
}

}  // namespace
}  // namespace scoreboard::sport_test
