#include "masterclock/events/internal/lazy_queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace masterclock::lazy_queue_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kNs = [](std::int64_t count) { return UtcTime(std::chrono::nanoseconds(count)); };

template <class Heap>
std::vector<std::uint64_t> serials_in(Heap& heap, UtcTime from, UtcTime until) {
  std::vector<std::uint64_t> serials;
  heap.for_each(from, until, [&](const auto& entry) { serials.push_back(entry.serial); });
  return serials;
}

TEST(LazyQueue, PopsWhatIsDueInOrder) {
  LazyQueue heap;
  heap.push({kNs(30), 1, 0});
  heap.push({kNs(10), 2, 1});
  heap.push({kNs(20), 3, 2});
  EXPECT_EQ(heap.pop_due(kNs(9)), std::nullopt);
  EXPECT_EQ(heap.pop_due(kNs(20))->serial, 2u);
  EXPECT_EQ(heap.pop_due(kNs(20))->serial, 3u) << "what is due at `now` is due";
  EXPECT_EQ(heap.pop_due(kNs(29)), std::nullopt);
  EXPECT_EQ(heap.pop_due(kNs(30))->serial, 1u);
  EXPECT_TRUE(heap.empty());
}

TEST(LazyQueue, EqualDueTimesComeBySerial) {
  LazyQueue heap;
  for (const std::uint32_t slot : {4u, 2u, 0u, 3u, 1u}) heap.push({kNs(7), slot + 100u, slot});
  for (std::uint64_t serial = 100; serial < 105; ++serial) {
    EXPECT_EQ(heap.pop_due(kNs(7))->serial, serial);
  }
}

TEST(LazyQueue, RangesAreHalfOpen) {
  LazyQueue heap;
  for (std::uint32_t i = 0; i < 5; ++i) heap.push({kNs(10 * i), i + 1, i});
  const struct {
    const char* name;
    UtcTime from, until;
    std::vector<std::uint64_t> serials;
  } cases[] = {
      {"both ends on an entry", kNs(10), kNs(30), {2, 3}},
      {"between the entries", kNs(11), kNs(31), {3, 4}},
      {"empty", kNs(20), kNs(20), {}},
      {"backward", kNs(30), kNs(10), {}},
      {"everything", UtcTime::min(), UtcTime::max(), {1, 2, 3, 4, 5}},
      {"before the first", UtcTime::min(), kNs(0), {}},
  };
  for (const auto& c : cases) EXPECT_EQ(serials_in(heap, c.from, c.until), c.serials) << c.name;
}

TEST(LazyQueue, FirstAfterAPlaceInTheOrder) {
  LazyQueue heap;
  heap.push({kNs(10), 1, 0});
  heap.push({kNs(10), 3, 1});
  heap.push({kNs(20), 2, 2});
  EXPECT_EQ(heap.first_after(kNs(9), 9)->serial, 1u);
  EXPECT_EQ(heap.first_after(kNs(10), 0)->serial, 1u);
  EXPECT_EQ(heap.first_after(kNs(10), 1)->serial, 3u);
  EXPECT_EQ(heap.first_after(kNs(10), 3)->serial, 2u);
  EXPECT_EQ(heap.first_after(kNs(20), 2), nullptr);
}

// Against std::map, which keeps the same order by other means. Small piles are cut, taken, swept
// and joined all the time; large ones are those in use.
template <class Heap>
class EventHeapModel : public ::testing::Test {};
using Heaps =
    ::testing::Types<LazyQueue, BasicEventHeap<UtcTime, 8, 8>, BasicEventHeap<UtcTime, 24, 16>>;
TYPED_TEST_SUITE(EventHeapModel, Heaps);

