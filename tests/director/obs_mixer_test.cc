#include "obs_mixer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/events/simulate.h"
#include "masterclock/testing/manual_time_source.h"
#include "wire.h"

namespace director::obs_mixer_test {
namespace {

using masterclock::ForceUntil;
using masterclock::UtcTime;
using std::chrono::nanoseconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace std::chrono_literals;

// An OBS on simulated time. It answers each request at once, unless a test says otherwise.
class StandIn : public ObsConnection {
 public:
  void connect(std::uint64_t number) override {
    number_ = number;
    ++connects;
    if (!listening) return mixer->closed(number, 0, "Connection refused");
    mixer->opened(number);
    say(password ? R"({"op":0,"d":{"rpcVersion":1,"authentication":{"challenge":"c","salt":"s"}}})"
                 : R"({"op":0,"d":{"rpcVersion":1}})");
  }
  void close() override { number_ = 0; }

  void send(std::string text) override {
    const json message = json::parse(text);
    const json& d = message.at("d");
    if (message.at("op") == 1) {
      const std::string given = d.value("authentication", "");
      if (password && given != obs_authentication(*password, "s", "c")) {
        return mixer->closed(number_, 4009, "Authentication failed.");
      }
      return say(R"({"op":2,"d":{"negotiatedRpcVersion":1}})");
    }
    if (frozen) return;
    const std::string type = d.at("requestType");
    json data = json::object();
    if (not_ready > 0) {
      --not_ready;
      return respond(d, 207, data);
    }
    if (type == "GetSceneList") {
      data = {{"currentProgramSceneName", program}, {"scenes", json::array()}};
      for (const std::string& name : scenes) data["scenes"].push_back({{"sceneName", name}});
    }
    if (type == "GetStudioModeEnabled") data = {{"studioModeEnabled", studio}};
    if (type == "GetStreamStatus") {
      data = {{"outputActive", true},
              {"outputReconnecting", reconnecting},
              {"outputTimecode", "00:00:05.520"}};
    }
    if (type == "GetMediaInputStatus") {
      if (!media) return respond(d, 600, data);
      data = {{"mediaState", *media}, {"mediaCursor", cursor}};
      if (!stands) cursor += 1000;
    }
    if (type == "GetSourceScreenshot") {
      screenshots.push_back(d.at("requestData").at("sourceName"));
      if (silent_screenshots) return;
      data = {{"imageData", image}};
    }
    if (type == "SetCurrentPreviewScene") previews.push_back(d.at("requestData").at("sceneName"));
    if (type == "SetCurrentProgramScene") {
      const std::string scene = d.at("requestData").at("sceneName");
      switches.push_back(scene);
      if (std::ranges::find(scenes, scene) == scenes.end()) return respond(d, 600, data);
      if (answer_first) respond(d, 100, data);
      if (scene != program) change(scene);
      if (!answer_first) respond(d, 100, data);
      return;
    }
    respond(d, 100, data);
  }

  // A switch in OBS, by this program or by its operator.
  void change(const std::string& scene) {
    program = scene;
    say(json{{"op", 5},
             {"d",
              {{"eventType", "CurrentProgramSceneChanged"},
               {"eventIntent", 4},
               {"eventData", {{"sceneName", scene}}}}}}
            .dump());
  }
  void say(const std::string& text) { mixer->received(number_, text); }
  void end(int code = 1006) {
    const std::uint64_t number = std::exchange(number_, 0);
    mixer->closed(number, code, "end of stream");
  }

  ObsMixer* mixer = nullptr;
  std::optional<std::string> password;
  std::string program = "C";
  std::vector<std::string> scenes = {"C", "B", "A"};
  bool listening = true, reconnecting = false, frozen = false, answer_first = false, studio = false;
  int not_ready = 0, connects = 0;
  std::optional<std::string> media = "OBS_MEDIA_STATE_PLAYING";  // of the source; none: removed
  std::int64_t cursor = 0;
  std::string image = "data:image/jpg;base64,QUJD";
  bool silent_screenshots = false;
  bool stands = false;  // the cursor
  std::vector<std::string> switches, previews, screenshots;

