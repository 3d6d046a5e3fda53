#include "guide_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace on_air::guide_file_test {
namespace {

using masterclock::LocalTime;
using masterclock::UtcTime;
using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::StartsWith;

struct Utc {
  LocalTime to_local(UtcTime utc) const { return LocalTime(utc.time_since_epoch()); }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, masterclock::Resolve) const {
    return UtcTime(local.time_since_epoch());
  }
};

class LoadGuide : public ::testing::Test {
 protected:
  LoadGuide()
      : directory_(std::filesystem::path(::testing::TempDir()) /
                   ("load_guide_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~LoadGuide() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<Guide> load(const std::string& name, std::string_view bytes) {
    std::ofstream(directory_ / name, std::ios::binary) << bytes;
    return load_guide((directory_ / name).string(), Utc(), 6h);
  }

  std::filesystem::path directory_;
};

TEST_F(LoadGuide, GoesByWhatTheFileHoldsNotByItsName) {
  const std::string playlist = R"({"channel": "J", "date": "2024-02-01", "program": []})";
  EXPECT_EQ(load("a.json", "<tv><channel id='X'/></tv>").value().channels()[0].id(), "X");
  EXPECT_EQ(load("b.xml", playlist).value().channels()[0].id(), "J");
  EXPECT_EQ(load("c", "\xef\xbb\xbf\n" + playlist).value().channels()[0].id(), "J");
  EXPECT_EQ(load("d", "\xef\xbb\xbf<tv><channel id='X'/></tv>").value().channels()[0].id(), "X");
  const std::string wide("\xff\xfe<\0t\0v\0/\0>\0", 12);
  EXPECT_TRUE(load("e", wide).ok());
}

TEST_F(LoadGuide, SaysWhatIsWrongWithTheFile) {
  const auto message = [](const absl::StatusOr<Guide>& guide) {
    return std::string(guide.status().message());
  };
  EXPECT_THAT(message(load("empty", "")), EndsWith("empty:1: the file is empty"));
  EXPECT_THAT(message(load("blank", " \n\n")), EndsWith("blank:1: the file is empty"));
  EXPECT_THAT(message(load("text", "\n hello\n")),
              EndsWith("text:2: not XML and not JSON: expected '<' or '{', found 'hello\\x0a'"));
  EXPECT_THAT(message(load("binary", std::string_view("\x7f"
                                                      "ELF\0\1",
                                                      6))),
              EndsWith("not XML and not JSON: expected '<' or '{', found '\\x7fELF\\x00\\x01'"));

  const auto missing = load_guide((directory_ / "missing.xml").string(), Utc(), 6h);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(message(missing), EndsWith("missing.xml: cannot be read: No such file or directory"));
  const auto directory = load_guide(directory_.string(), Utc(), 6h);
  EXPECT_THAT(message(directory), StartsWith(directory_.string()));
  EXPECT_THAT(message(directory), EndsWith(": cannot be read: Is a directory"));
}

// The sample guide and a playlist, cut short and with bytes changed: a guide or one line that says why
// not, and nothing worse.
TEST_F(LoadGuide, SurvivesDamage) {
  std::ifstream sample(std::string(MASTERCLOCK_SOURCE_DIR) + "/examples/on_air/sample/guide.xml");
  const std::string xml{std::istreambuf_iterator<char>(sample), {}};
  ASSERT_GT(xml.size(), 20'000u);
  std::string json = R"({"channel": "J", "date": "2024-02-01", "program": [)";
  for (int i = 0; i < 40; ++i) json += R"({"in": 0.5, "out": 12.25, "source": "a.mp4"}, )";
  json += R"({"in": 0, "out": 1, "source": "b.mp4"}]})";

  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = round % 2 == 0 ? xml.substr(0, 6000) + "</tv>" : json;
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    for (std::size_t n = random() % 8; n > 0 && !bytes.empty(); --n) {
      bytes[random() % bytes.size()] =
          n % 2 == 0 ? static_cast<char>(random()) : "<>&\"'{}[],:!-?/ \n\0"[random() % 19];
    }
    const auto guide = load("damaged", bytes);
    if (guide.ok()) continue;
    ++refused;
    const std::string message(guide.status().message());
    ASSERT_THAT(message, StartsWith(directory_.string())) << round;
    ASSERT_EQ(message.find('\n'), std::string::npos) << message;
  }
  EXPECT_GT(refused, 130);
  EXPECT_LT(refused, 400);  // some damage is none: a letter of a title
}

}  // namespace
}  // namespace on_air::guide_file_test
