#include "stored_event.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace event_store::stored_event_test {
namespace {

using namespace std::chrono;
using masterclock::LocalTime;
using masterclock::OnMisfire;
using masterclock::Resolve;
using masterclock::UtcTime;

TEST(StoredEventTextTest, WallTimesReadBack) {
  const struct {
    LocalTime wall;
    const char* text;
  } cases[] = {
      {local_days(2026y / March / 29) + 6h, "2026-03-29T06:00:00"},
      {local_days(2026y / March / 29) + 6h + 40ms, "2026-03-29T06:00:00.040000000"},
      {local_days(1969y / December / 31) + 23h + 1ns, "1969-12-31T23:00:00.000000001"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(to_text(c.wall), c.text);
    const auto read = parse_wall(c.text);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, c.wall);
  }
  EXPECT_EQ(to_text(UtcTime(90s)), "1970-01-01T00:01:30Z");
}

TEST(StoredEventTextTest, AWallTimeHasNoOffset) {
  for (const char* const text :
       {"", "06:00", "2026-03-29T06:00:00Z", "2026-03-29T06:00:00+01:00", "2026-02-30T06:00:00"}) {
    const auto read = parse_wall(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(
        std::string(read.status().message()),
        "Invalid wall time '" + std::string(text) + "': expected one such as 2026-03-29T06:00:00");
  }
}

TEST(StoredEventTextTest, PoliciesReadBack) {
  for (const Resolve policy : {Resolve::kReject, Resolve::kCompatible, Resolve::kEarlier,
                               Resolve::kLater, Resolve::kSnap}) {
    EXPECT_EQ(parse_resolve(to_text(policy)).value(), policy);
  }
  for (const OnMisfire policy : {OnMisfire::kRunAll, OnMisfire::kRunLast, OnMisfire::kSkip}) {
    EXPECT_EQ(parse_on_misfire(to_text(policy)).value(), policy);
  }
  EXPECT_EQ(std::string(parse_on_misfire("never").status().message()),
            "Invalid policy 'never': expected one of all, last, skip");
}

}  // namespace
}  // namespace event_store::stored_event_test