 private:
  void respond(const json& request, int code, const json& data) {
    say(json{{"op", 7},
             {"d",
              {{"requestType", request.at("requestType")},
               {"requestId", request.at("requestId")},
               {"requestStatus", {{"result", code == 100}, {"code", code}}},
               {"responseData", data}}}}
            .dump());
  }
  std::uint64_t number_ = 0;
};

class ObsMixerTest : public ::testing::Test {
 public:
  void start(std::optional<std::string> password = {}, DirectorOptions options = {}) {
    mixer_.reset();
    director_.reset();
    store_ = MemoryStore();
    as_run_.clear();
    times_.clear();
    options.safe = options_of_safe;
    options.as_run = [this](const std::string& line) {
      const json entry = json::parse(line);
      as_run_.push_back(
          entry.value("scene", json()).dump() + " " + entry.at("by").get<std::string>() +
          (entry.at("why").is_null() ? "" : ": " + entry.at("why").get<std::string>()) +
          (entry.at("answered").is_null() ? "" : " answered"));
      const auto text = [&](const char* name) {
        return entry.at(name).is_null() ? "-" : entry.at(name).get<std::string>();
      };
      times_.push_back(text("scene") + " " + text("started") + " " + text("answered") + " " +
                       text("error"));
    };
    options.log = [this](std::string_view line) { log_of_director_.emplace_back(line); };
    director_ = Director::open(clock_, store_, std::move(options)).value();
    ObsOptions obs{.password = std::move(password)};
    if (!options_of_safe.scene.empty()) obs.sources = {"Camera"};
    obs.log = [this](const std::string& line) { log_.push_back(line); };
    mixer_ = std::make_unique<ObsMixer>(clock_, *director_, obs_, std::move(obs));
    obs_.mixer = mixer_.get();
    const ShowPlan plan{{{"A", 10s, {}}, {"B", 10s, {}}, {"A", 10s, {}}}, false};
    command({.verb = Verb::kConfigure, .plan = plan});
    mixer_->start();
  }
  void command(Command command) {
    const Outcome outcome = director_->command(std::move(command));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  }
  void pass(nanoseconds time) {
    masterclock::simulate_until(source_, clock_.scheduler(), source_.now_utc() + time);
  }
  json look() { return director_->state(); }
  std::string state() { return mixer_->state().at("state"); }

  // Starts a show with the safe scene C and the source Camera.
  void start_safe() {
    options_of_safe = {.scene = "C", .after = 3s, .back = 5s, .stream = true};
    start();
    command({.verb = Verb::kStart});
    pass(2s);
  }