TYPED_TEST(EventHeapModel, AgreesWithAnOrderedMap) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    TypeParam heap;
    std::map<std::pair<UtcTime, std::uint64_t>, std::uint32_t> model;
    std::vector<std::pair<UtcTime, std::uint64_t>> by_slot(4'000);
    std::vector<std::uint32_t> free, used;
    for (std::uint32_t slot = 0; slot < by_slot.size(); ++slot) free.push_back(slot);
    const auto take_used = [&](std::size_t i) {
      const std::uint32_t slot = used[i];
      used[i] = used.back();
      used.pop_back();
      return slot;
    };
    const std::uint64_t spread = seed % 2 == 0 ? 50 : 1'000'000;  // with and without many ties
    for (std::uint64_t step = 1; step <= 40'000; ++step) {
      const bool growing = (step / 8'000) % 2 == 0;
      const std::uint64_t what = below(12);
      if (what < (growing ? 6u : 3u) && !free.empty()) {
        const std::uint32_t slot = free.back();
        free.pop_back();
        const UtcTime due = kNs(static_cast<std::int64_t>(below(spread)));
        heap.push({due, step, slot});
        model.emplace(std::pair(due, step), slot);
        by_slot[slot] = {due, step};
        used.push_back(slot);
      } else if (what < 8 && !used.empty()) {
        const std::uint32_t slot = take_used(below(used.size()));
        heap.erase(slot);
        model.erase(by_slot[slot]);
        free.push_back(slot);
        EXPECT_FALSE(heap.contains(slot));
      } else if (what < 10 && !used.empty()) {
        const std::uint32_t slot = used[below(used.size())];
        const UtcTime due = kNs(static_cast<std::int64_t>(below(spread)));
        heap.update({due, by_slot[slot].second, slot});
        model.erase(by_slot[slot]);
        by_slot[slot].first = due;
        model.emplace(by_slot[slot], slot);
      } else if (what < 11) {
        const UtcTime now = kNs(static_cast<std::int64_t>(below(spread / 4)));
        const auto popped = heap.pop_due(now);
        const bool due = !model.empty() && model.begin()->first.first <= now;
        ASSERT_EQ(popped.has_value(), due) << "seed " << seed << " step " << step;
        if (due) {
          ASSERT_EQ(popped->slot, model.begin()->second);
          model.erase(model.begin());
          for (std::size_t i = 0; i < used.size(); ++i) {
            if (used[i] == popped->slot) {
              free.push_back(take_used(i));
              break;
            }
          }
        }
      } else {
        const std::uint64_t at = below(spread), serial = below(step);
        const UtcTime from = kNs(static_cast<std::int64_t>(at));
        const UtcTime until = kNs(static_cast<std::int64_t>(at + below(spread / 10)));
        std::vector<std::uint64_t> expected;
        for (auto i = model.lower_bound({from, 0}); i != model.end() && i->first.first < until;
             ++i) {
          expected.push_back(i->first.second);
        }
        ASSERT_EQ(serials_in(heap, from, until), expected) << "seed " << seed << " step " << step;
        const auto after = model.upper_bound({from, serial});
        const auto* found = heap.first_after(from, serial);
        ASSERT_EQ(found != nullptr, after != model.end());
        if (found != nullptr) {
          ASSERT_EQ(found->slot, after->second);
        }
      }
      ASSERT_EQ(heap.size(), model.size());
      if (!model.empty() && below(4) == 0) {  // asking puts things in order: not after every step
        ASSERT_EQ(heap.first()->slot, model.begin()->second);
      }
    }
  }
}

// Due times that crowd together, far apart from the others, and those that are all the same.
TEST(LazyQueue, SortsWhateverTheDueTimesAre) {
  std::mt19937_64 random(7);
  const struct {
    const char* name;
    std::function<std::int64_t(std::uint32_t)> due;
  } cases[] = {
      {"one instant", [](std::uint32_t) { return 5; }},
      {"backward", [](std::uint32_t i) { return -std::int64_t{i}; }},
      {"spread over all of time",
       [&](std::uint32_t) { return static_cast<std::int64_t>(random()); }},
      {"a crowd, and one far away",
       [&](std::uint32_t i) {
         return i == 0 ? std::numeric_limits<std::int64_t>::max()
                       : static_cast<std::int64_t>(random() % 100'000);
       }},
      {"on the second",
       [&](std::uint32_t) { return std::int64_t(random() % 86'400) * 1'000'000'000; }},
  };
  for (const auto& c : cases) {
    LazyQueue heap;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::uint32_t> model;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
      const std::int64_t due = c.due(i);
      const std::uint64_t serial =
          i % 3 == 0 ? 20'000 - i : i + 1;  // a moved entry keeps an old one
      heap.push({kNs(due), serial, i});
      model.emplace(std::pair(due, serial), i);
    }
    ASSERT_EQ(model.size(), heap.size());
    for (const auto& [key, slot] : model) {
      const auto popped = heap.pop_due(UtcTime::max());
      ASSERT_EQ(popped->slot, slot) << c.name;
    }
    EXPECT_TRUE(heap.empty()) << c.name;
  }
}

// What is left of a day when most of it was cancelled lies in few piles, and is still in order.
TEST(LazyQueue, ThinsOutInOrder) {
  BasicEventHeap<UtcTime, 8, 8> heap;
  constexpr std::uint32_t kMany = 5'000;
  for (std::uint32_t i = 0; i < kMany; ++i) heap.push({kNs(i * 7'919 % kMany), i + 1, i});
  for (std::uint32_t i = 0; i < kMany; ++i) {
    if (i * 7'919 % kMany % 100 != 0) heap.erase(i);
  }
  EXPECT_EQ(heap.size(), kMany / 100);
  for (std::int64_t due = 0; due < kMany; due += 100) {
    EXPECT_EQ(heap.pop_due(UtcTime::max())->due, kNs(due));
  }
  EXPECT_TRUE(heap.empty());
}

}  // namespace
}  // namespace masterclock::lazy_queue_test
