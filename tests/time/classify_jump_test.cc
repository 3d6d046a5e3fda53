#include "masterclock/time/internal/classify_jump.h"

#include <gtest/gtest.h>

namespace masterclock::classify_jump_test {
namespace {

using namespace std::chrono;
using internal::classify_jump;
using Kind = TimeChange::Kind;

TEST(ClassifyJump, ByItsSizeItsHourAndTheSleep) {
  constexpr UtcTime kNewYear = sys_days(2017y / January / 1);
  constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;
  const struct {
    const char* name;
    UtcTime from;
    nanoseconds size, asleep;
    Kind kind;
  } cases[] = {
      {"an operator", kNoon, 3h, 0s, Kind::kStep},
      {"NTP, by a second at noon", kNoon, -1s, 0s, Kind::kStep},
      {"a leap second, noticed at once", kNewYear + 5us, -1s, 0s, Kind::kLeap},
      {"noticed late", kNewYear + 10s, -1s, 0s, Kind::kLeap},
      {"noticed too late", kNewYear + 10s + 1ns, -1s, 0s, Kind::kStep},
      {"a negative one", kNewYear - 1s, 1s, 0s, Kind::kLeap},
      {"both readings a little apart", kNewYear, -1s + 1ms, 0s, Kind::kLeap},
      {"not quite a second", kNewYear, -1s + 1ms + 1ns, 0s, Kind::kStep},
      {"two seconds", kNewYear, -2s, 0s, Kind::kStep},
      {"a midnight inside a month", sys_days(2017y / January / 2), -1s, 0s, Kind::kStep},
      {"the middle of the year", sys_days(2015y / July / 1), -1s, 0s, Kind::kLeap},
      {"a suspend", kNoon, 8h, 8h, Kind::kSuspend},
      {"by a clock of whole seconds", kNoon, 8h + 1s, 8h, Kind::kSuspend},
      {"a short suspend", kNoon, 700ms, 300ms, Kind::kSuspend},
      {"a suspend, and then a step", kNoon, 8h + 2s, 8h, Kind::kStep},
      {"a suspend that UTC missed", kNoon, 0s, 8h, Kind::kStep},
      {"from one end of time to the other", UtcTime::min(), nanoseconds::max(), 0s, Kind::kStep},
      {"and back", UtcTime::max(), nanoseconds::min(), 1s, Kind::kStep},
      {"a second at the beginning", UtcTime::min(), 1s, 0s, Kind::kStep},
      {"and at the end", UtcTime::max(), -1s, 0s, Kind::kStep},
      {"a month before 1970", sys_days(1969y / July / 1) - 3s, -1s, 0s, Kind::kLeap},
      {"and a little after it", sys_days(1969y / July / 1) + 3s, -1s, 0s, Kind::kLeap},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(classify_jump(c.from, saturating_add(c.from, c.size), c.asleep), c.kind) << c.name;
  }
}

}  // namespace
}  // namespace masterclock::classify_jump_test
