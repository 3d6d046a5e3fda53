#include "masterclock/time/weekdays.h"

#include <gtest/gtest.h>

#include <chrono>

namespace masterclock::tests {
namespace {

using std::chrono::Friday, std::chrono::Monday, std::chrono::Saturday, std::chrono::Sunday;

TEST(Weekdays, ContainsEachDayOfTheListOnly) {
  constexpr Weekdays weekend = {Saturday, Sunday};
  EXPECT_TRUE(weekend.contains(Saturday) && weekend.contains(Sunday));
  EXPECT_FALSE(weekend.contains(Monday) || weekend.contains(Friday));
  EXPECT_FALSE(weekend.empty());
  EXPECT_EQ(weekend, (Weekdays{Sunday, Saturday}));
}

TEST(Weekdays, DefaultIsEveryDay) {
  EXPECT_EQ(Weekdays(), kEveryDay);
  for (unsigned day = 0; day < 7; ++day) {
    EXPECT_TRUE(kEveryDay.contains(std::chrono::weekday(day))) << day;
  }
}

TEST(Weekdays, PrintsItsDaysFromMondayOn) {
  EXPECT_EQ(to_string(kEveryDay), "every day");
  EXPECT_EQ(to_string(kMondayToFriday), "Mon,Tue,Wed,Thu,Fri");
  EXPECT_EQ(to_string(Weekdays{Sunday, Monday}), "Mon,Sun");
  EXPECT_EQ(to_string(Weekdays(std::initializer_list<std::chrono::weekday>{})), "never");
}

TEST(Weekdays, RulesOfTheDstNightsPrintTheirNames) {
  EXPECT_EQ(to_string(OnGap::kResolve), "resolve");
  EXPECT_EQ(to_string(OnGap::kSkip), "skip");
  EXPECT_EQ(to_string(OnFold::kOnce), "once");
  EXPECT_EQ(to_string(OnFold::kFirstOnly), "first-only");
  EXPECT_EQ(to_string(OnFold::kTwice), "twice");
}

}  // namespace
}  // namespace masterclock::tests
