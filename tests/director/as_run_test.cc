#include "as_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../temporary_directory.h"

namespace director::as_run_test {
namespace {

using masterclock::SteadyTime;
using masterclock::UtcTime;
using nlohmann::json;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

ShowChange change(std::uint64_t sequence, std::chrono::nanoseconds after, const char* scene) {
  return {{sequence, after}, {SteadyTime(after), scene, 0}, Cause::kTimeline};
}

class AsRunTest : public ::testing::Test {
 protected:
  AsRun open(std::optional<AsRunMark> mark = {}) {
    AsRun log([this](const std::string& line) { lines_.push_back(line); }, mark);
    log.begin(17);
    return log;
  }
  [[nodiscard]] std::vector<std::string> scenes() const {
    std::vector<std::string> scenes;
    for (const std::string& line : lines_) scenes.push_back(json::parse(line).at("scene"));
    return scenes;
  }

  std::vector<std::string> lines_;
};

TEST_F(AsRunTest, WritesThePlanAndTheRealStartToTheMillisecond) {
  AsRun log = open();
  log.note(change(2, 1s, "A"), UtcTime(1s), UtcTime(1'002'999'999ns));
  const json line = json::parse(lines_.at(0));
  EXPECT_EQ(line.at("planned"), "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(line.at("started"), "1970-01-01T00:00:01.002Z");
  EXPECT_EQ(line.at("answered"), json());
  EXPECT_EQ(line.at("by"), "timeline");
}

TEST_F(AsRunTest, WaitsForTheAnswerOfTheMixer) {
  AsRun log = open();
  log.expect(change(2, 1s, "A"), UtcTime(1s));
  log.sent(UtcTime(1s));
  EXPECT_TRUE(lines_.empty());
  log.answered(UtcTime(1'050ms));
  EXPECT_EQ(json::parse(lines_.at(0)).at("answered"), "1970-01-01T00:00:01.050Z");
  log.expect(change(2, 2s, "B"), UtcTime(2s));
  log.expect(change(2, 3s, "C"), UtcTime(3s));
  EXPECT_EQ(json::parse(lines_.at(1)).at("started"), json());
  log.sent(UtcTime(3s));
  log.refused("no such scene");
  log.give_up();
  EXPECT_EQ(json::parse(lines_.at(2)).at("started"), json());
  EXPECT_EQ(json::parse(lines_.at(2)).at("error"), "no such scene");
  EXPECT_THAT(scenes(), ElementsAre("A", "B", "C"));
}

TEST_F(AsRunTest, WritesNoChangeTwice) {
  AsRun log = open(AsRunMark{17, {2, 1s}});
  log.note(change(1, 9s, "A"), {}, {});
  log.note(change(2, 1s, "B"), {}, {});
  log.note(change(2, 2s, "C"), {}, {});
  log.note(change(2, 2s, "C"), {}, {});
  EXPECT_THAT(scenes(), ElementsAre("C"));
}

TEST_F(AsRunTest, ALogOfAnotherShowHidesNothing) {
  AsRun log = open(AsRunMark{16, {2, 1s}});
  log.note(change(1, 0s, "A"), {}, {});
  EXPECT_THAT(scenes(), ElementsAre("A"));
}

TEST_F(AsRunTest, FindsTheLastWholeLine) {
  const masterclock::tests::TemporaryDirectory directory;
  AsRun log = open();
  log.note(change(1, 0s, "A"), {}, {});
  log.note(change(3, 5ns, "B"), {}, {});
  const std::string text = lines_.at(0) + "\n" + lines_.at(1) + "\n";
  const AsRunMark second{17, {3, 5ns}};
  EXPECT_EQ(last_mark(directory.write("whole", text)).value(), second);
  EXPECT_EQ(last_mark(directory.write("cut", text + "{\"show")).value(), second);
  EXPECT_EQ(last_mark(directory.write("one", lines_.at(1) + "\n")).value(), second);
  EXPECT_EQ(last_mark(directory.write("empty")).value(), std::nullopt);
  EXPECT_EQ(last_mark(directory.path() / "missing").value(), std::nullopt);
  EXPECT_FALSE(last_mark(directory.write("foreign", "hello\n")).ok());
}

}  // namespace
}  // namespace director::as_run_test
