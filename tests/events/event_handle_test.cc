#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/hash/hash_testing.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/events/io.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::event_handle_test {
namespace {

using namespace std::chrono_literals;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};

static_assert(std::is_trivially_copyable_v<EventHandle> && sizeof(EventHandle) == 8);
static_assert(!std::is_copy_constructible_v<ScopedEvent> &&
              std::is_nothrow_move_constructible_v<ScopedEvent> &&
              std::is_nothrow_move_assignable_v<ScopedEvent>);
static_assert(!EventHandle() && EventHandle() == EventHandle::from_uint64(0));

class EventHandleTest : public ::testing::Test {
 protected:
  EventHandle add(std::string id = "") {
    return scheduler_.schedule({.id = std::move(id), .due = kStart + 1h}).value();
  }
  ManualTimeSource source_{kStart};
  EventScheduler scheduler_{source_};
};

TEST_F(EventHandleTest, IsANumberAndAKey) {
  const EventHandle handle = add();
  EXPECT_EQ(EventHandle::from_uint64(handle.to_uint64()), handle);
  EXPECT_EQ(std::set({handle, EventHandle(), handle}).size(), 2u);
  EXPECT_EQ((std::unordered_set<EventHandle>{handle, EventHandle(), handle}).size(), 2u);
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({handle, EventHandle(), add()}));
  std::ostringstream stream;
  stream << handle;
  EXPECT_EQ(stream.str(), std::to_string(handle.to_uint64()));
  EXPECT_EQ(to_string(handle), stream.str());
  EXPECT_EQ(::testing::PrintToString(OnMisfire::kRunLast), "run-last");
  EXPECT_EQ(to_string(OnDuplicate::kKeep), "keep");
  EXPECT_TRUE(scheduler_.cancel(EventHandle::from_uint64(handle.to_uint64())));
}

// More uses of one slot than a range of generations has, in several schedulers at once.
TEST_F(EventHandleTest, NoSchedulerGivesOneTwice) {
  std::set<EventHandle> seen;
  std::size_t given = 0;
  for (int round = 0; round < 3; ++round) {
    EventScheduler one(source_), other(source_);
    for (int i = 0; i < 1'000; ++i) {
      for (EventScheduler* const scheduler : {&one, &other}) {
        const EventHandle handle = scheduler->schedule({.due = kStart + 1h}).value();
        seen.insert(handle);
        ++given;
        if (i % 4 != 0) {
          EXPECT_TRUE(scheduler->cancel(handle));
        }
        EXPECT_FALSE((scheduler == &one ? other : one).cancel(handle)) << "it is not its own";
      }
    }
  }
  EXPECT_EQ(seen.size(), given);
}

TEST_F(EventHandleTest, AStaleOrInventedOneIsHarmless) {
  std::vector<EventHandle> stale;
  for (int i = 0; i < 100; ++i) {
    stale.push_back(add());
    EXPECT_TRUE(scheduler_.cancel(stale.back()));
  }
  const EventHandle pending = add();
  for (const EventHandle handle : stale) {
    EXPECT_FALSE(scheduler_.cancel(handle));
    EXPECT_TRUE(absl::IsNotFound(scheduler_.reschedule(handle, kStart)));
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t number =
        i % 2 == 0 ? random() : pending.to_uint64() ^ 1ULL << random() % 64;
    if (number == pending.to_uint64()) continue;
    EXPECT_FALSE(scheduler_.cancel(EventHandle::from_uint64(number))) << number;
  }
  EXPECT_EQ(scheduler_.counters().pending, 1u);
}

