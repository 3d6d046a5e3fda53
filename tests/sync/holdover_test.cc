#include "masterclock/sync/holdover.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace masterclock {
using namespace internal;
namespace {

using namespace std::chrono;

constexpr UtcTime kNoon = sys_days(2026y / November / 20) + 12h;
constexpr SteadyTime kUp(100h);
constexpr HoldoverOptions kOptions{.drift = drift_ppm(1)};

BoundsAnchor anchor_at(UtcTime utc, SteadyTime steady, SyncState state, nanoseconds bound) {
  return {state, true, true, utc, utc, steady, steady, bound};
}

bool same(const TimeBounds& a, const TimeBounds& b) {
  return a.earliest == b.earliest && a.latest == b.latest && a.state == b.state;
}

TEST(QuickBounds, AnswersWhileNothingCanChangeAndNothingJumped) {
  const BoundsAnchor synchronized = anchor_at(kNoon, kUp, SyncState::kSynchronized, 10us);
  const BoundsAnchor free_running = anchor_at(kNoon, kUp, SyncState::kFreeRunning, 10us);
  const struct {
    const char* name;
    BoundsAnchor anchor;
    nanoseconds steady, utc;  // since the anchor
    bool answers;
  } cases[] = {
      {"at once", synchronized, 0s, 0s, true},
      {"before", synchronized, -1ns, 0s, false},
      {"fresh to the last nanosecond", synchronized, 16s, 16s, true},
      {"free-running from here on", synchronized, 16s + 1ns, 16s, false},
      {"free-running for a day", free_running, 24h, 24h, true},
      {"lost", free_running, 24h + 1ns, 24h, false},
      {"a jump that does not count", synchronized, 1s, 1s + 20ms, true},
      {"one that does", synchronized, 1s, 1s + 20ms + 1ns, false},
      {"none back", synchronized, 1s, 1s - 20ms, true},
      {"one back", synchronized, 1s, 1s - 20ms - 1ns, false},
      {"the end of the range", synchronized, 1s, UtcTime::max() - kNoon, false},
      {"the beginning", synchronized, 1s, UtcTime::min().time_since_epoch(), false},
      {"no claim", BoundsAnchor{}, 1s, 1s, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(QuickBounds(c.anchor, kOptions).answers(kNoon + c.utc, kUp + c.steady), c.answers)
        << c.name;
  }
}

TEST(QuickBounds, GrowByTheDrift) {
  const QuickBounds quick(anchor_at(kNoon, kUp, SyncState::kSynchronized, 10us), kOptions);
  const struct {
    nanoseconds age, bound;
  } cases[] = {{0s, 10us}, {2s, 12us}, {4s, 14us}, {8s, 18us}, {10s, 20us}, {1ns, 10'001ns}};
  for (const auto& c : cases) {
    EXPECT_EQ(quick.bounds_at(kUp + c.age).latest, kNoon + c.age + c.bound) << c.age.count();
    EXPECT_EQ(quick.bounds_at(kUp + c.age).earliest, kNoon + c.age - c.bound) << c.age.count();
  }
}

// Values of every magnitude, the ends of the range among them.
std::int64_t any(std::mt19937_64& random) {
  switch (random() % 16) {
    case 0:
      return INT64_MAX;
    case 1:
      return INT64_MIN;
    default:
      return static_cast<std::int64_t>(random()) >> (random() % 64);
  }
}
std::int64_t any_positive(std::mt19937_64& random) {
  return static_cast<std::int64_t>(random() >> (1 + random() % 63));
}

TEST(QuickBounds, SayWhatThePlainArithmeticSays) {
  std::mt19937_64 random(5905);
  int answered = 0;
  for (int i = 0; i < 400'000; ++i) {
    const bool ordinary = i % 2 == 0;
    const auto utc = ordinary ? kNoon : UtcTime(nanoseconds(any(random)));
    const SteadyTime steady(nanoseconds(ordinary ? any_positive(random) >> 8 : any(random) / 2));
    const SteadyTime as_of(
        nanoseconds(any(random) / 4 < 0 ? steady.time_since_epoch().count() : any(random) / 4));
    const UtcTime middle =
        ordinary ? utc + nanoseconds(any(random) >> 20) : UtcTime(nanoseconds(any(random)));
    const SyncState state = random() % 2 == 0 ? SyncState::kSynchronized : SyncState::kFreeRunning;
    const BoundsAnchor anchor{state,  random() % 8 != 0,
                              true,   utc,
                              middle, steady,
                              as_of,  nanoseconds(any_positive(random))};
    const HoldoverOptions options{.drift = {ordinary ? any_positive(random) >> 30 : any(random)},
                                  .fresh_for = nanoseconds(any(random)),
                                  .lost_after = nanoseconds(any(random))};
    const SteadyTime now =
        saturating_add(random() % 2 == 0 ? as_of : steady, nanoseconds(any_positive(random)));
    const UtcTime utc_now = random() % 2 == 0
                                ? UtcTime(nanoseconds(any(random)))
                                : saturating_add(utc, saturating_difference(now, steady));
    const QuickBounds quick(anchor, options);
    if (!quick.answers(utc_now, now)) continue;
    ++answered;
    const nanoseconds jumped = anchor.jump(utc_now, now);
    ASSERT_TRUE(-kJump <= jumped && jumped <= kJump) << i;
    ASSERT_TRUE(same(quick.bounds_at(now), anchor.bounds_at(now, options))) << i;
  }
  EXPECT_GT(answered, 10'000) << "the table asks for something";
}

}  // namespace
}  // namespace masterclock
