#include "masterclock/events/internal/lazy_queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace masterclock::lazy_queue_test {
namespace {

using namespace std::chrono_literals;

using internal::LazyQueue;
using internal::QueueEntry;
using std::chrono::nanoseconds;

template <class Queue>
void push(Queue& queue, nanoseconds due, std::uint64_t serial, std::uint32_t slot) {
  queue.reserve(slot);
  queue.push(due, serial, slot);
}

template <class Queue>
std::optional<QueueEntry> pop_due(Queue& queue, nanoseconds now) {
  const QueueEntry* const found = queue.first();
  if (found == nullptr || found->due > now) return std::nullopt;
  const QueueEntry entry = *found;
  queue.pop_first();
  return entry;
}

template <class Queue>
std::vector<std::uint64_t> serials_in(Queue& queue, nanoseconds from, nanoseconds until) {
  std::vector<std::uint64_t> serials;
  queue.for_each(from, until, [&](const auto& entry) { serials.push_back(entry.serial); });
  return serials;
}

TEST(LazyQueue, PopsWhatIsDueInOrder) {
  LazyQueue queue;
  push(queue, nanoseconds(30), 1, 0);
  push(queue, nanoseconds(10), 2, 1);
  push(queue, nanoseconds(20), 3, 2);
  EXPECT_EQ(pop_due(queue, nanoseconds(9)), std::nullopt);
  EXPECT_EQ(pop_due(queue, nanoseconds(20))->serial, 2u);
  EXPECT_EQ(pop_due(queue, nanoseconds(20))->serial, 3u) << "what is due at `now` is due";
  EXPECT_EQ(pop_due(queue, nanoseconds(29)), std::nullopt);
  EXPECT_EQ(pop_due(queue, nanoseconds(30))->serial, 1u);
  EXPECT_TRUE(queue.empty());
}

TEST(LazyQueue, EqualDueTimesComeBySerial) {
  LazyQueue queue;
  for (const std::uint32_t slot : {4u, 2u, 0u, 3u, 1u})
    push(queue, nanoseconds(7), slot + 100u, slot);
  for (std::uint64_t serial = 100; serial < 105; ++serial) {
    EXPECT_EQ(pop_due(queue, nanoseconds(7))->serial, serial);
  }
}

TEST(LazyQueue, RangesAreHalfOpen) {
  LazyQueue queue;
  for (std::uint32_t i = 0; i < 5; ++i) push(queue, nanoseconds(10 * i), i + 1, i);
  const struct {
    const char* name;
    nanoseconds from, until;
    std::vector<std::uint64_t> serials;
  } cases[] = {
      {"both ends on an entry", nanoseconds(10), nanoseconds(30), {2, 3}},
      {"between the entries", nanoseconds(11), nanoseconds(31), {3, 4}},
      {"empty", nanoseconds(20), nanoseconds(20), {}},
      {"backward", nanoseconds(30), nanoseconds(10), {}},
      {"everything", nanoseconds::min(), nanoseconds::max(), {1, 2, 3, 4, 5}},
      {"before the first", nanoseconds::min(), nanoseconds(0), {}},
  };
  for (const auto& c : cases) EXPECT_EQ(serials_in(queue, c.from, c.until), c.serials) << c.name;
}

TEST(LazyQueue, FirstAfterAPlaceInTheOrder) {
  LazyQueue queue;
  push(queue, nanoseconds(10), 1, 0);
  push(queue, nanoseconds(10), 3, 1);
  push(queue, nanoseconds(20), 2, 2);
  EXPECT_EQ(queue.first_after(nanoseconds(9), 9)->serial, 1u);
  EXPECT_EQ(queue.first_after(nanoseconds(10), 0)->serial, 1u);
  EXPECT_EQ(queue.first_after(nanoseconds(10), 1)->serial, 3u);
  EXPECT_EQ(queue.first_after(nanoseconds(10), 3)->serial, 2u);
  EXPECT_EQ(queue.first_after(nanoseconds(20), 2), nullptr);
}

// Compares with std::map. Small buckets are split, taken, swept and joined all the time; the large ones
// are those in use.
template <class Queue>
class LazyQueueModel : public ::testing::Test {};
template <std::size_t kMost>
struct SmallQueue : LazyQueue {
  SmallQueue() : LazyQueue(kMost) {}
};
using Queues = ::testing::Types<LazyQueue, SmallQueue<8>, SmallQueue<50>>;
TYPED_TEST_SUITE(LazyQueueModel, Queues);

TYPED_TEST(LazyQueueModel, AgreesWithAnOrderedMap) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    TypeParam queue;
    std::map<std::pair<nanoseconds, std::uint64_t>, std::uint32_t> model;
    std::vector<std::pair<nanoseconds, std::uint64_t>> by_slot(4'000);
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
        const nanoseconds due = nanoseconds(static_cast<std::int64_t>(below(spread)));
        push(queue, due, step, slot);
        model.emplace(std::pair(due, step), slot);
        by_slot[slot] = {due, step};
        used.push_back(slot);
      } else if (what < 8 && !used.empty()) {
        const std::uint32_t slot = take_used(below(used.size()));
        queue.erase(slot);
        model.erase(by_slot[slot]);
        free.push_back(slot);
        EXPECT_FALSE(queue.contains(slot));
      } else if (what < 10 && !used.empty()) {
        const std::uint32_t slot = used[below(used.size())];
        const nanoseconds due = nanoseconds(static_cast<std::int64_t>(below(spread)));
        queue.reserve(slot);
        queue.erase(slot);
        queue.push(due, by_slot[slot].second, slot);
        model.erase(by_slot[slot]);
        by_slot[slot].first = due;
        model.emplace(by_slot[slot], slot);
      } else if (what < 11) {
        const nanoseconds now = nanoseconds(static_cast<std::int64_t>(below(spread / 4)));
        const auto popped = pop_due(queue, now);
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
        const nanoseconds from = nanoseconds(static_cast<std::int64_t>(at));
        const nanoseconds until = nanoseconds(static_cast<std::int64_t>(at + below(spread / 10)));
        std::vector<std::uint64_t> expected;
        for (auto i = model.lower_bound({from, 0}); i != model.end() && i->first.first < until;
             ++i) {
          expected.push_back(i->first.second);
        }
        ASSERT_EQ(serials_in(queue, from, until), expected) << "seed " << seed << " step " << step;
        const auto after = model.upper_bound({from, serial});
        const auto* found = queue.first_after(from, serial);
        ASSERT_EQ(found != nullptr, after != model.end());
        if (found != nullptr) {
          ASSERT_EQ(found->slot, after->second);
        }
      }
      ASSERT_EQ(queue.size(), model.size());
      if (!model.empty() && below(4) == 0) {  // not after every step: it sorts the queue
        ASSERT_EQ(queue.first()->slot, model.begin()->second);
      }
    }
  }
}

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
    LazyQueue queue;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::uint32_t> model;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
      const std::int64_t due = c.due(i);
      const std::uint64_t serial =
          i % 3 == 0 ? 20'000 - i : i + 1;  // a moved entry keeps an old one
      push(queue, nanoseconds(due), serial, i);
      model.emplace(std::pair(due, serial), i);
    }
    ASSERT_EQ(model.size(), queue.size());
    for (const auto& [key, slot] : model) {
      const auto popped = pop_due(queue, nanoseconds::max());
      ASSERT_EQ(popped->slot, slot) << c.name;
    }
    EXPECT_TRUE(queue.empty()) << c.name;
  }
}

// After most of a day was cancelled, the rest is in few buckets and in order.
TEST(LazyQueue, ThinsOutInOrder) {
  LazyQueue queue(8);
  constexpr std::uint32_t kMany = 5'000;
  for (std::uint32_t i = 0; i < kMany; ++i) push(queue, nanoseconds(i * 7'919 % kMany), i + 1, i);
  for (std::uint32_t i = 0; i < kMany; ++i) {
    if (i * 7'919 % kMany % 100 != 0) queue.erase(i);
  }
  EXPECT_EQ(queue.size(), kMany / 100);
  for (std::int64_t due = 0; due < kMany; due += 100) {
    EXPECT_EQ(pop_due(queue, nanoseconds::max())->due, nanoseconds(due));
  }
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace masterclock::lazy_queue_test