  SafeScene options_of_safe;
  masterclock::testing::ManualTimeSource source_{UtcTime(24h * 20'000)};
  masterclock::MasterClock clock_{source_};
  MemoryStore store_;
  StandIn obs_;
  std::vector<std::string> as_run_, times_, log_, log_of_director_;
  std::unique_ptr<Director> director_;
  std::unique_ptr<ObsMixer> mixer_;
};

TEST_F(ObsMixerTest, SwitchesEachSceneOnce) {
  start();
  command({.verb = Verb::kStart});
  pass(60s);
  EXPECT_THAT(obs_.switches, ElementsAre("A", "B", "A"));
  EXPECT_THAT(as_run_, ElementsAre("\"A\" timeline answered", "\"B\" timeline answered",
                                   "\"A\" timeline answered", "null timeline"));
  EXPECT_FALSE(look().at("forced"));
  EXPECT_EQ(look().at("stream"),
            (json{{"streaming", true}, {"recording", false}, {"timecode_ms", 5520}}));
}

TEST_F(ObsMixerTest, KnowsItsEchoBeforeAndAfterTheAnswer) {
  for (const bool answer_first : {false, true}) {
    obs_.answer_first = answer_first;
    start();
    command({.verb = Verb::kStart});
    pass(15s);
    EXPECT_FALSE(look().at("forced")) << answer_first;
  }
}

TEST_F(ObsMixerTest, AnAnswerWithoutAnEventHidesNoLaterSwitch) {
  start();
  command({.verb = Verb::kStart});
  obs_.program = "B";  // OBS is on B already, and sends no event
  pass(15s);
  obs_.change("A");
  obs_.change("B");
  EXPECT_EQ(look().at("on_air"), "B");
  obs_.change("C");
  EXPECT_EQ(look().at("on_air"), "C");
}

TEST_F(ObsMixerTest, AnOperatorsSwitchStaysUntilTheNextBoundary) {
  start();
  command({.verb = Verb::kStart});
  pass(2s);
  obs_.change("C");
  EXPECT_EQ(look().at("on_air"), "C");
  EXPECT_TRUE(look().at("forced"));
  pass(7s);
  EXPECT_THAT(obs_.switches, ElementsAre("A"));
  pass(2s);
  EXPECT_THAT(obs_.switches, ElementsAre("A", "B"));
  EXPECT_THAT(as_run_,
              ElementsAre("\"A\" timeline answered", "\"C\" operator", "\"B\" timeline answered"));
}

TEST_F(ObsMixerTest, AnOperatorsSwitchStaysUntilReleaseByPolicy) {
  start({}, {.operator_until = ForceUntil::kReleased});
  command({.verb = Verb::kStart});
  obs_.change("C");
  pass(15s);
  EXPECT_EQ(obs_.program, "C");
  command({.verb = Verb::kRelease});
  EXPECT_EQ(obs_.program, "B");
}

TEST_F(ObsMixerTest, AnOperatorsSwitchBackReleases) {
  start({}, {.operator_until = ForceUntil::kReleased});
  command({.verb = Verb::kStart});
  obs_.change("C");
  obs_.change("A");
  EXPECT_FALSE(look().at("forced"));
  EXPECT_THAT(obs_.switches, ElementsAre("A"));
}

TEST_F(ObsMixerTest, AfterALossItSendsWhatIsDueOnce) {
  start();
  command({.verb = Verb::kStart});
  pass(2s);
  obs_.listening = false;
  obs_.end();
  EXPECT_EQ(state(), "lost");
  pass(12s);  // B began meanwhile
  EXPECT_EQ(look().at("scene"), "B");
  obs_.listening = true;
  obs_.program = "C";
  pass(5s);
  EXPECT_EQ(state(), "connected");
  EXPECT_THAT(obs_.switches, ElementsAre("A", "B"));
}

TEST_F(ObsMixerTest, TheAsRunLogHasTheRealStartAfterALoss) {
  start();
  command({.verb = Verb::kStart});
  pass(2s);
  obs_.listening = false;
  obs_.end();
  pass(19s);  // B passes
  EXPECT_THAT(times_,
              ElementsAre("A 2024-10-04T00:00:00.000Z 2024-10-04T00:00:00.000Z -", "B - - -"));
  obs_.listening = true;
  obs_.program = "C";
  pass(5s);
  ASSERT_EQ(times_.size(), 3u);
  EXPECT_THAT(times_[2], HasSubstr("A 2024-10-04T00:00:2"));
  EXPECT_THAT(times_[2], Not(HasSubstr("00:00:20.000Z")));
  EXPECT_THAT(as_run_[2], HasSubstr("answered"));
}

TEST_F(ObsMixerTest, ARefusedSceneIsSentWhenObsHasIt) {
  obs_.scenes = {"C", "A"};
  start();
  command({.verb = Verb::kStart});
  pass(13s);
  EXPECT_THAT(obs_.switches, ElementsAre("A", "B"));
  const std::string created = R"({"op":5,"d":{"eventType":"SceneCreated","eventData":{}}})";
  obs_.say(created);  // another one
  EXPECT_THAT(obs_.switches, ElementsAre("A", "B"));
  obs_.scenes.emplace_back("B");
  obs_.say(created);
  obs_.say(created);
  EXPECT_THAT(obs_.switches, ElementsAre("A", "B", "B"));
  EXPECT_EQ(times_.back(), "B 2024-10-04T00:00:13.000Z 2024-10-04T00:00:13.000Z -");
}

TEST_F(ObsMixerTest, ARefusedSceneHasNoStartAndAnError) {
  obs_.scenes = {"C", "A"};
  start();
  command({.verb = Verb::kStart});
  pass(21s);
  EXPECT_EQ(times_.at(1), "B - - code 600");
}

TEST_F(ObsMixerTest, AMixerToComeHasTheSceneBeforeTheLogHasItsStart) {
  start({}, {.has_mixer = true});
  obs_.end();
  mixer_.reset();
  director_.reset();
  DirectorOptions options{.has_mixer = true};
  options.as_run = [this](const std::string& line) { as_run_.push_back(line); };
  director_ = Director::open(clock_, store_, std::move(options)).value();
  command({.verb = Verb::kStart});
  EXPECT_THAT(as_run_, IsEmpty());
  director_.reset();
  ASSERT_EQ(as_run_.size(), 1u);
  EXPECT_EQ(json::parse(as_run_[0]).at("started"), json());
}

TEST_F(ObsMixerTest, ACommandNamesASceneThatObsLacks) {
  obs_.scenes = {"C", "A"};
  options_of_safe.scene = "Slate";
  start();
  EXPECT_THAT(log_of_director_, Contains("The mixer has no safe scene 'Slate'"));
  command({.verb = Verb::kStart});
  for (const Verb verb : {Verb::kTake, Verb::kForce}) {
    const Outcome outcome = director_->command({.verb = verb, .scene = "B"});
    EXPECT_EQ(outcome.status, absl::InvalidArgumentError("The mixer has no scene 'B'"));
  }
  EXPECT_TRUE(absl::IsNotFound(director_->command({.verb = Verb::kTake, .scene = "Z"}).status));
  EXPECT_EQ(look().at("on_air"), "A");
}

TEST_F(ObsMixerTest, AReconnectionToTheRightSceneSendsNothing) {
  start();
  command({.verb = Verb::kStart});
  pass(2s);
  obs_.end();
  pass(2s);
  EXPECT_EQ(state(), "connected");
  EXPECT_THAT(obs_.switches, ElementsAre("A"));
}

TEST_F(ObsMixerTest, AFrozenObsIsLostByTheDeadlineOfTheHeartbeat) {
  start();
  command({.verb = Verb::kStart});
  pass(1500ms);
  obs_.frozen = true;
  pass(4s);
  EXPECT_NE(state(), "connected");
  obs_.frozen = false;
  pass(10s);
  EXPECT_EQ(state(), "connected");
  EXPECT_EQ(obs_.program, "B");
}

TEST_F(ObsMixerTest, TriesAgainWhileObsIsNotReady) {
  obs_.not_ready = 7;
  start();
  command({.verb = Verb::kStart});
  pass(3s);
  EXPECT_EQ(state(), "connected");
  EXPECT_THAT(obs_.switches, ElementsAre("A"));
  obs_.not_ready = 2;
  command({.verb = Verb::kTake, .scene = "B"});
  command({.verb = Verb::kTake, .scene = "A"});
  pass(3s);
  EXPECT_EQ(obs_.program, "A");
}

TEST_F(ObsMixerTest, APasswordIsGivenAndAccepted) {
  obs_.password = "secret";
  start("secret");
  EXPECT_EQ(state(), "connected");
}

TEST_F(ObsMixerTest, AWrongPasswordIsSaidOnceAndTriedThreeTimes) {
  for (const std::optional<std::string>& given : {std::optional<std::string>("wrong"), {}}) {
    log_.clear();
    obs_.connects = 0;
    obs_.password = "secret";
    start(given);
    pass(10min);
    EXPECT_EQ(state(), "refused");
    EXPECT_EQ(obs_.connects, 3);
    EXPECT_THAT(log_, ElementsAre(HasSubstr("password")));
  }
}

TEST_F(ObsMixerTest, ARundownWithScenesThatObsLacksIsRefusedWhole) {
  start();
  const ShowPlan plan{{{"A", 1s, {}}, {"X", 1s, {}}, {"Y", 1s, {}}, {"X", 1s, {}}}, false};
  const Outcome outcome = director_->command({.verb = Verb::kConfigure, .plan = plan});
  EXPECT_EQ(outcome.status, absl::InvalidArgumentError("The mixer has no scene 'X', 'Y'"));
  EXPECT_EQ(director_->show().plan().scenes.size(), 3u);
  const ShowPlan overlap{{{"A", 2s, {}}, {"X", 1s, 1s}}, false};
  const Outcome both = director_->command({.verb = Verb::kConfigure, .plan = overlap});
  EXPECT_THAT(std::string(both.status.message()),
              AllOf(HasSubstr("scene 1 'X' starts at"), HasSubstr("; The mixer has no scene 'X'")));
}

TEST_F(ObsMixerTest, ARundownThatWasAcceptedIsNotCheckedAgain) {
  Command configure{.verb = Verb::kConfigure, .id = "c", .plan = {{{"X", 1s, {}}}, false}};
  start();
  obs_.end();
  ASSERT_TRUE(director_->command(configure).applied.changed);
  pass(10s);
  ASSERT_EQ(state(), "connected");
  const Outcome again = director_->command(configure);
  EXPECT_TRUE(again.status.ok()) << again.status;
  EXPECT_TRUE(again.applied.duplicate && !again.applied.changed);
}

TEST_F(ObsMixerTest, PreviewsTheNextSceneInStudioMode) {
  obs_.studio = true;
  start({}, {.preview_before = 3s});
  command({.verb = Verb::kStart});
  pass(6900ms);
  EXPECT_THAT(obs_.previews, IsEmpty());
  pass(200ms);
  EXPECT_THAT(obs_.previews, ElementsAre("B"));
}

TEST_F(ObsMixerTest, ALostSourceBringsTheSafeSceneAndItsReturnTheTimeline) {
  const struct {
    const char* name;
    std::function<void(StandIn&)> lose, mend;
  } cases[] = {
      {"ended", [](StandIn& obs) { obs.media = "OBS_MEDIA_STATE_ENDED"; },
       [](StandIn& obs) { obs.media = "OBS_MEDIA_STATE_PLAYING"; }},
      {"none", [](StandIn& obs) { obs.media = "OBS_MEDIA_STATE_NONE"; },
       [](StandIn& obs) { obs.media = "OBS_MEDIA_STATE_PLAYING"; }},
      {"frozen", [](StandIn& obs) { obs.stands = true; }, [](StandIn& obs) { obs.stands = false; }},
      {"removed", [](StandIn& obs) { obs.media.reset(); },
       [](StandIn& obs) { obs.media = "OBS_MEDIA_STATE_PLAYING"; }},
      {"reconnecting", [](StandIn& obs) { obs.reconnecting = true; },
       [](StandIn& obs) { obs.reconnecting = false; }},
  };
  for (const auto& [name, lose, mend] : cases) {
    SCOPED_TRACE(name);
    obs_.switches.clear();
    start_safe();
    lose(obs_);
    pass(2500ms);
    EXPECT_THAT(obs_.switches, ElementsAre("A"));  // not yet
    pass(2500ms);
    EXPECT_THAT(obs_.switches, ElementsAre("A", "C"));
    pass(5s);  // B begins under the safe scene
    mend(obs_);
    pass(4s);
    EXPECT_THAT(obs_.switches, ElementsAre("A", "C"));
    pass(3s);
    EXPECT_THAT(obs_.switches, ElementsAre("A", "C", "B"));
    const std::string what =
        name == std::string("reconnecting") ? "the stream" : "the source 'Camera'";
    EXPECT_THAT(as_run_,
                ElementsAre("\"A\" timeline answered", "\"C\" safe: " + what + " is lost answered",
                            "\"B\" safe: " + what + " is back answered"));
    obs_.program = "C";
  }
}

TEST_F(ObsMixerTest, AnUpdateDoesNotEndALossThatObsReports) {
  options_of_safe = {.scene = "C", .after = 3s, .back = 0s, .stream = true};
  start();
  command({.verb = Verb::kStart});
  obs_.reconnecting = true;
  pass(6s);
  EXPECT_EQ(obs_.program, "C");
  const std::size_t switches = obs_.switches.size();
  director_->update({.streaming = true});
  pass(0s);
  EXPECT_EQ(obs_.switches.size(), switches);
  EXPECT_EQ(obs_.program, "C");
}

TEST_F(ObsMixerTest, AShortLossAndAShortReturnSwitchNothing) {
  start_safe();
  for (int i = 0; i < 3; ++i) {
    obs_.media = "OBS_MEDIA_STATE_ENDED";
    pass(2s);
    obs_.media = "OBS_MEDIA_STATE_PLAYING";
    pass(500ms + 1s);
  }
  EXPECT_THAT(obs_.switches, Not(Contains("C")));
  obs_.media = "OBS_MEDIA_STATE_ENDED";
  pass(5s);
  EXPECT_EQ(obs_.program, "C");
  const std::size_t switches = obs_.switches.size();
  for (int i = 0; i < 3; ++i) {
    obs_.media = "OBS_MEDIA_STATE_PLAYING";
    pass(3s);
    obs_.media = "OBS_MEDIA_STATE_ENDED";
    pass(2s);
  }
  EXPECT_EQ(obs_.switches.size(), switches);
}

TEST_F(ObsMixerTest, TheSafeSceneNeverOverridesTheOperator) {
  start_safe();
  command({.verb = Verb::kForce, .scene = "B", .until = ForceUntil::kReleased});
  obs_.media = "OBS_MEDIA_STATE_ENDED";
  pass(5s);
  EXPECT_EQ(obs_.program, "B");
  command({.verb = Verb::kRelease});  // during the loss: the operator wants the timeline
  pass(5s);
  EXPECT_EQ(obs_.program, "B");
  EXPECT_FALSE(look().at("forced"));
}

TEST_F(ObsMixerTest, AnOperatorEndsTheSafeSceneUntilTheNextLoss) {
  const struct {
    const char* name;
    std::function<void(ObsMixerTest&)> act;
    std::string program;
  } cases[] = {
      {"take", [](ObsMixerTest& test) { test.command({.verb = Verb::kTake, .scene = "B"}); }, "B"},
      {"skip", [](ObsMixerTest& test) { test.command({.verb = Verb::kSkip}); }, "B"},
      {"force",
       [](ObsMixerTest& test) {
         test.command({.verb = Verb::kForce, .scene = "B", .until = ForceUntil::kBoundary});
       },
       "B"},
      {"release", [](ObsMixerTest& test) { test.command({.verb = Verb::kRelease}); }, "A"},
      {"in OBS", [](ObsMixerTest& test) { test.obs_.change("B"); }, "B"},
  };
  for (const auto& [name, act, program] : cases) {
    SCOPED_TRACE(name);
    obs_.media = "OBS_MEDIA_STATE_PLAYING";
    obs_.program = "C";
    start_safe();
    obs_.media = "OBS_MEDIA_STATE_ENDED";
    pass(5s);
    ASSERT_EQ(obs_.program, "C");
    obs_.switches.clear();
    act(*this);
    pass(2s);
    EXPECT_EQ(obs_.program, program);
    EXPECT_LE(obs_.switches.size(), 1u);
    obs_.media = "OBS_MEDIA_STATE_PLAYING";
    pass(8s);
    obs_.media = "OBS_MEDIA_STATE_ENDED";
    pass(6s);
    EXPECT_EQ(obs_.program, "C");
  }
}

TEST_F(ObsMixerTest, ALossOfObsDecidesNothing) {
  start_safe();
  obs_.media = "OBS_MEDIA_STATE_ENDED";
  pass(5s);
  ASSERT_EQ(obs_.program, "C");
  obs_.listening = false;
  obs_.end();
  pass(10s);
  obs_.listening = true;
  obs_.switches.clear();
  pass(8s);
  EXPECT_EQ(state(), "connected");
  EXPECT_THAT(obs_.switches, IsEmpty());
  EXPECT_TRUE(look().at("safe").at("on"));
}

TEST_F(ObsMixerTest, DrawsThumbnailsForViewersAtABoundedRate) {
  start();
  command({.verb = Verb::kStart});
  pass(5s);
  EXPECT_THAT(obs_.screenshots, IsEmpty());
  for (int i = 0; i < 40; ++i) {  // many viewers over four seconds
    (void)director_->thumbnails();
    pass(100ms);
  }
  EXPECT_THAT(obs_.screenshots, ElementsAre("A", "B", "A", "B"));
  EXPECT_EQ(director_->thumbnails(), (json{{"on_air", {{"scene", "A"}, {"image", obs_.image}}},
                                           {"next", {{"scene", "B"}, {"image", obs_.image}}}}));
}

TEST_F(ObsMixerTest, RefusesAThumbnailThatIsNoSmallImage) {
  for (const std::string& image :
       {std::string("javascript:alert(1)"), std::string("data:text/html;base64,QUJD"),
        std::string("data:image/jpg;base64,QUJD\"><script>"),
        "data:image/jpg;base64," + std::string(70'000, 'A')}) {
    obs_.image = image;
    start();
    command({.verb = Verb::kStart});
    (void)director_->thumbnails();
    pass(100ms);
    EXPECT_EQ(director_->thumbnails().at("on_air").at("image"), json());
  }
}

TEST_F(ObsMixerTest, AThumbnailWithoutAnAnswerCostsNoConnection) {
  obs_.silent_screenshots = true;
  start();
  command({.verb = Verb::kStart});
  for (int i = 0; i < 8; ++i) {
    (void)director_->thumbnails();
    pass(1s);
  }
  EXPECT_EQ(state(), "connected");
  EXPECT_EQ(obs_.connects, 1);
}

TEST_F(ObsMixerTest, AHostileObsCostsNoMoreThanItsConnection) {
  const char* const hostile[] = {
      "garbage",
      "{}",
      R"({"op":0,"d":{}})",
      R"({"op":2,"d":{}})",
      R"({"op":5,"d":{"eventType":"CurrentProgramSceneChanged","eventData":{"sceneName":7}}})",
      R"({"op":7,"d":{"requestId":"1","requestStatus":{"result":"x","code":1}}})",
  };
  start();
  command({.verb = Verb::kStart});
  for (const char* const text : hostile) {
    pass(1500ms);
    ASSERT_EQ(state(), "connected") << text;
    obs_.say(text);
    EXPECT_EQ(state(), "lost") << text;
  }
  pass(30s);
  EXPECT_EQ(look().at("state"), "finished");
  EXPECT_THAT(obs_.switches, ElementsAre("A", "B", "A"));
}

TEST_F(ObsMixerTest, AnswersToNoRequestAreDropped) {
  start();
  command({.verb = Verb::kStart});
  for (int i = 0; i < 1'000; ++i) {
    obs_.say(R"({"op":7,"d":{"requestId":"999999","requestStatus":{"result":true,"code":100}}})");
  }
  EXPECT_EQ(state(), "connected");
}

}  // namespace
}  // namespace director::obs_mixer_test
