#include "launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace poller {
namespace {

using ::testing::ElementsAre;

TEST(Launch, AProcessGetsItsNameAndItsVariables) {
  Service service;
  service.command = {"/opt/{service}", "--name={service}", "$HOME; rm *"};
  service.env = {{"MODE", "poll"}, {"CITY", "Cork"}};
  const Launch launch = run_launch("source-a", service, {{"MODE", "scan"}});
  EXPECT_THAT(launch.arguments, ElementsAre("/opt/source-a", "--name=source-a", "$HOME; rm *"));
  EXPECT_EQ(launch.env, (std::map<std::string, std::string>{{"CITY", "Cork"}, {"MODE", "scan"}}));
  EXPECT_EQ(launch.time_limit, kDefaultTimeLimit);
}

TEST(Launch, ComposeGetsTheArgumentsOfDocker) {
  Service service;
  service.kind = Kind::kCompose;
  service.env = {{"CITY", "Cork"}};
  const Launch launch = run_launch("source-a", service, {{"MODE", "scan"}});
  EXPECT_THAT(launch.arguments, ElementsAre("docker", "compose", "--profile", "poll", "run", "--rm",
                                            "-e", "CITY=Cork", "-e", "MODE=scan", "source-a"));
  EXPECT_TRUE(launch.env.empty());
  EXPECT_THAT(compose_up("source-camera").arguments,
              ElementsAre("docker", "compose", "--profile", "camera", "up", "-d", "source-camera"));
  EXPECT_THAT(compose_stop("source-camera").arguments,
              ElementsAre("docker", "compose", "--profile", "camera", "stop", "source-camera"));
}

}  // namespace
}  // namespace poller
