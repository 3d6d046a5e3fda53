#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "masterclock/time/system_time_source.h"
#include "process_runner.h"

namespace poller {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using End = Outcome::End;

masterclock::SteadyTime now() { return masterclock::SystemTimeSource::shared().now_steady(); }

class RealProcessRunner : public ::testing::Test {
 protected:
  // Waits for the next end.
  ProcessRunner::Ended next() {
    for (;;) {
      auto ended = runner_.work(now());
      if (!ended.empty()) return std::move(ended.front());
      std::vector<pollfd> waits;
      runner_.add_waits(waits);
      const auto deadline = runner_.next_deadline();
      const auto left = deadline ? std::max<std::chrono::nanoseconds>(*deadline - now(), 0ns) : 10s;
      const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left);
      ::poll(waits.data(), waits.size(), static_cast<int>(rounded.count()));
    }
  }
  Outcome run(const std::string& script, std::chrono::nanoseconds limit = 60s) {
    const absl::Status status =
        runner_.start(now(), ++id_, {"source", {"/bin/sh", "-c", script}, {{"NAME", "v"}}, limit});
    EXPECT_TRUE(status.ok()) << status;
    return next().outcome;
  }
  static bool gone(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    stat >> number >> name >> state;
    return !stat || state == "Z" || state == "X";
  }

  ProcessRunner runner_;
  std::uint64_t id_ = 0;
};

TEST_F(RealProcessRunner, TellsExitsAndSignalsApart) {
  EXPECT_EQ(run("exit 0").text(), "ok");
  EXPECT_EQ(run("exit 3").text(), "exit 3");
  EXPECT_EQ(run("kill -9 $$").text(), "signal 9");
  const Outcome outcome = run("echo $NAME; echo wrong >&2; exit 1");
  EXPECT_EQ(outcome.output, "v\nwrong\n");
}

TEST_F(RealProcessRunner, ReportsAMissingProgram) {
  const absl::Status status = runner_.start(now(), 1, {"source", {"/none/program"}, {}, 60s});
  EXPECT_EQ(status.message(), "/none/program cannot be run: No such file or directory");
}

TEST_F(RealProcessRunner, EndsAProcessAtItsTimeLimit) {
  const auto before = now();
  EXPECT_EQ(run("sleep 100", 100ms).text(), "time limit");
  EXPECT_LT(now() - before, ProcessRunner::kGrace) << "SIGTERM was enough";
}

TEST_F(RealProcessRunner, KillsAProcessThatIgnoresSigterm) {
  const auto before = now();
  EXPECT_EQ(run("trap '' TERM; sleep 100 & wait; sleep 100", 100ms).end, End::kTimeLimit);
  EXPECT_GE(now() - before, ProcessRunner::kGrace);
}

TEST_F(RealProcessRunner, StopsAProcess) {
  ASSERT_TRUE(runner_.start(now(), 7, {"source", {"/bin/sleep", "100"}, {}, {}}).ok());
  EXPECT_EQ(runner_.next_deadline(), std::nullopt);
  runner_.stop(now(), 7);
  EXPECT_EQ(next().outcome.text(), "stopped");
}

TEST_F(RealProcessRunner, LeavesNothingOfAGroup) {
  const Outcome outcome = run("sleep 100 & echo $!");
  EXPECT_EQ(outcome.text(), "ok");
  EXPECT_TRUE(gone(std::stoi(outcome.output)));
}

// setsid(1) gives the child a session and a group that no signal to the group of the run reaches.
TEST_F(RealProcessRunner, LeavesNothingOutsideOfTheGroup) {
  const struct {
    const char *name, *script;
    std::chrono::nanoseconds limit;
    const char* text;
  } cases[] = {
      {"at its end", "setsid sleep 100 & echo $!", 60s, "ok"},
      {"at its end, a daemon", "setsid sh -c 'sleep 100 & echo $!' & wait", 60s, "ok"},
      {"at its time limit", "setsid sleep 100 & echo $!; wait", 100ms, "time limit"},
      {"at its time limit, deeper",
       "setsid sh -c 'trap \"\" TERM; setsid sleep 100 & echo $!; wait' & wait", 100ms,
       "time limit"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = run(c.script, c.limit);
    EXPECT_EQ(outcome.text(), c.text) << c.name;
    EXPECT_TRUE(gone(std::stoi(outcome.output))) << c.name;
  }
}

TEST_F(RealProcessRunner, KeepsTheLast64kBOf10MB) {
  const Outcome outcome = run("head -c 10000000 /dev/zero | tr '\\0' x; echo end");
  EXPECT_EQ(outcome.text(), "ok");
  EXPECT_EQ(outcome.output.size(), ProcessRunner::kKeptOutput);
  EXPECT_THAT(outcome.output, EndsWith("xxend\n"));
}

TEST_F(RealProcessRunner, GivesAProcessAnEmptyInputAndNoDescriptor) {
  const Outcome outcome = run("cat; ls /proc/self/fd | wc -l");
  EXPECT_EQ(outcome.output, "4\n") << "0, 1, 2, and the folder that ls reads";
}

}  // namespace
}  // namespace poller
