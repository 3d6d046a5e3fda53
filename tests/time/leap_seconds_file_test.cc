#include "masterclock/time/leap_seconds_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace masterclock::leap_seconds_file_test {
namespace {

using namespace std::chrono;

constexpr std::int64_t kUnixEpoch = 2'208'988'800;  // in NTP's seconds

std::int64_t ntp(UtcTime utc) {
  return duration_cast<seconds>(utc.time_since_epoch()).count() + kUnixEpoch;
}

// Writes a file as the IERS does, with its checksum.
std::string file_of(const std::vector<LeapSecond>& changes, UtcTime expiry) {
  const std::string updated = "3992312697";
  std::string digits = updated + std::to_string(ntp(expiry));
  std::string lines;
  for (const LeapSecond& change : changes) {
    const std::string when = std::to_string(ntp(change.effective));
    const std::string offset = std::to_string(change.tai_minus_utc.count());
    lines += when + "      " + offset + "      # a day\n";
    digits += when + offset;
  }
  std::string checksum;
  for (const std::uint32_t word : internal::sha1(digits)) {
    char hex[16];
    std::snprintf(hex, sizeof hex, "\t%x", word);  // some editions have no leading zeros
    checksum += hex;
  }
  return "#\tLeap seconds\n#$\t" + updated + "\n#@\t" + std::to_string(ntp(expiry)) + "\n#\n" +
         lines + "#\n#h" + checksum + "\n";
}

std::vector<LeapSecond> known() { return {leap_seconds().begin(), leap_seconds().end()}; }

constexpr UtcTime kNextLeap = sys_days(2028y / July / 1);
constexpr UtcTime kNextExpiry = sys_days(2029y / June / 28);

std::string newer(seconds offset = 38s) {
  std::vector<LeapSecond> changes = known();
  changes.push_back({kNextLeap, offset});
  return file_of(changes, kNextExpiry);
}

TEST(LeapSecondsFile, ConvertsWithANewerList) {
  const auto list = LeapSecondsFile::parse(newer(), "newer.list");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->expiry(), kNextExpiry);
  EXPECT_EQ(list->source(), "newer.list");
  const LeapTable table = list->table();
  EXPECT_EQ(to_tai(kNextLeap, table).time_since_epoch() - kNextLeap.time_since_epoch(), 38s);
  EXPECT_EQ(to_tai(kNextLeap, table).coverage, LeapCoverage::kCovered);
  EXPECT_EQ(to_tai(kNextLeap).coverage, LeapCoverage::kAfterExpiry) << "the built-in table says so";
  EXPECT_EQ(to_tai(kNextExpiry, table).coverage, LeapCoverage::kAfterExpiry);
  EXPECT_EQ(si_elapsed(kNextLeap - 1s, kNextLeap, table), 2s);
  EXPECT_EQ(si_elapsed(kNextLeap - 1s, kNextLeap), 1s);
  EXPECT_TRUE(leap_second_ended_at(kNextLeap, table));
  EXPECT_FALSE(leap_second_ended_at(kNextLeap));
  const UtcReading inside = to_utc(to_tai(kNextLeap, table) - 1ns, table);
  EXPECT_TRUE(inside.leap_second);
  EXPECT_EQ(inside, kNextLeap + 1s - 1ns);
}

// The rules allow a leap second that omits 23:59:59. None has occurred.
TEST(LeapSecondsFile, ANegativeLeapSecond) {
  const auto list = LeapSecondsFile::parse(newer(36s), "newer.list");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(si_elapsed(kNextLeap - 2s, kNextLeap, list->table()), 1s);
  EXPECT_FALSE(leap_second_ended_at(kNextLeap, list->table()));
  for (UtcTime utc = kNextLeap - 10s; utc < kNextLeap + 10s; utc += 500ms) {
    if (utc >= kNextLeap - 1s && utc < kNextLeap) continue;  // labels without a time
    const UtcReading back = to_utc(to_tai(utc, list->table()), list->table());
    EXPECT_EQ(back, utc);
    EXPECT_FALSE(back.leap_second);
  }
}

