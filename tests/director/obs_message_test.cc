#include "obs_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

namespace director::obs_message_test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// Python's hashlib and base64 computed the value, from the salt and the challenge of the protocol's text.
TEST(ObsMessage, AnswersTheChallenge) {
  EXPECT_EQ(
      obs_authentication("supersecretpassword", "lM1GncleQOaCu9lT1yeUZhFYnqhsLLP1G5lAGo3ixaI=",
                         "+IxH4CnCiqpX1rM9scsNynZzbOe4KhDeYcTNS3PDaeY="),
      "1Ct943GAT+6YQUUX47Ia/ncufilbe6+oD6lY+5kaCu4=");
}

TEST(ObsMessage, IdentifiesWithAPasswordOnlyWhereOneIsNeeded) {
  EXPECT_FALSE(json::parse(obs_identify({}, "x")).at("d").contains("authentication"));
  const json identify = json::parse(obs_identify({"challenge", "salt"}, "x"));
  EXPECT_EQ(identify.at("op"), 1);
  EXPECT_EQ(identify.at("d").at("rpcVersion"), 1);
  EXPECT_EQ(identify.at("d").at("authentication"), obs_authentication("x", "salt", "challenge"));
}

TEST(ObsMessage, WritesARequest) {
  EXPECT_EQ(json::parse(obs_request("7", "SetCurrentProgramScene", {{"sceneName", "A"}})),
            json::parse(R"({"op": 6, "d": {"requestType": "SetCurrentProgramScene",
                            "requestId": "7", "requestData": {"sceneName": "A"}}})"));
}

TEST(ObsMessage, ReadsEachKind) {
  const auto hello = read_obs_message(
      R"({"op": 0, "d": {"rpcVersion": 1, "authentication": {"challenge": "c", "salt": "s"}}})");
  ASSERT_TRUE(hello.ok()) << hello.status();
  EXPECT_EQ(std::get<ObsHello>(*hello).salt, "s");
  EXPECT_TRUE(std::holds_alternative<ObsIdentified>(
      *read_obs_message(R"({"op": 2, "d": {"negotiatedRpcVersion": 1}})")));
  const auto event = read_obs_message(
      R"({"op": 5, "d": {"eventType": "E", "eventIntent": 4, "eventData": {"sceneName": "A"}}})");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<ObsEvent>(*event).data.at("sceneName"), "A");
  const auto response = read_obs_message(
      R"({"op": 7, "d": {"requestType": "R", "requestId": "1",
          "requestStatus": {"result": false, "code": 600, "comment": "no scene"}}})");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(std::get<ObsResponse>(*response).code, 600);
  EXPECT_EQ(std::get<ObsResponse>(*response).comment, "no scene");
}

TEST(ObsMessage, RefusesWhatIsNoMessage) {
  for (const char* const text :
       {"", "{", "[]", "7", "{}", R"({"op": "0"})", R"({"op": 1})", R"({"op": 9, "d": {}})",
        R"({"op": 4294967296})", R"({"op": 0, "d": {"authentication": {"salt": "s"}}})",
        R"({"op": 5, "d": {}})", R"({"op": 5, "d": {"eventType": 7}})", R"({"op": 7})",
        R"({"op": 7, "d": {"requestId": "1"}})",
        R"({"op": 7, "d": {"requestId": "1", "requestStatus": {"result": 1, "code": 100}}})",
        R"({"op": 7, "d": {"requestId": 1, "requestStatus": {"result": true, "code": 100}}})"}) {
    EXPECT_FALSE(read_obs_message(text).ok()) << text;
  }
}

TEST(ObsMessage, ReadsATimecode) {
  EXPECT_EQ(parse_obs_timecode("00:00:05.520"), 5'520ms);
  EXPECT_EQ(parse_obs_timecode("100:59:59.999"), 100h + 59min + 59'999ms);
  for (const char* const text : {"", "0", "00:00:05", "00:00:05.", "00:00:05.1x", "-1:00:00.000",
                                 "00:00.5:00", "99999999999999999999:00:00.0"}) {
    EXPECT_FALSE(parse_obs_timecode(text)) << text;
  }
}

}  // namespace
}  // namespace director::obs_message_test
