#include "config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace poller {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Config, ReadsEveryField) {
  const auto config = parse_config(R"({
      "defaults": {"time_limit": 5, "env": {"A": "1"}},
      "services": {
        "source-weather": {"interval": 300, "command": ["./get", "{service}", "a b"], "kind": "process",
                           "env": {"CITY": "Cork", "N": 3}, "time_limit": "20s", "overlap": "skip",
                           "retry": {"first": 1, "most": "1m", "attempts": 4}, "jitter": 2.5},
        "source-system": 30,
        "source-camera": {"kind": "compose"}
      },
      "redis": {"weather": {"location": "Cork"}},
      "restart_web_gateway": true})",
                                   "/etc/poller/poller.json");
  ASSERT_TRUE(config.ok()) << config.status();
  const Service& weather = config->services.at("source-weather");
  EXPECT_EQ(weather.options.interval, 300s);
  EXPECT_EQ(weather.options.overlap, masterclock::Overlap::kSkip);
  EXPECT_EQ(weather.options.retry, (masterclock::Backoff{1s, 1min, 4}));
  EXPECT_EQ(weather.options.jitter, 2'500ms);
  EXPECT_EQ(weather.time_limit, 20s);
  EXPECT_THAT(weather.command, ::testing::ElementsAre("/etc/poller/get", "{service}", "a b"));
  EXPECT_EQ(weather.env.at("N"), "3");
  EXPECT_EQ(config->services.at("source-system").time_limit, 5s);
  EXPECT_EQ(config->services.at("source-system").env.at("A"), "1");
  EXPECT_EQ(config->services.at("source-camera").kind, Kind::kCompose);
  EXPECT_EQ(config->intervals(), (Intervals{{"source-system", 30s}, {"source-weather", 300s}}));
  EXPECT_TRUE(config->restart_web_gateway);
  EXPECT_EQ(config->seeds.at("weather")["location"], "Cork");
}

TEST(Config, TakesAMapOfNamesToIntervals) {
  const auto config = parse_config(R"({"weather": 300, "source-system": 0.5})", "p/poller.json");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->intervals(), (Intervals{{"source-system", 500ms}, {"source-weather", 300s}}));
  EXPECT_THAT(config->services.at("source-weather").command, ::testing::ElementsAre("p/{service}"));
  EXPECT_EQ(config->services.at("source-weather").time_limit, 60s);
}

TEST(Config, HasTheDefaultScheduleWithoutServices) {
  const auto config = parse_config("{}", "poller.json");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(schedule_text(config->intervals()),
            R"({"aranet4":60,"pihole":30,"system":30,"tailscale":30,"weather":300})");
}