TEST(LeapSecondsFile, ReadsTheFileOfTheSystem) {
  if (!std::filesystem::exists(LeapSecondsFile::kSystemPath))
    GTEST_SKIP() << "this system has no leap-seconds.list";
  const auto list = LeapSecondsFile::read();
  ASSERT_TRUE(list.ok()) << list.status();
  const LeapTable theirs = list->table();
  ASSERT_GE(theirs.changes.size(), leap_seconds().size());
  for (std::size_t i = 0; i < leap_seconds().size(); ++i) {
    EXPECT_EQ(theirs.changes[i].effective, leap_seconds()[i].effective) << i;
    EXPECT_EQ(theirs.changes[i].tai_minus_utc, leap_seconds()[i].tai_minus_utc) << i;
  }
}

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(::testing::TempDir()) /
                 ("leap_seconds_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& text) {
    const std::filesystem::path path = directory_ / "leap-seconds.list";
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

 private:
  std::filesystem::path directory_;
};

TEST_F(Files, TheNewestWins) {
  const LeapSecondsFile newest = LeapSecondsFile::newest(write(newer()));
  EXPECT_EQ(newest.expiry(), kNextExpiry);
  EXPECT_EQ(newest.table().changes.size(), leap_seconds().size() + 1);
  const LeapSecondsFile older =
      LeapSecondsFile::newest(write(file_of(known(), sys_days(2020y / June / 28))));
  EXPECT_EQ(older.source(), "built-in");
  EXPECT_EQ(older.expiry(), leap_seconds_expiry());
  EXPECT_EQ(LeapSecondsFile::newest(write("")).source(), "built-in");
  EXPECT_EQ(LeapSecondsFile::newest("/nowhere/leap-seconds.list").source(), "built-in");
  EXPECT_EQ(LeapSecondsFile::read("/nowhere/leap-seconds.list").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(LeapSecondsFile::read(write(std::string(1 << 21, '#'))).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(LeapSecondsFile, AcceptsAFileAsAWholeOnly) {
  const std::string good = newer();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  std::vector<LeapSecond> noon = known();
  noon.push_back({kNextLeap + 12h, 38s});
  std::vector<LeapSecond> jump = known();
  jump.push_back({kNextLeap, 39s});
  std::vector<LeapSecond> backward = known();
  std::swap(backward[5], backward[6]);
  const std::vector<LeapSecond> late(leap_seconds().begin() + 1, leap_seconds().end());
  const struct {
    const char* name;
    std::string text;
    const char* message;
  } cases[] = {
      {"empty", "", "f: no leap seconds"},
      {"cut", good.substr(0, good.size() / 2), "f: no checksum (#h)"},
      {"no expiry", with("#@", "#"), "f: no expiry (#@)"},
      {"no checksum", with("#h", "#"), "f: no checksum (#h)"},
      {"a line is missing", with("3692217600      37      # a day\n", ""),
       "f:32: not a second more or less than the line before it"},
      {"the expiry was edited", with("#@\t40", "#@\t41"), "f: the checksum (#h) does not match"},
      {"text", "hello\n", "f:1: expected an instant and TAI - UTC, got 'hello'"},
      {"a page", "<html>\x01</html>\n",
       "f:1: expected an instant and TAI - UTC, got '<html>\\x01</html>'"},
      {"an offset that is not a number", with("      37 ", "      x7 "),
       "f:32: expected an instant and TAI - UTC, got '3692217600'"},
      {"far in the future", with("#@\t", "#@\t9999999"), "f:3: expected seconds since 1900, got"},
      {"negative", with("#@\t", "#@\t-"), "f:3: expected seconds since 1900, got"},
      {"a short checksum", with("#h\t", "#h\tzz"), "expected five words of a checksum, got"},
      {"at noon", file_of(noon, kNextExpiry), "f:33: not at midnight UTC"},
      {"two at once", file_of(jump, kNextExpiry), "f:33: not a second more or less"},
      {"out of order", file_of(backward, kNextExpiry), "not a second more or less"},
      {"without 1972", file_of(late, kNextExpiry),
       "f:5: the list does not begin with the 10 s of 1972"},
  };
  for (const auto& c : cases) {
    const auto list = LeapSecondsFile::parse(c.text, "f");
    ASSERT_FALSE(list.ok()) << c.name;
    EXPECT_EQ(list.status().code(), absl::StatusCode::kDataLoss) << c.name;
    const std::string message(list.status().message());
    EXPECT_NE(message.find(c.message), std::string::npos) << c.name << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << c.name;
  }
}

}  // namespace
}  // namespace masterclock::leap_seconds_file_test
