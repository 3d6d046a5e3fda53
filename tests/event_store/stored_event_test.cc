#include "stored_event.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "masterclock/time/rfc3339.h"

namespace event_store::stored_event_test {
namespace {

using namespace std::chrono;
using masterclock::LocalTime;
using masterclock::OnMisfire;
using masterclock::Resolve;

TEST(StoredEventTextTest, WallTimesReadBack) {
  const struct {
    LocalTime wall;
    const char* text;
  } cases[] = {
      {local_days(2026y / March / 29) + 6h, "2026-03-29T06:00:00"},
      {local_days(2026y / March / 29) + 6h + 40ms, "2026-03-29T06:00:00.040"},
      {local_days(1969y / December / 31) + 23h + 1ns, "1969-12-31T23:00:00.000000001"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(to_text(c.wall), c.text);
    EXPECT_EQ(masterclock::parse_local_time(c.text).value(), c.wall);
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

TEST(StoredEventTextTest, DaysReadBack) {
  const struct {
    const char* text;
    masterclock::Weekdays days;
    const char* expected;
  } cases[] = {
      {"mon", {Monday}, "mon"},
      {"sun,mon,wed", {Monday, Wednesday, Sunday}, "mon,wed,sun"},
      {"Sat,SUN", {Saturday, Sunday}, "sat,sun"},
      {"mon,mon", {Monday}, "mon"},
      {"mon,tue,wed,thu,fri,sat,sun", masterclock::kEveryDay, "mon,tue,wed,thu,fri,sat,sun"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(parse_days(c.text).value(), c.days) << c.text;
    EXPECT_EQ(to_text(c.days), c.expected) << c.text;
  }
  for (const char* const text : {"", "mon,", ",mon", "monday", "mon tue", "mon;tue", "1"}) {
    const auto days = parse_days(text);
    ASSERT_FALSE(days.ok()) << text;
    EXPECT_TRUE(std::string(days.status().message())
                    .ends_with(": expected one of mon, tue, wed, thu, fri, sat, sun"))
        << days.status();
  }
}

}  // namespace
}  // namespace event_store::stored_event_test
