#include "masterclock/time/smeared_time.h"

#include <gtest/gtest.h>

#include <concepts>
#include <random>
#include <type_traits>
#include <utility>

namespace masterclock::smeared_time_test {
namespace {

using namespace std::chrono;

// No timeline converts to another without a named conversion. No two of them compare or have a difference.
template <class A, class B>
concept Mixes = std::is_convertible_v<A, B> || std::is_constructible_v<B, A> ||
    std::is_assignable_v<B&, A> || requires(A a, B b) {
  a - b;
} || requires(A a, B b) {
  a == b;
} || requires(A a, B b) {
  a < b;
};

template <class... Times>
constexpr bool never_mix() {
  const auto mixes_with_another = []<class A>(std::type_identity<A>) {
    return ((!std::is_same_v<A, Times> && Mixes<A, Times>) || ...);
  };
  return !(mixes_with_another(std::type_identity<Times>()) || ...);
}
static_assert(never_mix<UtcTime, TaiTime, SmearedTime, LocalTime, SteadyTime>());
static_assert(Mixes<UtcTime, UtcTime>, "the concept can be true");
static_assert(Mixes<SmearedReading, SmearedTime>, "a reading is a time");
static_assert(!Mixes<SmearedReading, UtcTime> && !Mixes<SmearedReading, TaiTime>);
static_assert(!Mixes<UtcReading, SmearedTime> && !Mixes<UtcReading, TaiTime>);
static_assert(!Mixes<TaiReading, SmearedTime> && !Mixes<TaiReading, UtcTime>);

constexpr nanoseconds since_epoch(sys_days day, nanoseconds time) {
  return day.time_since_epoch() + time;
}
constexpr sys_days kEve = 2016y / December / 31;
constexpr sys_days kNewYear = 2017y / January / 1;

struct Row {
  const char* name;
  nanoseconds tai;      // since 1970 TAI
  nanoseconds smeared;  // since 1970, smeared
  bool smearing;
};

// x SI seconds after noon, a smeared clock has counted x * 86400 / 86401 = x - x / 86401 seconds. The
// values are computed by hand and floored to the nanosecond.
TEST(SmearedTime, TheLeapSecondOf2016ByHand) {
  const Row rows[] = {
      {"before noon", since_epoch(kEve, 12h - 1ns) + 36s, since_epoch(kEve, 12h - 1ns), false},
      {"noon before", since_epoch(kEve, 12h) + 36s, since_epoch(kEve, 12h), true},
      // 86401 s / 86401 = 1 s is too long; the first SI second: 1 s - 1/86401 s = 1 s - 11573.94 ns.
      {"12:00:01", since_epoch(kEve, 12h + 1s) + 36s, since_epoch(kEve, 12h + 1s - 11'574ns), true},
      // 21600 / 86401 = 0.249 997 106 514... s
      {"18:00:00", since_epoch(kEve, 18h) + 36s, since_epoch(kEve, 18h - 249'997'107ns), true},
      // 43200 / 86401 = 0.499 994 213 029... s
      {"23:59:60", since_epoch(kNewYear, 0s) + 36s, since_epoch(kNewYear, -499'994'214ns), true},
      // 43200.5 / 86401 is exactly a half.
      {"23:59:60.5", since_epoch(kNewYear, 500ms) + 36s, since_epoch(kNewYear, 0s), true},
      // 43201 / 86401 = 0.500 005 786 970... s of 43201
      {"00:00:00", since_epoch(kNewYear, 0s) + 37s, since_epoch(kNewYear, 1s - 500'005'787ns),
       true},
      // 64801 / 86401 = 0.750 002 893 485... s of 64801
      {"06:00:00", since_epoch(kNewYear, 6h) + 37s, since_epoch(kNewYear, 6h + 1s - 750'002'894ns),
       true},
      {"noon after", since_epoch(kNewYear, 12h) + 37s, since_epoch(kNewYear, 12h), false},
      {"nowadays", since_epoch(2026y / November / 20, 1ns) + 37s,
       since_epoch(2026y / November / 20, 1ns), false},
  };
  for (const Row& row : rows) {
    const SmearedReading smeared = to_smeared(TaiTime(row.tai));
    EXPECT_EQ(smeared.time_since_epoch(), row.smeared) << row.name;
    EXPECT_EQ(smeared.smearing, row.smearing) << row.name;
    EXPECT_EQ(smeared.coverage, LeapCoverage::kCovered) << row.name;
    EXPECT_LE(abs(to_tai(SmearedTime(row.smeared)).time_since_epoch() - row.tai), 1ns) << row.name;
  }
  EXPECT_TRUE(to_utc(SmearedTime(since_epoch(kNewYear, 0s))).leap_second)
      << "smeared midnight is 23:59:60.5";
  EXPECT_FALSE(to_utc(SmearedTime(since_epoch(kNewYear, 1s))).leap_second);
}

// No negative leap second has occurred. x * 86400 / 86399 = x + x / 86399.
TEST(SmearedTime, ANegativeLeapSecondByHand) {
  static constexpr LeapSecond kTable[] = {{sys_days(1972y / January / 1), 10s},
                                          {sys_days(2029y / July / 1), 9s}};
  constexpr LeapTable kInjected{kTable, sys_days(2030y / January / 1)};
  constexpr sys_days kLast = 2029y / June / 30, kFirst = 2029y / July / 1;
  const Row rows[] = {
      {"noon before", since_epoch(kLast, 12h) + 10s, since_epoch(kLast, 12h), true},
      // 21600 / 86399 = 0.250 002 893 552... s
      {"18:00:00", since_epoch(kLast, 18h) + 10s, since_epoch(kLast, 18h + 250'002'893ns), true},
      // 43198.5 + 0.499 988...: 43199 / 86399 = 0.499 994 212 896... s; then comes 00:00:00.
      {"00:00:00", since_epoch(kFirst, 0s) + 9s, since_epoch(kFirst, -1s + 499'994'212ns), true},
      // 64799 / 86399 = 0.749 997 106 448... s
      {"06:00:00", since_epoch(kFirst, 6h) + 9s, since_epoch(kFirst, 6h - 1s + 749'997'106ns),
       true},
      {"noon after", since_epoch(kFirst, 12h) + 9s, since_epoch(kFirst, 12h), false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(to_smeared(TaiTime(row.tai), kInjected).time_since_epoch(), row.smeared) << row.name;
    EXPECT_EQ(to_smeared(TaiTime(row.tai), kInjected).smearing, row.smearing) << row.name;
    EXPECT_EQ(to_tai(SmearedTime(row.smeared), kInjected).time_since_epoch(), row.tai) << row.name;
  }
}

TEST(SmearedTime, ConvertsThereAndBackAndNeverDecreases) {
  static constexpr LeapSecond kNegative[] = {{sys_days(1972y / January / 1), 10s},
                                             {UtcTime(sys_days(kNewYear)), 9s}};
  const LeapTable tables[] = {{}, {kNegative, sys_days(2030y / January / 1)}};
  std::mt19937_64 random(20161231);
  for (const LeapTable& table : tables) {
    const TaiTime begin = to_tai(UtcTime(kEve), table);
    TaiTime tai = begin;
    SmearedTime last = to_smeared(tai, table);
    while (tai < begin + 49h) {
      tai += nanoseconds(
          1 + static_cast<std::int64_t>(random() % (random() % 2 == 0 ? 3 : 30'000'000'000)));
      const SmearedTime smeared = to_smeared(tai, table);
      ASSERT_GE(smeared, last);
      last = smeared;
      ASSERT_LE(abs(static_cast<const TaiTime&>(to_tai(smeared, table)) - tai), 1ns);
      const SmearedTime again =
          to_smeared(static_cast<const TaiTime&>(to_tai(smeared, table)), table);
      ASSERT_LE(abs(again - smeared), 1ns);
    }
  }
}

// Smeared time differs from UTC by less than half a second, and equals it outside a window.
TEST(SmearedTime, EveryLeapSecondSinceTheFirstIsSmeared) {
  for (std::size_t i = 1; i < leap_seconds().size(); ++i) {
    const UtcTime midnight = leap_seconds()[i].effective;
    const struct {
      nanoseconds from_midnight;
      bool smearing;
    } cases[] = {{-12h - 1ns, false}, {-12h, true},      {-1ns, true},
                 {0ns, true},         {12h - 1ns, true}, {12h, false}};
    for (const auto& c : cases) {
      const UtcTime utc = midnight + c.from_midnight;
      const SmearedReading smeared = to_smeared(utc);
      EXPECT_EQ(smeared.smearing, c.smearing);
      EXPECT_LT(abs(smeared.time_since_epoch() - utc.time_since_epoch()), 500ms + 6us);
      if (!c.smearing) {
        EXPECT_EQ(smeared.time_since_epoch(), utc.time_since_epoch());
      }
    }
  }
  EXPECT_FALSE(to_smeared(leap_seconds()[0].effective).smearing) << "1972 began with no leap";
}

TEST(SmearedTime, HasTheCoverageOfTheTable) {
  EXPECT_EQ(to_smeared(UtcTime(0s)).coverage, LeapCoverage::kBefore1972);
  EXPECT_EQ(to_smeared(leap_seconds_expiry()).coverage, LeapCoverage::kAfterExpiry);
  EXPECT_EQ(to_tai(SmearedTime(leap_seconds_expiry().time_since_epoch())).coverage,
            LeapCoverage::kAfterExpiry);
  EXPECT_EQ(to_smeared(TaiTime::max()).time_since_epoch(),
            UtcTime(to_utc(TaiTime::max())).time_since_epoch());
  EXPECT_EQ(to_tai(SmearedTime::min()).time_since_epoch(),
            to_tai(UtcTime::min()).time_since_epoch());
}

}  // namespace
}  // namespace masterclock::smeared_time_test
