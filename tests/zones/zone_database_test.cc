#include "masterclock/zones/zone_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "masterclock/zones/zone_cache.h"

namespace masterclock::zone_database_test {
namespace {

using namespace std::chrono;
namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr UtcTime kSummer = sys_days(2026y / July / 1);

// A small database of our own, made from files of the system's.
class OwnDatabase : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::path(::testing::TempDir()) / (std::string("zones-") + test->name());
    fs::remove_all(directory_);
    put("Studio/One", "Europe/Dublin");
    put("Studio/Two", "Asia/Tokyo");
    say("2026a");
  }
  void TearDown() override { fs::remove_all(directory_); }

  void put(const std::string& name, const std::string& from) {
    const fs::path source = ZoneDatabase::system().directory() / from;
    if (!fs::exists(source)) GTEST_SKIP() << "the system's database has no " << from;
    // As a package manager does it: a reader sees the old file or the new one, never half of one.
    const fs::path target = directory_ / name, incoming = target.string() + ".incoming";
    fs::create_directories(target.parent_path());
    fs::copy_file(source, incoming);
    fs::rename(incoming, target);
  }
  void say(const std::string& version) {
    std::ofstream(directory_ / "tzdata.zi") << "# version " << version << "\n# This file\n";
  }

  fs::path directory_;
};

TEST_F(OwnDatabase, ReadsTheFilesOfItsDirectory) {
  ZoneDatabase database(directory_);
  EXPECT_THAT(database.names(), ElementsAre("Studio/One", "Studio/Two", "UTC"));
  EXPECT_EQ(database.version(), "2026a");
  EXPECT_EQ(database.find("Studio/One")->utc_offset(kSummer), 1h);
  EXPECT_EQ(database.find("Europe/Dublin").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OwnDatabase, ADamagedFileIsDataLossAndNamesTheZone) {
  std::ofstream(directory_ / "Broken") << "TZif2 and then nothing";
  ZoneDatabase database(directory_);
  const absl::Status status = database.find("Broken").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Timezone 'Broken': no valid zone file in"));
}

TEST_F(OwnDatabase, ReloadTakesNewRulesAndOldHandlesStayValid) {
  ZoneDatabase database(directory_);
  ZoneCache cache(database), other(database);
  const Zone before = cache.find("Studio/One").value();
  const Zone untouched = cache.find("Studio/Two").value();
  EXPECT_EQ(other.find("Studio/One").value(), before);

  put("Studio/One", "America/New_York");
  put("Studio/Three", "Europe/Paris");
  say("2026b");
  EXPECT_EQ(database.version(), "2026a");
  EXPECT_EQ(database.version_on_disk(), "2026b");
  EXPECT_EQ(cache.find("Studio/One").value(), before) << "no zone changes without a reload";

  const ZoneDatabase::Reloaded report = database.reload().value();
  EXPECT_EQ(report.from, "2026a");
  EXPECT_EQ(report.to, "2026b");
  EXPECT_THAT(report.changed, ElementsAre("Studio/One"));
  EXPECT_THAT(report.kept, IsEmpty());
  EXPECT_EQ(cache.find("Studio/One")->utc_offset(kSummer), -4h);
  EXPECT_EQ(other.find("Studio/One")->utc_offset(kSummer), -4h) << "every cache of the database";
  EXPECT_EQ(cache.find("Studio/Two").value(), untouched);
  EXPECT_TRUE(cache.find("Studio/Three").ok());
  EXPECT_EQ(before.utc_offset(kSummer), 1h) << "a handle keeps its rules";
}

TEST_F(OwnDatabase, AReloadWithoutChangesKeepsEveryZone) {
  ZoneDatabase database(directory_);
  const Zone one = database.find("Studio/One").value();
  EXPECT_THAT(database.reload()->changed, IsEmpty());
  EXPECT_EQ(database.find("Studio/One").value(), one);
}

TEST_F(OwnDatabase, ReloadKeepsZonesThatAreMissingOnDisk) {
  ZoneDatabase database(directory_);
  const Zone one = database.find("Studio/One").value();
  fs::remove(directory_ / "Studio/One");
  EXPECT_THAT(database.reload()->kept, ElementsAre("Studio/One"));
  EXPECT_EQ(database.find("Studio/One").value(), one);
  fs::remove_all(directory_);
  EXPECT_EQ(database.reload().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(database.find("Studio/One").value(), one);
}

TEST_F(OwnDatabase, RealThreadsConvertUndisturbedWhileItReloads) {
  ZoneDatabase database(directory_);
  ZoneCache cache(database);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const seconds offset = cache.find("Studio/One")->utc_offset(kSummer);
        if (offset != 1h && offset != -4h) ++wrong;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    put("Studio/One", i % 2 == 0 ? "America/New_York" : "Europe/Dublin");
    ASSERT_TRUE(database.reload().ok());
    EXPECT_EQ(cache.find("Studio/One")->utc_offset(kSummer), i % 2 == 0 ? -4h : 1h);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

// date/tz is the first source of rules and the files are the second: they must agree.
TEST(SystemDatabase, DateAndTheFilesGiveTheSameTables) {
  const auto data = [](Zone zone) -> const internal::ZoneData& {
    return internal::ZoneAccess::table_of(zone).data();
  };
  ZoneDatabase& with_date = ZoneDatabase::system();
  ZoneDatabase from_files(with_date.directory());
  for (const std::string& name : with_date.names()) {
    if (name == "UTC") continue;  // built in
    const auto a = with_date.find(name), b = from_files.find(name);
    ASSERT_TRUE(a.ok() && b.ok()) << name;
    EXPECT_EQ(data(*a).spans, data(*b).spans) << name;
    EXPECT_EQ(data(*a).names, data(*b).names) << name;
  }
}

TEST(SystemDatabase, HasAVersionAndNames) {
  EXPECT_EQ(ZoneDatabase::system().version(), ZoneDatabase::system().version_on_disk());
  EXPECT_THAT(ZoneDatabase::system().names(), Contains("Europe/Dublin"));
}

}  // namespace
}  // namespace masterclock::zone_database_test
