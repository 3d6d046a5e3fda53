#include "wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>

namespace director::wire_test {
namespace {

using masterclock::ForceUntil;
using masterclock::Scene;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Wire, ReadsARundown) {
  const auto plan = parse_plan(R"({"looping": true, "scenes": [
      {"name": "Opening", "duration_ms": 1500},
      {"name": "\u00c9tude", "duration_ms": 1, "start_ms": 2000}]})",
                               "show.json");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->looping);
  EXPECT_THAT(plan->scenes,
              ElementsAre(Scene{"Opening", 1500ms, std::nullopt}, Scene{"\u00c9tude", 1ms, 2s}));
  EXPECT_EQ(read_plan(to_json(*plan)).value(), *plan);
}

TEST(Wire, NamesEachFaultOfARundown) {
  const auto plan = parse_plan(R"({"looping": 1, "scenes": [
      {"duration_ms": 1}, {"name": "A", "duration_ms": 0}, {"name": "A", "duration_ms": 1.5},
      {"name": "A", "duration_ms": -1}, {"name": "A", "duration_ms": 9223372036854775807},
      {"name": "A", "duration_ms": 1, "start_ms": "0"}, 7]})",
                               "show.json");
  const std::string duration = ".duration_ms: expected a positive integer number of milliseconds; ";
  EXPECT_EQ(
      plan.status().message(),
      "show.json: looping: expected true or false; "
      "scenes[0].name: expected a text of 1 to 256 bytes without control characters; scenes[1]" +
          duration + "scenes[2]" + duration + "scenes[3]" + duration + "scenes[4]" + duration +
          "scenes[5].start_ms: expected an integer number of milliseconds; "
          "scenes[6]: expected an object");
  for (const char* const text : {"{}", R"({"scenes": []})", R"({"scenes": {}})"}) {
    EXPECT_EQ(parse_plan(text, "a").status().message(),
              "a: scenes: expected a list of one scene or more");
  }
}

TEST(Wire, NamesOnlyTheFileOfATextThatIsNotJson) {
  EXPECT_EQ(parse_plan("", "empty").status().message(), "empty: not JSON, at byte 1");
  EXPECT_EQ(parse_plan("[]", "list").status().message(), "list: expected a JSON object");
}

TEST(Wire, ANameMayJoinEmoji) {
  const auto plan = [](const std::string& name) {
    return read_plan({{"scenes", {{{"name", name}, {"duration_ms", 1}}}}});
  };
  const std::string family = "\U0001f468\u200d\U0001f469\u200d\U0001f467";
  EXPECT_EQ(plan(family).value().scenes[0].name, family);
  for (const char* const bad : {"\u200d", "a\u200e", "a\u202e", "a\n"})
    EXPECT_FALSE(plan(bad).ok());
}

TEST(Wire, NamesTheOverlapsBesideTheOtherFaults) {
  const json object = json::parse(R"({"scenes": [
      {"name": "A", "duration_ms": 1000}, {"name": "B", "duration_ms": 1000, "start_ms": 500},
      {"name": "C", "duration_ms": 0}, {"name": "D", "duration_ms": 1, "start_ms": 1500}]})");
  EXPECT_EQ(read_plan(object).status().message(),
            "scenes[2].duration_ms: expected a positive integer number of milliseconds; "
            "scenes[1].start_ms: expected the end of the scene before, 1000, or later");
  EXPECT_THAT(read_scenes(object).scenes,
              ElementsAre(Scene{"A", 1s, {}}, Scene{"B", 1s, 500ms}, Scene{"D", 1ms, 1500ms}));
}

TEST(Wire, LimitsTheListOfFaults) {
  json object = {{"scenes", json::array()}};
  for (int i = 0; i < 150; ++i) object["scenes"].push_back(i);
  EXPECT_THAT(std::string(read_plan(object).status().message()), HasSubstr("; and 50 more"));
}

TEST(Wire, ReadsCommands) {
  const struct {
    const char* request;
    Command command;
  } cases[] = {
      {R"({"command_id": "a", "command": "Start"})", {.verb = Verb::kStart, .id = "a"}},
      {R"({"command_id": "a", "command": "Take", "scene": "B"})",
       {.verb = Verb::kTake, .id = "a", .scene = "B"}},
      {R"({"command_id": "a", "command": "ForceScene", "scene": "B"})",
       {.verb = Verb::kTake, .id = "a", .scene = "B"}},
      {R"({"command_id": "a", "command": "ForceScene", "scene": "B", "until": "boundary"})",
       {.verb = Verb::kForce, .id = "a", .scene = "B", .until = ForceUntil::kBoundary}},
      {R"({"command_id": "a", "command": "Force", "scene": "B", "until": "released"})",
       {.verb = Verb::kForce, .id = "a", .scene = "B", .until = ForceUntil::kReleased}},
  };
  for (const auto& row : cases) {
    const auto request = read_request(json::parse(row.request));
    ASSERT_TRUE(request.ok()) << row.request << request.status();
    EXPECT_EQ(std::get<Command>(*request), row.command) << row.request;
    Command stored = read_stored_command(to_json(row.command)).value();
    stored.id = row.command.id;
    EXPECT_EQ(stored, row.command) << row.request;
  }
}

TEST(Wire, ReadsAStreamStatus) {
  const auto request = read_request(json::parse(
      R"({"command_id": "a", "command": "UpdateStreamStatus", "streaming": true, "timecode_ms": 40})"));
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& update = std::get<StreamUpdate>(*request);
  EXPECT_EQ(update.streaming, true);
  EXPECT_EQ(update.recording, std::nullopt);
  EXPECT_EQ(update.feed_lost, std::nullopt);
  EXPECT_EQ(update.timecode, 40ms);
}

TEST(Wire, NamesTheFieldThatIsWrong) {
  const struct {
    const char *request, *error;
  } cases[] = {
      {R"({"command": "Start"})", "command_id: expected"},
      {R"({"command_id": "", "command": "Start"})", "command_id: expected"},
      {R"({"command_id": "a"})", "command: expected"},
      {R"({"command_id": "a", "command": "start"})", "command: expected"},
      {R"({"command_id": "a", "command": "Correct"})", "command: expected"},
      {R"({"command_id": "a", "command": 7})", "command: expected"},
      {R"({"command_id": "a", "command": "Take"})", "scene: expected"},
      {R"({"command_id": "a", "command": "Take", "scene": "a\nb"})", "scene: expected"},
      {R"({"command_id": "a", "command": "Force", "scene": "A"})", "until: expected"},
      {R"({"command_id": "a", "command": "Force", "scene": "A", "until": 1})", "until: expected"},
      {R"({"command_id": "a", "command": "Configure"})", "rundown: expected"},
      {R"({"command_id": "a", "command": "UpdateStreamStatus", "streaming": 1})", "streaming: "},
      {R"({"command_id": "a", "command": "UpdateStreamStatus", "timecode_ms": 0.5})",
       "timecode_ms: "},
  };
  for (const auto& row : cases) {
    const auto request = read_request(json::parse(row.request));
    EXPECT_THAT(std::string(request.status().message()), HasSubstr(row.error)) << row.request;
  }
}

}  // namespace
}  // namespace director::wire_test
