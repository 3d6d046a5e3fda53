#include "masterclock/zones/zone_database.h"

#include <date/tz.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/internal/zone_compiler.h"
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
    const fs::path source = ZoneDatabase::system().directory() + "/" + from;
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

// Reads the history of a zone with Howard Hinnant's date. It does not read the rule at the end of a
// file.
internal::ZoneRules rules_from_date(const std::string& name) {
  const auto type_of = [](const date::sys_info& info) {
    return internal::LocalTimeType{static_cast<std::int32_t>(info.offset.count()),
                                   info.save.count() != 0, info.abbrev};
  };
  constexpr date::sys_seconds kNever(100'000'000'000s);  // a change after this is no change
  const date::time_zone* const zone = date::locate_zone(name);
  date::sys_info info = zone->get_info(date::sys_seconds(-100'000'000'000s));
  internal::ZoneRules rules;
  rules.first = type_of(info);
  while (info.end < kNever) {
    info = zone->get_info(info.end);
    rules.changes.push_back({info.begin.time_since_epoch().count(), type_of(info)});
  }
  return rules;
}

TEST(SystemDatabase, AgreesWithDate) {
  ZoneDatabase& database = ZoneDatabase::system();
  int compared = 0;
  for (const date::time_zone& known : date::get_tzdb().zones) {
    if (known.name() == "UTC" || !database.find(known.name()).ok()) continue;  // UTC is built in
    internal::ZoneRules rules = rules_from_date(known.name());
    rules.footer =
        internal::TzifReader::read_file(database.directory() + "/" + known.name())->footer;
    const internal::ZoneData theirs = internal::ZoneCompiler::compile(std::move(rules));
    const internal::ZoneData& ours =
        internal::ZoneAccess::table_of(database.find(known.name()).value()).data();
    EXPECT_EQ(ours.spans, theirs.spans) << known.name();
    EXPECT_EQ(ours.names, theirs.names) << known.name();
    ++compared;
  }
  EXPECT_GT(compared, 400);
}

TEST(SystemDatabase, HasAVersionAndNames) {
  EXPECT_EQ(ZoneDatabase::system().version(), ZoneDatabase::system().version_on_disk());
  EXPECT_THAT(ZoneDatabase::system().names(), Contains("Europe/Dublin"));
}

}  // namespace
}  // namespace masterclock::zone_database_test
