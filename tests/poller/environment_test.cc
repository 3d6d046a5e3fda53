#include "environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace poller {
namespace {

using ::testing::HasSubstr;

Config config_of(const char* text) { return parse_config(text, "p.json").value(); }

TEST(Environment, SeedsEachKeyOfTheTable) {
  const Environment environment = {{"PIHOLE_HOST", "10.0.0.2"},
                                   {"PIHOLE_PASSWORD", "s3cret"},
                                   {"WEATHER_LOCATION", "Cork"},
                                   {"ARANET4_SENSORS", R"([{"label": "hall", "mac": "AA"}])"},
                                   {"ARANET4_TIMEOUT", "10"},
                                   {"CAMERA_CONFIG", R"({"cameras": [{"name": "door"}]})"},
                                   {"DISPLAY_ROTATION", "90"},
                                   {"SCROLL_SPEED", "0.08"},
                                   {"ICON_DURATION", "1.5"},
                                   {"SLEEP_START", "23"},
                                   {"SLEEP_END", "7"},
                                   {"DISABLE_PI_LEDS", "TRUE"},
                                   {"AUTH_ENABLED", "0"},
                                   {"AUTH_USERNAME", "op"},
                                   {"AUTH_PASSWORD_HASH", "$2b$x"},
                                   {"PATH", "/bin"}};
  const auto seeds =
      redis_seeds(environment, config_of(R"({"services": {"source-weather": 300}})"));
  ASSERT_TRUE(seeds.ok()) << seeds.status();
  const std::map<std::string, std::string> expected = {
      {"config:pihole", R"({"host":"10.0.0.2","password":"s3cret"})"},
      {"config:weather", R"({"location":"Cork"})"},
      {"config:aranet4", R"({"sensors":[{"label":"hall","mac":"AA"}],"timeout":10})"},
      {"config:camera", R"({"cameras":[{"name":"door"}]})"},
      {"config:display", R"({"icon_duration":1.5,"rotation":90,"scroll_speed":0.08})"},
      {"config:sleep", R"({"disable_pi_leds":true,"end_hour":7,"start_hour":23})"},
      {"config:auth", R"({"enabled":false,"password_hash":"$2b$x","username":"op"})"},
      {"config:schedule", R"({"weather":300})"}};
  EXPECT_EQ(*seeds, expected);
}

TEST(Environment, AVariableHasPrecedenceOverTheFile) {
  const Config config = config_of(
      R"({"services": {"source-a": 5}, "redis": {"pihole": {"host": "file", "password": "p"}}})");
  const auto seeds = redis_seeds({{"PIHOLE_HOST", "env"}}, config);
  ASSERT_TRUE(seeds.ok());
  EXPECT_EQ(seeds->at("config:pihole"), R"({"host":"env","password":"p"})");
  EXPECT_EQ(redis_seeds({{"SLEEP_END", "7"}}, config)->at("config:sleep"),
            R"({"disable_pi_leds":null,"end_hour":7,"start_hour":null})");
}

TEST(Environment, NamesAVariableThatIsWrong) {
  const Config config = config_of(R"({"services": {"source-a": 5}})");
  for (const auto& [name, text] : Environment{{"ARANET4_SENSORS", "hall"},
                                              {"ARANET4_TIMEOUT", "soon"},
                                              {"CAMERA_CONFIG", "{}"},
                                              {"AUTH_ENABLED", "maybe"}}) {
    const auto seeds = redis_seeds({{name, text}}, config);
    EXPECT_THAT(std::string(seeds.status().message()), HasSubstr(name + ": expected "));
  }
}

TEST(Environment, ScheduleVariablesChangeIntervals) {
  Config config = config_of(R"({"services": {"source-net-speed": 5, "source-camera": {}}})");
  ASSERT_TRUE(
      apply_schedule_variables({{"SCHEDULE_NET_SPEED", "60"}, {"SCHEDULE_CAMERA", "1m30s"}}, config)
          .ok());
  EXPECT_EQ(schedule_text(config.intervals()), R"({"camera":90,"net-speed":60})");
  EXPECT_THAT(std::string(apply_schedule_variables({{"SCHEDULE_X", "60"}}, config).message()),
              HasSubstr("SCHEDULE_X: unknown service 'x'"));
  EXPECT_THAT(std::string(apply_schedule_variables({{"SCHEDULE_CAMERA", "0"}}, config).message()),
              HasSubstr("SCHEDULE_CAMERA: camera: the interval 0 is not positive"));
}

}  // namespace
}  // namespace poller