TEST(Config, NamesWhatIsWrong) {
  const std::string deep = R"({"redis": {"weather": {"a": )" + std::string(100'000, '[') +
                           std::string(100'000, ']') + "}}}";
  const std::pair<const char*, const char*> cases[] = {
      {"{\n\n oops}", "p.json:3: not JSON"},
      {"[]", "p.json: expected an object"},
      {deep.c_str(), "p.json: nests deeper than 32 levels"},
      {R"({"services": {"a": {"interval": 1e999}}})", "p.json: a number is out of range"},
      {R"({"services": []})", "services: expected an object"},
      {R"({"services": {"a": {"interval": 0}}})",
       "services.a.interval: the interval 0 is not positive"},
      {R"({"services": {"a": -5}})", "services.a: the interval -5 is not positive"},
      {R"({"services": {"a": "soon"}})", "services.a: "},
      {R"({"services": {"a": 1e300}})", "services.a: expected a number of seconds"},
      {R"({"services": {"a": 0.0001}})", "shorter than 1 ms"},
      {R"({"services": {"a": {"interval": true}}})",
       "services.a.interval: expected a number of seconds"},
      {R"({"services": {"a": {"command": "ls -l"}}})",
       "services.a.command: expected a list of texts"},
      {R"({"services": {"a": {"command": []}}})", "services.a.command: expected a list of texts"},
      {R"({"services": {"a": {"comand": ["ls"]}}})",
       "services.a.comand: unknown field; known are interval"},
      {R"({"services": {"a": {"kind": "vm"}}})", "services.a.kind: expected process or compose"},
      {R"({"services": {"a": {"overlap": 1}}})", "services.a.overlap: expected buffer_one or skip"},
      {R"({"services": {"a": {"env": {"A=B": "1"}}}})", "is not the name of a variable"},
      {R"({"services": {"a": {"interval": 1, "jitter": 1}}})", "a.jitter: the jitter is not less"},
      {R"({"defaults": {"jitter": 9}, "services": {"a": 5}})", "a.jitter: the jitter is not less"},
      {"{\"services\": {\"a\": \"\u202e\x7f\"}}", "services.a: "},
      {"{\"services\": {\"a\": {\"kind\": \"\u202e\x7f\"}}}",
       R"(services.a.kind: expected process or compose, not '\xe2\x80\xae\x7f')"},
      {"{\"services\": {\"a\": {\"interval\": [\"\x7f\"]}}}",
       R"(services.a.interval: expected a number of seconds, not '["\x7f"]')"},
      {R"({"services": {"a": {"interval": 1, "jitter": -2}}})",
       "services.a.jitter: the jitter -2 is negative"},
      {R"({"services": {"a": {"time_limit": 0}}})",
       "services.a.time_limit: the time limit 0 is not positive"},
      {R"({"services": {"a": {"time_limit": 0.0001}}})",
       "services.a.time_limit: the time limit 0.0001 is shorter than 1 ms"},
      {R"({"services": {"a": {"retry": {"first": 0}}}})",
       "services.a.retry.first: the delay 0 is not positive"},
      {R"({"defaults": {"retry": {"most": -1}}})",
       "defaults.retry.most: the delay -1 is not positive"},
      {R"({"services": {"a": {"retry": {"attempts": 0}}}})", "a.retry.attempts: expected a number"},
      {R"({"services": {"../a": 5}})", "service name '../a': it contains '..'"},
      {R"({"services": {"a/b": 5}})", "service name 'a/b': it contains '/'"},
      {R"({"services": {"-rf": 5}})", "service name '-rf': it begins with '-'"},
      {R"({"services": {"": 5}})", "service name '': it is empty"},
      {R"({"services": {"a\u0007": 5}})",
       R"(service name 'a\x07': it contains a control character)"},
      {R"({"services": {"source-": 5}})", "service name 'source-': nothing follows 'source-'"},
      {R"({"source-": 5})", "service name 'source-': nothing follows 'source-'"},
      {R"({"services": {"a": 5, "source-a": 6}})",
       "services: 'a' and 'source-a' have the same source id"},
      {R"({"service": {}})", "service: unknown field; known are defaults, services"},
      {R"({"weather": 0})", "weather: the interval 0 is not positive"},
      {R"({"redis": {"weather": 5}})", "redis.weather: expected an object"},
      {R"({"redis": {"": {}}})", "section '': it is empty"},
      {R"({"redis": {"a\u0007": 5}})", R"(section 'a\x07': it contains a control character)"},
      {R"({"redis": {"../a": {}}})", "section '../a': it contains '..'"},
      {R"({"redis": {"schedule": {"a": 5}}})", "redis.schedule: belongs to services"},
  };
  for (const auto& [text, error] : cases) {
    const auto config = parse_config(text, "p.json");
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(error)) << text;
    EXPECT_THAT(std::string(config.status().message()), ::testing::StartsWith("p.json:"));
    EXPECT_EQ(config.status().message().find('\n'), std::string::npos);
  }
}

TEST(Config, AFileThatCannotBeReadIsRefusedWithTheReason) {
  const auto pipe =
      std::filesystem::path(testing::TempDir()) / ("config_test." + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(pipe.c_str(), S_IRWXU), 0);
  const std::pair<std::string, std::string> cases[] = {
      {"/none/p.json", "cannot be read: No such file or directory"},
      {testing::TempDir(), "cannot be read: it is not a regular file"},
      {pipe.string(), "cannot be read: it is not a regular file"},
      {"/dev/zero", "cannot be read: it is not a regular file"}};
  for (const auto& [file, error] : cases) {
    EXPECT_EQ(read_config(file).status().message(), file + ": " + error);
  }
  std::filesystem::remove(pipe);
}

TEST(Config, ANameThatIsTooLongWithItsPrefixIsRefused) {
  const auto config = parse_config(R"({"defaults": {}})", "/etc/poller.json");
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string longest(93, 'x');
  EXPECT_EQ(config->resolve(longest).value(), "source-" + longest);
  EXPECT_EQ(config->resolve("source-" + longest).value(), "source-" + longest);
  EXPECT_THAT(config->resolve(longest + "x").status().message(), HasSubstr("more than 100 bytes"));
}

TEST(Schedule, ResolvesNamesAndRefusesUnknownOnes) {
  const auto config =
      parse_config(R"({"services": {"source-weather": 300, "web": 10}})", "p.json").value();
  EXPECT_EQ(parse_schedule(R"({"weather": 60, "web": 5})", config, "config:schedule").value(),
            (Intervals{{"source-weather", 60s}, {"web", 5s}}));
  const std::pair<const char*, const char*> cases[] = {
      {"{", "config:schedule: not JSON: '{'"},
      {"[1]", "config:schedule: expected an object"},
      {R"({"wether": 60})", "config:schedule: unknown service 'wether'"},
      {R"({"weather": -1})", "config:schedule: weather: the interval -1 is not positive"},
      {R"({"weather": "x"})", "config:schedule: weather: "},
      {R"({"weather": 1, "source-weather": 2})", "has two intervals"},
      {R"({"../etc": 1})", "it contains '..'"},
  };
  for (const auto& [text, error] : cases) {
    EXPECT_THAT(std::string(parse_schedule(text, config, "config:schedule").status().message()),
                HasSubstr(error));
  }
  // With defaults for other services, each name is known.
  const auto open = parse_config(R"({"defaults": {}, "services": {}})", "p.json").value();
  EXPECT_EQ(parse_schedule(R"({"x": 1})", open, "s").value(), (Intervals{{"source-x", 1s}}));
}

}  // namespace
}  // namespace poller
