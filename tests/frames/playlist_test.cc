#include "masterclock/frames/playlist.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "masterclock/time/rfc3339.h"

namespace masterclock::playlist_test {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

ItemList list_of(std::vector<nanoseconds> lengths) { return ItemList::make(lengths).value(); }

// Finds the item by a walk from the start.
std::optional<ItemJoin> walk(const std::vector<nanoseconds>& lengths, nanoseconds offset) {
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (offset < lengths[i])
      return ItemJoin{i, 0, join_at_offset(offset, k25), lengths[i] - offset};
    offset -= lengths[i];
  }
  return std::nullopt;
}

TEST(ItemList, LoopsOverThreeItems) {
  const ItemList list = list_of({25s, 5s, 20s});
  const struct {
    const char* name;
    nanoseconds since_origin;
    std::size_t item;
    std::int64_t cycle;
    nanoseconds offset;
  } cases[] = {
      {"the start", 0s, 0, 0, 0s},
      {"a millisecond before the second item", 24'999ms, 0, 0, 24'999ms},
      {"the second item's start", 25s, 1, 0, 0s},
      {"a nanosecond before the third", 30s - 1ns, 1, 0, 5s - 1ns},
      {"the third", 30s, 2, 0, 0s},
      {"the end is the first again", 50s, 0, 1, 0s},
      {"the second time around", 77s, 1, 1, 2s},
      {"just before the origin it is the last item's end", -1ns, 2, -1, 20s - 1ns},
      {"twenty seconds before", -20s, 2, -1, 0s},
      {"a cycle before", -50s, 0, -1, 0s},
      {"and a nanosecond more", -50s - 1ns, 2, -2, 20s - 1ns},
      {"a million cycles on", 50'000'000s + 26s, 1, 1'000'000, 1s},
  };
  for (const auto& c : cases) {
    const auto join = list.join_looping(c.since_origin, k25);
    ASSERT_TRUE(join) << c.name;
    EXPECT_EQ(join->item, c.item) << c.name;
    EXPECT_EQ(join->cycle, c.cycle) << c.name;
    EXPECT_EQ(join->join, join_at_offset(c.offset, k25)) << c.name;
    EXPECT_GT(join->remaining, 0s) << c.name;
  }
}

TEST(ItemList, InOrderItIsOverAfterTheLast) {
  const ItemList list = list_of({25s, 5s, 20s});
  EXPECT_EQ(list.join(49s, k25)->item, 2u);
  EXPECT_EQ(list.join(49s, k25)->remaining, 1s);
  EXPECT_FALSE(list.join(50s, k25));
  EXPECT_FALSE(list.join(nanoseconds::max(), k25));
  EXPECT_EQ(list.join(-1h, k25), list.join(0s, k25)) << "before the origin: the start";
  EXPECT_EQ(list.total(), 50s);
  EXPECT_EQ(list.begin_of(2), 30s);
}

TEST(ItemList, EmptyIsAnAnswer) {
  for (const ItemList& list : {list_of({}), list_of({0s}), list_of({0s, 0s})}) {
    for (const nanoseconds at :
         {nanoseconds::min(), nanoseconds(-1), nanoseconds(0), nanoseconds::max()}) {
      EXPECT_FALSE(list.join(at, k25));
      EXPECT_FALSE(list.join_looping(at, k25));
    }
  }
}

TEST(ItemList, ItemsOfNoLengthAreNeverOn) {
  const ItemList list = list_of({0s, 10s, 0s, 0s, 5s, 0s});
  EXPECT_EQ(list.join(0s, k25)->item, 1u);
  EXPECT_EQ(list.join(-1s, k25)->item, 1u);
  EXPECT_EQ(list.join(10s, k25)->item, 4u);
  EXPECT_EQ(list.join_looping(15s, k25)->item, 1u);
  EXPECT_EQ(list.join_looping(-1ns, k25)->item, 4u);
}

TEST(ItemList, AgreesWithAWalkWhateverTheLengths) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<nanoseconds> lengths(1 + random() % 200);
    // Lengths of one order, of every order, and one that dwarfs all the others.
    for (auto& length : lengths) {
      length = nanoseconds(round % 3 == 0 ? random() % 1'000 : random() >> (20 + random() % 44));
    }
    if (round % 3 == 2) lengths[random() % lengths.size()] = 24h * 365;
    const ItemList list = list_of(lengths);
    std::vector<nanoseconds> asked = {0ns, list.total() - 1ns, list.total()};
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      asked.insert(asked.end(), {list.begin_of(i) - 1ns, list.begin_of(i), list.begin_of(i) + 1ns});
    }
    for (const nanoseconds at : asked) {
      if (at < 0ns) continue;
      ASSERT_EQ(list.join(at, k25), walk(lengths, at)) << at.count() << " in round " << round;
    }
  }
}

TEST(ItemList, RefusesWhatIsNoTimeline) {
  const nanoseconds negative[] = {5s, -1ns};
  const auto refused = ItemList::make(negative);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(std::string(refused.status().message()),
            "Invalid item list: item 1 has a length of -1 ns");
  const nanoseconds too_long[] = {nanoseconds::max(), 1ns};
  EXPECT_EQ(ItemList::make(too_long).status().code(), absl::StatusCode::kOutOfRange);
  const nanoseconds just_so[] = {nanoseconds::max()};
  EXPECT_EQ(ItemList::make(just_so)->join_looping(nanoseconds::min(), k25)->cycle, -2);
}

TEST(ItemList, JoinsInSiTime) {
  const ItemList list = list_of({30s, 30s, 30s});
  const UtcTime start = parse_rfc3339("2016-12-31T23:59:30Z").value();
  const UtcTime midnight = parse_rfc3339("2017-01-01T00:00:00Z").value();
  EXPECT_EQ(join_at(list, start, midnight, k25)->item, 1u);
  EXPECT_EQ(join_at(list, start, midnight, k25)->join.offset, 1s) << "the leap second is counted";
  EXPECT_EQ(join_looping_at(list, start, start - 1s, k25)->item, 2u);
  EXPECT_FALSE(join_at(list, start, midnight + 1min, k25));
}

// ffplayout#84: 00:00:00.336 opened the list of the day before.
TEST(Regression, JustAfterMidnightIsTodaysList) {
  const ItemList today = list_of({1h, 23h});
  const UtcTime midnight = parse_rfc3339("2026-11-21T00:00:00Z").value();
  const auto join = join_at(today, midnight, midnight + 336ms, k25);
  EXPECT_EQ(join->item, 0u);
  EXPECT_EQ(join->join.offset, 336ms);
  EXPECT_EQ(join_looping_at(today, midnight, midnight - 1ms, k25)->item, 1u)
      << "and just before, not";
}

// pseudo-channel#70: the offset was a whole day too long.
TEST(Regression, TheOffsetIsWithinTheItem) {
  const ItemList list = list_of({12h, 12h});
  for (nanoseconds at = -72h; at < 72h; at += 37min) {
    const auto join = list.join_looping(at, k25);
    ASSERT_LT(join->join.offset, 12h);
    ASSERT_EQ(join->join.offset + join->remaining, 12h);
  }
}

// A player that started each viewer at zero lost the last ten minutes of a programme.
TEST(Regression, AJoinInTheMiddleKeepsTheEnd) {
  const auto join = list_of({1h, 1h}).join(10min, k25);
  EXPECT_EQ(join->join.offset, 10min);
  EXPECT_EQ(join->remaining, 50min);
}

}  // namespace
}  // namespace masterclock::playlist_test
