#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "line_writer.h"

namespace director::real_line_writer_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(RealLineWriter, AWriteThatBlocksHoldsNoCallerAndDropsTheOldest) {
  std::promise<void> begun, let_go, last;
  const std::shared_future<void> gone = let_go.get_future().share();
  std::vector<std::string> lines, log;
  {
    LineWriter writer(
        [&](const std::string& line) {
          if (lines.empty()) begun.set_value();
          gone.wait();
          lines.push_back(line);
          if (line == "1499") last.set_value();
          return absl::OkStatus();
        },
        [&](const std::string& line) { log.push_back(line); });
    writer.add("0");
    begun.get_future().wait();
    for (int i = 1; i < 1'500; ++i) writer.add(std::to_string(i));
    let_go.set_value();
    last.get_future().wait();
  }
  ASSERT_EQ(lines.size(), 1'000u);
  EXPECT_EQ(lines[0], "0");
  EXPECT_EQ(lines[1], "501");
  EXPECT_EQ(lines.back(), "1499");
  EXPECT_THAT(log, ElementsAre("500 lines were dropped"));
}

TEST(RealLineWriter, TriesALineAgainAndSaysTheFailureOnce) {
  int refusals = 3;
  std::promise<void> last;
  std::vector<std::string> lines, log;
  {
    LineWriter writer(
        [&](const std::string& line) {
          if (refusals-- > 0) return absl::UnavailableError("No space left on device");
          lines.push_back(line);
          if (line == "B") last.set_value();
          return absl::OkStatus();
        },
        [&](const std::string& line) { log.push_back(line); }, 1ms);
    writer.add("A");
    writer.add("B");
    last.get_future().wait();
  }
  EXPECT_THAT(lines, ElementsAre("A", "B"));
  EXPECT_THAT(log, ElementsAre(HasSubstr("No space left")));
}

TEST(RealLineWriter, StopsAWriteThatBlocks) {
  std::promise<void> let_go;
  LineWriter writer(
      [&](const std::string&) {
        let_go.get_future().wait();
        return absl::CancelledError("interrupted");
      },
      [](const std::string&) {});
  writer.add("A");
  writer.stop([&] { let_go.set_value(); });
}

}  // namespace
}  // namespace director::real_line_writer_test
