#include "command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulated_runner.h"

namespace poller_test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

constexpr const char* kServices = R"({"services": {
  "source-a": {"interval": 10, "command": ["a"]},
  "source-aranet4": {"command": ["scan"]}, "source-camera": {"command": ["camera"]}}})";

class FakeStore final : public poller::SharedStore {
 public:
  void get(const std::string& key, Got got) override {
    const auto found = values.find(key);
    if (found == values.end()) return got(absl::NotFoundError("Redis has no text in " + key));
    got(found->second);
  }
  absl::Status publish(const std::string& channel, const json& message) override {
    published.push_back(channel + " " + message.dump());
    return absl::OkStatus();
  }
  std::map<std::string, std::string> values;
  std::vector<std::string> published;
};

class CommandsTest : public ::testing::Test {
 protected:
  // Returns the responses so far.
  std::vector<std::string> handle(const std::string& text) {
    poller::Request request;
    const absl::Status status = poller::parse_request(text, request);
    const auto keep = [this](const nlohmann::ordered_json& response) {
      responses_.push_back(response.dump());
    };
    if (!status.ok()) {
      keep(poller::error_response(request.id, std::string(status.message())));
    } else {
      commands_.handle(station_.now(), request, keep);
    }
    return std::exchange(responses_, {});
  }

  Station station_{kServices};
  FakeStore store_;
  poller::Commands commands_{station_.poller, &store_};
  std::vector<std::string> responses_;
};

TEST_F(CommandsTest, TriggerStartsAndAnswers) {
  station_.run_until(1s);
  station_.runner.plans["source-a"].duration = 1s;
  const char* const request =
      R"({"action": "trigger", "request_id": "7", "params": {"service": "a"}, "timestamp": 1})";
  EXPECT_THAT(handle(request), ElementsAre(R"({"request_id":"7","status":"ok","data":)"
                                           R"({"service":"source-a"},"error":null})"));
  EXPECT_THAT(handle(request), ElementsAre(R"({"request_id":"7","status":"error","data":null,)"
                                           R"("error":"service 'source-a' is running"})"));
}

TEST_F(CommandsTest, AScanAnswersWhenItsRunHasEnded) {
  station_.runner.plans["source-aranet4"].duration = 3s;
  EXPECT_TRUE(handle(R"({"action": "scan_aranet4", "request_id": "8"})").empty());
  EXPECT_EQ(station_.runner.launches.back().env.at("MODE"), "scan");
  store_.values["scan:co2"] = R"([{"name": "hall", "mac": "AA", "rssi": -60}])";
  station_.run_until(4s);
  EXPECT_THAT(responses_,
              ElementsAre(R"({"request_id":"8","status":"ok","data":{"devices":[{"mac":"AA",)"
                          R"("name":"hall","rssi":-60}]},"error":null})"));
  responses_.clear();
  store_.values["scan:network_camera"] = R"({"cameras": []})";
  EXPECT_TRUE(handle(R"({"action": "discover_cameras", "request_id": "9"})").empty());
  EXPECT_EQ(station_.runner.launches.back().env.at("MODE"), "discover");
  station_.run_until(5s);
  EXPECT_THAT(responses_, ElementsAre(R"({"request_id":"9","status":"ok","data":{"cameras":[]},)"
                                      R"("error":null})"));
}

TEST_F(CommandsTest, AScanThatFailsAnswersWithTheReason) {
  station_.runner.plans["source-aranet4"].outcome = {.code = 4, .output = "a\nno adapter\n"};
  EXPECT_TRUE(handle(R"({"action": "scan_aranet4", "request_id": "8"})").empty());
  station_.run_until(1s);
  EXPECT_THAT(responses_, ElementsAre(R"({"request_id":"8","status":"error","data":null,)"
                                      R"("error":"source-aranet4: exit 4: no adapter"})"));
}

TEST_F(CommandsTest, TheCameraStartsAndStops) {
  station_.runner.plans["source-camera"].duration = 1h;
  EXPECT_THAT(handle(R"({"action": "start_camera", "request_id": "1"})"),
              ElementsAre(R"({"request_id":"1","status":"ok","data":{"service":"source-camera"},)"
                          R"("error":null})"));
  EXPECT_THAT(handle(R"({"action": "stop_camera", "request_id": "2"})"),
              ElementsAre(R"({"request_id":"2","status":"ok","data":{},"error":null})"));
  EXPECT_THAT(store_.published, ElementsAre(R"(cmd:network_camera {"action":"stop"})"));
}

// A copy of such a value exhausts the stack.
TEST_F(CommandsTest, RefusesParametersThatNestWithoutEnd) {
  poller::Request request;
  const std::string nested(200'000, '[');
  const std::string text = R"({"action": "x", "request_id": "1", "params": {"a": )" + nested +
                           std::string(200'000, ']') + "}}";
  EXPECT_FALSE(poller::parse_request(text, request).ok());
}

TEST_F(CommandsTest, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"{", "not JSON: '{'"},
      {"7", "expected an object, not '7'"},
      {R"({"action": "trigger"})", "request_id must be a text of 1 to 200 bytes"},
      {R"({"request_id": "1"})", "action must be a text"},
      {R"({"request_id": "1", "action": "trigger", "params": 5})", "params must be an object"},
      {R"({"request_id": "1", "action": "trigger"})", "trigger: params.service must be a text"},
      {R"({"request_id": "1", "action": "trigger", "params": {"service": "b"}})",
       "unknown service 'b'"},
      {R"({"request_id": "1", "action": "restart_service", "params": {"service": "../a"}})",
       "service name '../a': it contains '..'"},
      {R"({"request_id": "1", "action": "fly"})",
       "unknown action 'fly'; known are start_camera, stop_camera, trigger, scan_aranet4, "
       "discover_cameras, restart_service"},
  };
  for (const auto& [text, error] : cases) {
    const std::vector<std::string> responses = handle(text);
    ASSERT_EQ(responses.size(), 1u) << text;
    const json response = json::parse(responses[0]);
    EXPECT_EQ(response["status"], "error");
    EXPECT_EQ(response["error"], error);
    EXPECT_TRUE(response["data"].is_null());
  }
}

}  // namespace
}  // namespace poller_test
