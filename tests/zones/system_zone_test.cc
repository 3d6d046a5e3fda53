#include "masterclock/zones/system_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

#include "../temporary_directory.h"

namespace masterclock::system_zone_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A machine with a small database: Studio/One has the rules of Dublin, Studio/Two those of Tokyo.
class SystemZone : public ::testing::Test {
 protected:
  void SetUp() override {
    copy("Europe/Dublin", "zoneinfo/Studio/One");
    copy("Asia/Tokyo", "zoneinfo/Studio/Two");
    root_.write("timezone", "Studio/One\n");
  }

  void copy(const std::string& zone, const fs::path& to) const {
    fs::create_directories((path() / to).parent_path());
    fs::copy_file(fs::path(ZoneDatabase::system().directory()) / zone, path() / to);
  }
  [[nodiscard]] fs::path path() const { return root_.path(); }

  // Returns the zone's name, or the text of the error.
  [[nodiscard]] std::string found(const std::optional<std::string>& tz,
                                  const fs::path& localtime = "localtime",
                                  const fs::path& timezone = "timezone") const {
    ZoneDatabase database(path() / "zoneinfo");
    ZoneCache zones(database);
    const auto zone = system_zone(zones, {tz, path() / localtime, path() / timezone});
    if (zone.ok()) return std::string(zone->name());
    EXPECT_EQ(zone.status().code(), absl::StatusCode::kNotFound);
    return std::string(zone.status().message());
  }

  tests::TemporaryDirectory root_;
};

TEST_F(SystemZone, IsTheZoneThatTzNames) {
  fs::create_symlink("zoneinfo/Studio/Two", path() / "localtime");
  const struct {
    const char* name;
    std::string tz;
    const char* expected;
  } cases[] = {
      {"a name", "Studio/One", "Studio/One"},
      {"with a colon", ":Studio/One", "Studio/One"},
      {"a file of the database", (path() / "zoneinfo/Studio/One").string(), "Studio/One"},
      {"empty is UTC", "", "UTC"},
      {"a colon alone is UTC", ":", "UTC"},
      {"a rule", "EST5EDT,M3.2.0,M11.1.0", "TZ does not name a timezone of the database: 'EST5EDT"},
      {"a file elsewhere", "/etc/passwd", "'/etc/passwd'"},
      {"no such file", ":/no/such/file", "'/no/such/file'"},
      {"a path out of the database", "../timezone", "'../timezone'"},
  };
  for (const auto& c : cases) EXPECT_THAT(found(c.tz), HasSubstr(c.expected)) << c.name;
}

// timex#359, tzlocal#125: TZ=:/etc/localtime spares the C library a call of stat for each reading.
TEST_F(SystemZone, TzThatNamesLocaltimeIsTheDefault) {
  fs::create_symlink("zoneinfo/Studio/Two", path() / "localtime");
  const std::string localtime = (path() / "localtime").string();
  for (const std::string& tz : {":" + localtime, localtime, ":" + path().string() + "/./localtime",
                                ":" + path().string() + "/zoneinfo/../localtime"}) {
    EXPECT_EQ(found(tz), "Studio/Two") << tz;
  }
  EXPECT_EQ(found(std::nullopt), "Studio/Two");
  fs::remove(path() / "localtime");
  EXPECT_EQ(found(":" + localtime), "Studio/One") << "as /etc/timezone has it";
}

TEST_F(SystemZone, FollowsLinksToTheDatabase) {
  const struct {
    const char* name;
    fs::path target;
    const char* expected;
  } cases[] = {
      {"relative", "zoneinfo/Studio/Two", "Studio/Two"},
      {"absolute", path() / "zoneinfo/Studio/Two", "Studio/Two"},
      {"by another link", "link", "Studio/Two"},
      {"by a link to the database", "linked/Studio/Two", "Studio/Two"},
      {"a link of the database keeps its name", "zoneinfo/Studio/Three", "Studio/Three"},
      {"in a circle", "circle", "differs from the timezone 'Studio/One'"},
  };
  fs::create_symlink("zoneinfo/Studio/Two", path() / "link");
  fs::create_symlink("zoneinfo", path() / "linked");
  fs::create_symlink("Two", path() / "zoneinfo/Studio/Three");
  fs::create_symlink("circle", path() / "circle");
  for (const auto& c : cases) {
    const fs::path link = path() / "localtime";
    fs::remove(link);
    fs::create_symlink(c.target, link);
    for (const auto& tz : {std::optional<std::string>(), std::optional(":" + link.string())}) {
      EXPECT_THAT(found(tz), HasSubstr(c.expected)) << c.name;
    }
  }
}

// A copy has no name. The name that something else gives is right when the rules are the same.
TEST_F(SystemZone, ACopyIsAcceptedWhenItAgreesWithTheDatabase) {
  copy("Europe/Dublin", "localtime");
  EXPECT_EQ(found(std::nullopt), "Studio/One");
  EXPECT_EQ(found(":" + (path() / "localtime").string()), "Studio/One");

  root_.write("timezone", "Studio/Two\n");
  EXPECT_THAT(found(std::nullopt),
              HasSubstr("localtime differs from the timezone 'Studio/Two' of"));
  root_.write("timezone", "Mars/Base\n");
  EXPECT_THAT(found(std::nullopt), HasSubstr("Neither TZ nor "));
  fs::remove(path() / "timezone");
  EXPECT_THAT(found(std::nullopt), HasSubstr("Neither TZ nor "));

  copy("Europe/Dublin", "elsewhere/Studio/One");
  EXPECT_EQ(found(":" + (path() / "elsewhere/Studio/One").string()), "Studio/One");
  copy("Europe/Paris", "elsewhere/Studio/Two");
  EXPECT_THAT(found(":" + (path() / "elsewhere/Studio/Two").string()),
              HasSubstr("TZ does not name"));
}

// Debian's database holds a link "localtime" to /etc/localtime: it is no zone's name.
TEST_F(SystemZone, ALinkBackToLocaltimeIsNoName) {
  copy("Europe/Dublin", "localtime");
  fs::create_symlink("../localtime", path() / "zoneinfo/localtime");
  EXPECT_EQ(found(std::nullopt), "Studio/One");
}

TEST_F(SystemZone, WithoutLocaltimeTheFileNamesIt) {
  EXPECT_EQ(found(std::nullopt, "none"), "Studio/One");
  EXPECT_THAT(found(std::nullopt, "none", "none"), HasSubstr("Neither TZ nor "));
}

}  // namespace
}  // namespace masterclock::system_zone_test
