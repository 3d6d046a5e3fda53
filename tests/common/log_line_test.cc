#include "common/log_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace common::log_line_test {
namespace {

using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

std::string logged(const std::string& message) {
  ::testing::internal::CaptureStderr();
  log_line("pusher", message);
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogLine, HasTheTimeTheProcessAndTheLogger) {
  EXPECT_THAT(logged("a\nb"),
              MatchesRegex("\\[..:..:..\\] \\[PID: [0-9]+ TID: [0-9]+\\] a b    pusher\n"));
}

TEST(LogLine, CutsALongMessageAndKeepsTheLineWhole) {
  EXPECT_THAT(logged(std::string(9'000, 'x')), SizeIs(4'096));
  EXPECT_THAT(logged(std::string(9'000, 'x')), EndsWith("xxxx    pusher\n"));
  std::string umlauts;
  for (int i = 0; i < 4'500; ++i) umlauts += "\u00e4";
  EXPECT_THAT(logged(umlauts), EndsWith("\u00e4    pusher\n"));
  EXPECT_THAT(logged("x" + umlauts), EndsWith("\u00e4    pusher\n"));
}

}  // namespace
}  // namespace common::log_line_test
