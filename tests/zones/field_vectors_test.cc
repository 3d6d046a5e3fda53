// Checks Zone against local times that CPython's zoneinfo resolved, under all five policies.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_cache.h"

namespace masterclock::field_vectors_test {
namespace {

using nlohmann::json;

TEST(FieldVectors, Dst) {
  std::ifstream file(MASTERCLOCK_SOURCE_DIR "/tests/data/field-vectors.json");
  ASSERT_TRUE(file) << "tests/data/field-vectors.json is missing";
  const json vectors = json::parse(file).at("dst");
  ASSERT_FALSE(vectors.empty());
  ZoneCache zones;
  const auto at = [](const json& text) { return parse_rfc3339(text.get<std::string>()).value(); };
  for (const json& v : vectors) {
    SCOPED_TRACE(v.dump());
    const Zone zone = zones.find(v.at("zone").get<std::string>()).value();
    const LocalTime local(at(v.at("local").get<std::string>() + ":00Z").time_since_epoch());
    const LocalResolution found = zone.resolve(local);
    EXPECT_EQ(to_string(found.kind), v.at("kind").get<std::string>());
    EXPECT_EQ(zone.to_utc(local, Resolve::kEarlier).value(), at(v.at("earlier")));
    EXPECT_EQ(zone.to_utc(local, Resolve::kLater).value(), at(v.at("later")));
    EXPECT_EQ(zone.to_utc(local, Resolve::kCompatible).value(), at(v.at("compatible")));
    EXPECT_EQ(zone.to_utc(local, Resolve::kSnap).value(),
              at(v.contains("snap") ? v.at("snap") : v.at("earlier")));
    EXPECT_EQ(zone.to_utc(local, Resolve::kReject).ok(), v.at("kind") == "unique");
    if (v.at("kind") != "unique") {
      const UtcTime turn = found.transition;
      EXPECT_EQ(zone.utc_offset(turn - std::chrono::nanoseconds(1)).count(),
                v.at("offset_before").get<std::int64_t>());
      EXPECT_EQ(zone.utc_offset(turn).count(), v.at("offset_after").get<std::int64_t>());
    }
  }
}

}  // namespace
}  // namespace masterclock::field_vectors_test
