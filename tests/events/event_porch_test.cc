#include "masterclock/events/internal/event_porch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "masterclock/events/internal/pending_events.h"

namespace masterclock {
using namespace internal;
namespace {

using namespace std::chrono_literals;

constexpr UtcTime kStart{1'774'746'000s};
constexpr std::size_t kMost = 100'000;

struct EventPorchTest : ::testing::Test {
  struct Put {
    EventHandle handle;
    bool first = false;
  };
  // `number` is what the action says.
  Put put(int number, UtcTime due) {
    EventAction action = [this, number](auto&) { fired_.push_back(number); };
    IncomingEvent event{.due = {false, due, {}}, .action = &action};
    Put put;
    put.handle = porch_.put(event, put.first);
    return put;
  }
  EventHandle put_in_book(int number, UtcTime due) {
    const auto slot =
        book_.put_in({}, [this, number](auto&) { fired_.push_back(number); }, {false, due, {}});
    return book_.handle_of(slot);
  }
  // Fires everything in the book, in order.
  std::vector<int> fire() {
    EventSweep sweep{{UtcTime::max() - 1ns, SteadyTime{}}};
    PendingEvents::Due due;
    std::uint64_t passed_over = 0;
    book_.begin_sweep();
    while (book_.take_due(sweep, due, passed_over)) {
      due.event->action(due.fired);
      due.event->let_go();
      book_.give_back(due);
    }
    book_.end_sweep();
    return std::exchange(fired_, {});
  }

  EventLock mutex_;
  PendingEvents book_;
  EventPorch porch_{book_, kMost};
  std::vector<int> fired_;
};

TEST_F(EventPorchTest, TakesNothingUnlessItIsOpen) {
  EXPECT_FALSE(put(1, kStart).handle);
  porch_.open();
  EXPECT_TRUE(put(2, kStart).handle);
  porch_.close();
  EXPECT_FALSE(put(3, kStart).handle);
  EXPECT_EQ(fire(), std::vector<int>{2});
}

TEST_F(EventPorchTest, HasNoMorePlacesThanThereIsRoomInTheBook) {
  EventPorch porch(book_, 3);
  put_in_book(1, kStart);
  porch.open();
  bool wake = false;
  for (int i = 0; i < 2; ++i) {
    EventAction action = [](auto&) {};
    IncomingEvent event{.due = {false, kStart, {}}, .action = &action};
    EXPECT_TRUE(porch.put(event, wake));
  }
  EventAction action = [this](auto&) { fired_.push_back(2); };
  IncomingEvent event{.due = {false, kStart, {}}, .action = &action};
  EXPECT_FALSE(porch.put(event, wake));
  ASSERT_TRUE(action) << "what finds no place is untouched";
  action(FiredEvent{});
  EXPECT_EQ(fired_, std::vector<int>{2});
}

TEST_F(EventPorchTest, StaysClosedWhereNothingMayCome) {
  EventPorch porch(book_, 0);
  porch.open();
  EXPECT_FALSE(porch.is_open());
}

TEST_F(EventPorchTest, StaysClosedWhereThereIsNoRoomForAPlace) {
  EventPorch porch(book_, 1);
  put_in_book(1, kStart);
  porch.open();
  EXPECT_FALSE(porch.is_open());
  fire();
  porch.open();
  EXPECT_TRUE(porch.is_open());
}

TEST_F(EventPorchTest, LeavesWhatHasAnIdOrIsOnTheSteadyTimelineToTheBook) {
  porch_.open();
  bool wake = false;
  EventAction action = [](auto&) {};
  IncomingEvent named{.due = {false, kStart, {}}, .action = &action};
  named.extras = std::make_unique<EventExtras>(EventExtras{.id = "opening"});
  EXPECT_FALSE(porch_.put(named, wake));
  IncomingEvent steady{.due = {true, {}, SteadyTime(1s)}, .action = &action};
  EXPECT_FALSE(porch_.put(steady, wake));
  EXPECT_TRUE(named.extras != nullptr && action);
}

TEST_F(EventPorchTest, WhatHasComeIsInTheBookOnceItIsFetched) {
  porch_.open();
  const EventHandle handle = put(1, kStart).handle;
  EXPECT_FALSE(book_.find(handle));
  (void)porch_.settle(mutex_);
  ASSERT_TRUE(book_.find(handle));
  EXPECT_EQ(book_.size(), 1u);
  EXPECT_EQ(porch_.fetched(), 1u);
  PendingEvent gone;
  book_.take_out(*book_.find(handle), gone);
  EXPECT_FALSE(book_.find(handle));
  EXPECT_TRUE(fire().empty());
}

TEST_F(EventPorchTest, KeepsTheOrderOfScheduling) {
  put_in_book(1, kStart);
  porch_.open();
  put(2, kStart);
  put(3, kStart - 1s);
  (void)porch_.settle(mutex_);
  put(4, kStart);
  porch_.close();
  put_in_book(5, kStart);
  porch_.open();
  put(6, kStart);
  (void)porch_.settle(mutex_);
  EXPECT_EQ(fire(), (std::vector<int>{3, 1, 2, 4, 5, 6}));
}

TEST_F(EventPorchTest, SaysWhatCameFirst) {
  porch_.open();
  EXPECT_TRUE(put(1, kStart).first);
  EXPECT_FALSE(put(2, kStart + 1s).first);
  EXPECT_TRUE(put(3, kStart - 1s).first);
  EXPECT_FALSE(put(4, kStart).first);
  (void)porch_.settle(mutex_);
  EXPECT_TRUE(put(5, kStart + 1h).first) << "nothing that came is still here";
  EXPECT_TRUE(put(6, UtcTime::min()).first);
}

// The book is not asked for what comes before all that has come, and what has come is fetched in time.
TEST_F(EventPorchTest, ASweepFindsWhatHasComeInItsPlace) {
  put_in_book(1, kStart + 1s);
  put_in_book(2, kStart + 3s);
  put_in_book(3, kStart + 9s);
  porch_.open();
  put(4, kStart + 2s);
  put(5, kStart + 3s);
  put(6, kStart + 4s);
  put(7, kStart + 10s);
  EventSweep sweep{{kStart + 9s, SteadyTime{}}};
  PendingEvents::Due due;
  std::uint64_t passed_over = 0;
  book_.begin_sweep();
  ASSERT_TRUE(porch_.take_due(sweep, due, passed_over));
  EXPECT_EQ(porch_.fetched(), 0u) << "1 is due before all that came";
  do {
    due.event->action(due.fired);
    due.event->let_go();
    book_.give_back(due);
  } while (porch_.take_due(sweep, due, passed_over));
  book_.end_sweep();
  EXPECT_EQ(std::exchange(fired_, {}), (std::vector<int>{1, 4, 2, 5, 6, 3}));
  (void)porch_.settle(mutex_);
  EXPECT_EQ(fire(), std::vector<int>{7});
}

// An action that schedules for its own due time waits for the next sweep, also when it finds a place
// that was set out before the sweep began.
TEST_F(EventPorchTest, WhatComesForWhereTheSweepIsWaitsForTheNext) {
  put_in_book(1, kStart);
  porch_.open();
  EventSweep sweep{{kStart + 1h, SteadyTime{}}};
  PendingEvents::Due due;
  std::uint64_t passed_over = 0;
  book_.begin_sweep();
  ASSERT_TRUE(porch_.take_due(sweep, due, passed_over));
  put(2, kStart);
  put(3, kStart - 1s);
  put(4, kStart + 1s);
  due.event->let_go();
  book_.give_back(due);
  ASSERT_TRUE(porch_.take_due(sweep, due, passed_over));
  EXPECT_EQ(due.fired.due, kStart + 1s);
  due.event->let_go();
  book_.give_back(due);
  EXPECT_FALSE(porch_.take_due(sweep, due, passed_over));
  book_.end_sweep();
  EXPECT_EQ(fire(), (std::vector<int>{3, 2}));
}

TEST_F(EventPorchTest, PlacesThatNobodyUsedAreGivenUp) {
  porch_.open();
  put(1, kStart);
  porch_.close();
  EXPECT_EQ(book_.size(), 1u);
  EXPECT_EQ(fire(), std::vector<int>{1});
  // Their slots are used again before new ones are made, and the serials go on.
  const EventHandle handle = put_in_book(2, kStart);
  EXPECT_LT(book_.find(handle).value(), 256u);
  EXPECT_EQ(fire(), std::vector<int>{2});
}

// One thread that comes back for more is no crowd.
TEST_F(EventPorchTest, GoesRoundAndRoundAndSetsOutMoreWhenAllAreUsed) {
  int number = 0, last = 0;
  std::vector<int> expected;
  for (int round = 0; round < 50; ++round) {
    porch_.open();
    last = number;
    while (put(number, kStart + number * 1ns).handle) expected.push_back(number++);
    EXPECT_FALSE(porch_.close());
  }
  EXPECT_GT(number, 10'000);
  EXPECT_LE(number - last, 2048);
  EXPECT_EQ(porch_.fetched(), static_cast<std::uint64_t>(number));
  EXPECT_EQ(fire(), expected);
}

TEST(RealEventPorch, SeveralThreadsAreACrowd) {
  PendingEvents book;
  EventPorch porch(book, kMost);
  porch.open();
  std::thread([&] {
    EventAction action = [](auto&) {};
    IncomingEvent event{.due = {false, kStart, {}}, .action = &action};
    bool wake = false;
    EXPECT_TRUE(porch.put(event, wake));
  }).join();
  EXPECT_TRUE(porch.close());
  EXPECT_EQ(book.size(), 1u);
}

TEST_F(EventPorchTest, WhatWasNeverFetchedIsLetGo) {
  auto alive = std::make_shared<int>();
  {
    PendingEvents book;
    EventPorch porch(book, kMost);
    porch.open();
    EventAction action = [alive](auto&) {};
    IncomingEvent event{.due = {false, kStart, {}}, .action = &action};
    bool wake = false;
    ASSERT_TRUE(porch.put(event, wake));
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace masterclock