TEST_F(EventHandleTest, AScopedEventCancelsWhatItOwns) {
  {
    const ScopedEvent owner = scheduler_.schedule_scoped({.due = kStart + 1h}).value();
    EXPECT_EQ(scheduler_.counters().pending, 1u);
    EXPECT_TRUE(owner.handle());
  }
  EXPECT_EQ(scheduler_.counters().cancelled, 1u);

  ScopedEvent first = scheduler_.schedule_scoped({.id = "first", .due = kStart + 1h}).value();
  ScopedEvent second = scheduler_.schedule_scoped({.id = "second", .due = kStart + 1h}).value();
  first = std::move(second);
  EXPECT_FALSE(scheduler_.cancel("first")) << "overwritten";
  EXPECT_FALSE(second.cancel()) << "moved from";
  EXPECT_EQ(scheduler_.counters().pending, 1u);
  const EventHandle handle = first.release();
  EXPECT_FALSE(first.handle());
  first = ScopedEvent();
  EXPECT_TRUE(scheduler_.cancel(handle)) << "released, it stays pending";

  ScopedEvent fired = scheduler_.schedule_scoped({.due = kStart}).value();
  EXPECT_EQ(scheduler_.run_due(), 1u);
  EXPECT_FALSE(fired.cancel());
  EXPECT_TRUE(absl::IsInvalidArgument(scheduler_.schedule_scoped({.due = After{-1ns}}).status()));
}

// By handle, by id, by range and by its owner.
TEST_F(EventHandleTest, ARepeatingEventThatCancelsItselfDoesNotOccurAgain) {
  for (const std::string how : {"handle", "id", "range", "owner", "replace"}) {
    SCOPED_TRACE(how);
    EventScheduler scheduler(source_);
    ScopedEvent owner;
    int ran = 0;
    EventHandle handle;
    const auto action = [&](const FiredEvent&) {
      ++ran;
      if (how == "handle") {
        EXPECT_TRUE(scheduler.cancel(handle));
      }
      if (how == "id") {
        EXPECT_TRUE(scheduler.cancel("tick"));
      }
      if (how == "range") {
        EXPECT_EQ(scheduler.cancel_between(UtcTime::min(), UtcTime::max()), 1u);
      }
      if (how == "owner") owner = ScopedEvent();
      if (how == "replace") {
        EXPECT_TRUE(
            scheduler
                .schedule(
                    {.id = "tick", .due = kStart + 24h, .on_duplicate = OnDuplicate::kReplace})
                .ok());
        EXPECT_TRUE(scheduler.cancel("tick"));
      }
      EXPECT_FALSE(scheduler.cancel(handle));
      EXPECT_EQ(scheduler.counters().pending, 0u);
    };
    handle = scheduler
                 .schedule({.id = "tick",
                            .due = source_.now_utc(),
                            .repeat = Every{1s},
                            .on_misfire = OnMisfire::kRunAll,
                            .action = action})
                 .value();
    owner = ScopedEvent(scheduler, handle);
    source_.advance(10s);
    EXPECT_EQ(scheduler.run_due(), 1u);
    EXPECT_EQ(scheduler.run_due(), 0u);
    EXPECT_EQ(ran, 1);
    const EventCounters c = scheduler.counters();
    EXPECT_EQ(c.scheduled + c.repeated, c.fired + c.dropped + c.cancelled + c.pending);
    owner.release();
  }
}

TEST_F(EventHandleTest, AttachedCallbacksHearOfAnEarlierEvent) {
  int heard = 0;
  EventSubscription attached = scheduler_.attach([&] {
    ++heard;
    throw 1;  // ignored
  });
  (void)scheduler_.schedule({.id = "a", .due = kStart + 2h});
  EXPECT_EQ(heard, 1) << "the first one";
  (void)scheduler_.schedule({.id = "b", .due = kStart + 3h});
  EXPECT_EQ(heard, 1) << "a later one";
  (void)scheduler_.reschedule("b", kStart + 1h);
  EXPECT_EQ(heard, 2);
  (void)scheduler_.schedule_all({});
  EXPECT_EQ(heard, 2);
  (void)scheduler_.schedule({.due = After{1min}});
  EXPECT_EQ(heard, 3) << "the first on the steady timeline";
  EventSubscription moved = std::move(attached);
  attached.reset();
  (void)scheduler_.schedule({.due = kStart});
  EXPECT_EQ(heard, 4);
  moved.reset();
  (void)scheduler_.schedule({.due = kStart - 1s});
  EXPECT_EQ(heard, 4);
}

TEST_F(EventHandleTest, AnAttachmentMayOutliveTheScheduler) {
  EventSubscription attached;
  {
    EventScheduler scheduler(source_);
    attached = scheduler.attach([] {});
  }
  attached.reset();
}

}  // namespace
}  // namespace masterclock::event_handle_test
