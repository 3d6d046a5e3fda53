#include "common/find_zone.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "../temporary_directory.h"
#include "common/nearest_name.h"

namespace common::find_zone_test {
namespace {

using masterclock::ZoneDatabase;
using masterclock::tests::TemporaryDirectory;

TEST(FindZone, NamesTheZoneThatWasMeant) {
  const struct {
    const char* written;
    const char* meant;
  } cases[] = {
      {"Europe/Dublim", "Europe/Dublin"},
      {"europe/dublin", "Europe/Dublin"},
      {"EUROPE/DUBLIN", "Europe/Dublin"},
      {"Dublin", "Europe/Dublin"},
      {"dublin", "Europe/Dublin"},
      {"Dubln", "Europe/Dublin"},
      {"Europe/Dubli", "Europe/Dublin"},
      {"New York", "America/New_York"},
      {"new_york", "America/New_York"},
      {"America/New York", "America/New_York"},
      {"Indianapolis", "America/Indiana/Indianapolis"},
      {"utc", "UTC"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(std::string(find_zone(c.written).status().message()),
              "Invalid timezone '" + std::string(c.written) + "': did you mean " + c.meant + "?");
  }
  EXPECT_EQ(find_zone("Europe/Dublin").value().name(), "Europe/Dublin");
  const std::string path = "../../etc/passwd";
  for (const std::string& name :
       {std::string(), std::string("Mars/Base"), path, std::string(500, 'x')}) {
    const std::string message(find_zone(name).status().message());
    EXPECT_EQ(message.find("did you mean"), std::string::npos) << message;
    EXPECT_EQ(message.rfind("Invalid timezone '", 0), 0u) << message;
  }
}

TEST(FindZone, SaysThatThereIsNoDatabase) {
  const TemporaryDirectory empty;
  ZoneDatabase database(empty.path());
  EXPECT_EQ(std::string(find_zone("Europe/Amsterdam", database).status().message()),
            "Invalid timezone 'Europe/Amsterdam': there is no time zone database in " +
                empty.path().string() + " (install tzdata)");
  EXPECT_EQ(find_zone("UTC", database).value().name(), "UTC");
}

TEST(EditDistance, CountsLettersUpToALimit) {
  EXPECT_EQ(edit_distance("Dublin", "dublin", 3), 0u);
  EXPECT_EQ(edit_distance("Dublim", "Dublin", 3), 1u);
  EXPECT_EQ(edit_distance("Dubln", "Dublin", 3), 1u);
  EXPECT_EQ(edit_distance("Dubbliin", "Dublin", 3), 2u);
  EXPECT_EQ(edit_distance("", "ab", 3), 2u);
  EXPECT_EQ(edit_distance("kitten", "sitting", 9), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 2u);  // as far as the limit, or farther
  const std::string longer(kLongestName + 1, 'x');
  EXPECT_EQ(edit_distance(longer, longer, 3), 3u);
}

}  // namespace
}  // namespace common::find_zone_test
