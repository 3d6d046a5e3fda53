#include "masterclock/clock/consistency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "masterclock/testing/manual_time_source.h"

namespace masterclock::consistency_test {
namespace {

using namespace std::chrono;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Consistency : public ::testing::Test {
 protected:
  std::vector<std::string> failures() {
    std::vector<std::string> names;
    report_ = check_consistency(source_, zones_, last_);
    for (const ConsistencyCheck& check : report_.checks) {
      EXPECT_FALSE(check.finding.empty()) << check.name;
      if (!check.passed) names.push_back(check.name);
    }
    EXPECT_EQ(report_.consistent(), names.empty());
    return names;
  }
  std::string finding(std::string_view name) const {
    for (const ConsistencyCheck& check : report_.checks) {
      if (check.name == name) return check.finding;
    }
    return "no such check";
  }

  testing::ManualTimeSource source_{sys_days(2026y / November / 20)};
  ZoneCache zones_;
  TimeReading last_{source_.now_utc(), source_.now_steady()};
  ConsistencyReport report_;
};

TEST_F(Consistency, AClockThatRunsIsConsistent) {
  ASSERT_TRUE(zones_.find("Europe/Dublin").ok());
  source_.advance(24h);
  EXPECT_THAT(failures(), IsEmpty());
  EXPECT_THAT(finding("wall"), HasSubstr("1 cached zones"));
  EXPECT_EQ(finding("utc"), "reads 2026-11-21T00:00:00Z");
}

TEST_F(Consistency, AStepIsReportedOnce) {
  source_.step_utc(-3s);
  EXPECT_THAT(failures(), ElementsAre("drift"));
  EXPECT_THAT(finding("drift"), HasSubstr("-3000000000 ns"));
  source_.advance(1h);
  EXPECT_THAT(failures(), IsEmpty());
}

TEST_F(Consistency, AStepFromOneEndOfTimeToTheOtherIsReported) {
  source_.set_utc(UtcTime::max());
  failures();
  source_.set_utc(UtcTime::min());
  source_.advance(1s);
  EXPECT_THAT(failures(), ::testing::Contains("drift"));
  EXPECT_THAT(finding("drift"), HasSubstr("-9223372036854775808 ns"));
}

TEST_F(Consistency, DisciplineWithinItsRateIsNoStep) {
  source_.drift(1'000s, 1'000s + 499ms);
  EXPECT_THAT(failures(), IsEmpty());
}

TEST_F(Consistency, ADateBeyondTheLeapTableIsReported) {
  source_.advance(leap_seconds_expiry() - source_.now_utc());
  EXPECT_THAT(failures(), ElementsAre("leap table"));
}

TEST_F(Consistency, AMachineThatWokeUpIn1970IsReported) {
  source_.set_utc(UtcTime(5s));
  EXPECT_THAT(failures(), ElementsAre("utc", "drift", "leap table"));
}

TEST_F(Consistency, AnEmptyDatabaseIsReported) {
  ZoneDatabase nowhere("/nonexistent");
  ZoneCache none(nowhere);
  const ConsistencyReport report = check_consistency(source_, none, last_);
  EXPECT_FALSE(report.consistent());
  ASSERT_EQ(report.checks[4].name, "zones");
  EXPECT_EQ(report.checks[4].finding, "1 names in /nonexistent");
}

// AzuraCast#2127: a station kept last year's rules, and no operator noticed.
TEST_F(Consistency, ANewerDatabaseOnDiskIsReported) {
  namespace fs = std::filesystem;
  const fs::path directory = fs::path(::testing::TempDir()) / "consistency-tzdata";
  fs::create_directories(directory);
  fs::copy_file(ZoneDatabase::system().directory() + "/Etc/UTC", directory / "Studio",
                fs::copy_options::overwrite_existing);
  std::ofstream(directory / "tzdata.zi") << "# version 2026a\n";
  ZoneDatabase database(directory);
  ZoneCache cache(database);
  EXPECT_TRUE(check_consistency(source_, cache, last_).consistent());
  std::ofstream(directory / "tzdata.zi") << "# version 2026b\n";
  const ConsistencyReport report = check_consistency(source_, cache, last_);
  ASSERT_EQ(report.checks[5].name, "tzdata");
  EXPECT_EQ(report.checks[5].finding, "version 2026a in use, 2026b on disk: reload it");
  EXPECT_FALSE(report.checks[5].passed);
  ASSERT_TRUE(database.reload().ok());
  EXPECT_TRUE(check_consistency(source_, cache, last_).consistent());
  fs::remove_all(directory);
}

class Backward final : public TimeSource {
 public:
  UtcTime now_utc() const noexcept override { return sys_days(2026y / November / 20); }
  SteadyTime now_steady() const noexcept override { return SteadyTime(seconds(reads_--)); }

 private:
  mutable int reads_ = 1'000;
};

TEST(ConsistencyOfASource, ASteadyClockThatRunsBackwardIsReported) {
  const Backward source;
  const ZoneCache zones;
  TimeReading last{source.now_utc(), source.now_steady()};
  const ConsistencyReport report = check_consistency(source, zones, last);
  EXPECT_EQ(report.checks[0].name, "steady");
  EXPECT_FALSE(report.checks[0].passed);
}

}  // namespace
}  // namespace masterclock::consistency_test
