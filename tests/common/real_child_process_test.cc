#include "common/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"

namespace common::real_child_process_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::unique_ptr<ChildProcess> shell(const char* script, std::size_t keep = 4'096) {
  auto child = ChildProcess::start({"sh", "-c", script}, {.keep = keep});
  EXPECT_TRUE(child.ok()) << child.status();
  return *std::move(child);
}

// Waits until the output is `words`. Fails when the child ends before.
::testing::AssertionResult says(const ChildProcess& child, const char* words) {
  while (child.output() != words) {
    if (!child.running()) return ::testing::AssertionFailure() << child.complaint();
    ::usleep(100);
  }
  return ::testing::AssertionSuccess();
}

TEST(RealChildProcess, ReportsTheEndOfTheChild) {
  const struct {
    const char *name, *script;
    bool succeeded;
    const char *output, *complaint;
  } cases[] = {
      {"success", "echo done", true, "done\n", "exit status 0"},
      {"a failure", "exit 3", false, "", "exit status 3"},
      {"a failure with a reason", "echo no >&2; echo such file >&2; exit 1", false, "",
       "such file"},
      {"empty lines at the end", "printf 'why\\n\\n\\r\\n' >&2; exit 1", false, "", "why"},
      {"ffmpeg's objects", "echo '[mov @ 0x55e2dcf45b40] moov atom not found' >&2; exit 1", false,
       "", "moov atom not found"},
      {"the last line of ffmpeg", "printf 'bad data\\nConversion failed!\\n' >&2; exit 1", false,
       "", "bad data"},
      {"killed", "kill -9 $$", false, "", "killed by signal 9"},
      {"nothing to read", "read x || echo end", true, "end\n", "exit status 0"},
  };
  for (const auto& c : cases) {
    const auto child = shell(c.script);
    EXPECT_TRUE(child->wait()) << c.name;
    EXPECT_FALSE(child->running()) << c.name;
    EXPECT_EQ(child->succeeded(), c.succeeded) << c.name;
    EXPECT_EQ(child->output(), c.output) << c.name;
    EXPECT_EQ(child->complaint(), c.complaint) << c.name;
  }
}

TEST(RealChildProcess, KeepsTheEndOfTheOutput) {
  const auto child = shell("seq 1 200000", 10);
  child->wait();
  EXPECT_EQ(child->output(), "99\n200000\n");
}

TEST(RealChildProcess, NamesAMissingProgram) {
  const auto child = ChildProcess::start({"no-such-program-here"});
  EXPECT_EQ(child.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(child.status().message(), HasSubstr("no-such-program-here is not installed"));
}

TEST(RealChildProcess, EndsBySigtermOrAfterTheGraceBySigkill) {
  const auto polite = shell("echo ready; exec sleep 600");
  polite->stop();
  EXPECT_FALSE(polite->running());
  EXPECT_FALSE(polite->succeeded());
  polite->stop();

  // "ready" follows the trap, so that the test has no race.
  const auto deaf = shell("trap '' TERM; echo ready; while :; do sleep 600; done");
  ASSERT_TRUE(says(*deaf, "ready\n"));
  deaf->stop(1ms);
  EXPECT_EQ(deaf->complaint(), "killed by signal 9");
}

TEST(RealChildProcess, APausedChildGoesOnOrEnds) {
  const auto child = shell("echo ready; while :; do echo -n; done");
  ASSERT_TRUE(says(*child, "ready\n"));
  child->pause();
  EXPECT_TRUE(child->running());
  child->resume();
  child->pause();
  child->stop(1min);
  EXPECT_EQ(child->complaint(), "killed by signal 15");
}

TEST(RealChildProcess, PausesAtTheWantedOutputUnlessItHasBeenResumed) {
  const auto wanted = [](std::string_view output) { return output.ends_with("two\n"); };
  const std::vector<std::string> counts = {"sh", "-c", "echo one; echo two; while :; do :; done"};
  const auto child = ChildProcess::start(counts, {.pause_when = wanted});
  ASSERT_TRUE(child.ok());
  while (!(*child)->paused()) ASSERT_TRUE((*child)->running());
  EXPECT_EQ((*child)->output(), "one\ntwo\n");
  (*child)->resume();
  EXPECT_FALSE((*child)->paused());

  const auto resumed = ChildProcess::start(
      {"sh", "-c", "sleep 0.2; echo two; exec tail -f /dev/null"}, {.pause_when = wanted});
  ASSERT_TRUE(resumed.ok());
  (*resumed)->resume();
  ASSERT_TRUE(says(**resumed, "two\n"));
  EXPECT_FALSE((*resumed)->paused());
}

TEST(RealChildProcess, IsReapedWithItsOwnChildren) {
  int lifeline[2];
  ASSERT_EQ(::pipe(lifeline), 0);  // open in the child and the grandchild: no FD_CLOEXEC
  {
    const auto child = shell("sleep 600 & echo ready; wait");
    ASSERT_TRUE(says(*child, "ready\n"));
  }
  ::close(lifeline[1]);
  char byte;
  EXPECT_EQ(::read(lifeline[0], &byte, 1), 0) << "the other end is still open";
  ::close(lifeline[0]);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(RealChildProcess, AWaitCanBeInterrupted) {
  const int event = ::eventfd(1, EFD_CLOEXEC);
  // Only the parent ends it.
  const auto child = shell("echo ready; exec tail -f /dev/null");
  ASSERT_TRUE(says(*child, "ready\n"));
  EXPECT_FALSE(child->wait(event)) << child->complaint();
  EXPECT_TRUE(child->running()) << child->complaint();
  child->stop();
  EXPECT_TRUE(child->wait(event));
  EXPECT_FALSE(child->running());
  ::close(event);
}

TEST(RealChildProcess, HasASeparateGroupAndNoBlockedSignal) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const auto child = shell("ps -o pgid= -p $$ | tr -d ' '; echo $$; grep SigBlk /proc/self/status");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  child->wait();
  EXPECT_THAT(child->output(), EndsWith("SigBlk:\t0000000000000000\n"));
}

// case 23: no child outlives a parent that died by SIGKILL.
TEST(RealChildProcess, DiesWithItsParent) {
  int lifeline[2];
  ASSERT_EQ(::pipe(lifeline), 0);  // open in the child: no FD_CLOEXEC
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    const auto child = shell("echo ready; exec tail -f /dev/null");
    if (says(*child, "ready\n")) ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  ASSERT_TRUE(WIFSIGNALED(status));
  ::close(lifeline[1]);
  char byte;
  EXPECT_EQ(::read(lifeline[0], &byte, 1), 0) << "the child is alive";
  ::close(lifeline[0]);
}

}  // namespace
}  // namespace common::real_child_process_test
