#include "masterclock/events/event_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "masterclock/testing/manual_time_source.h"

namespace masterclock::event_scheduler_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ManualTimeSource;

static_assert(std::is_trivially_copyable_v<EventHandle>);

constexpr UtcTime kStart{1'774'746'000s};  // 2026-03-29T01:00:00Z

template <class Event>
std::vector<std::string> ids(const std::vector<Event>& events) {
  std::vector<std::string> out;
  for (const Event& event : events) out.push_back(event.id);
  return out;
}

std::string message(const absl::Status& status) { return std::string(status.message()); }

// A wall clock an hour ahead of UTC, with one gap.
struct HourAhead {
  LocalTime to_local(UtcTime utc) const { return LocalTime(utc.time_since_epoch() + 1h); }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve resolve) const {
    const UtcTime utc(local.time_since_epoch() - 1h);
    if (local != kGap) return utc;
    if (resolve == Resolve::kReject) return absl::FailedPreconditionError("no such reading");
    return resolve == Resolve::kEarlier ? utc - 30min : utc + 30min;
  }
  static constexpr LocalTime kGap{1'774'753'200s};
};

class EventSchedulerTest : public ::testing::Test {
 protected:
  EventHandle at(std::string id, UtcTime due) {
    return scheduler_.schedule({.id = std::move(id), .due = due}).value();
  }
  EventHandle in(std::string id, std::chrono::nanoseconds due_in) {
    return scheduler_.schedule({.id = std::move(id), .due = After{due_in}}).value();
  }
  void expect_balanced() {
    const EventCounters c = scheduler_.counters();
    EXPECT_EQ(c.scheduled, c.fired + c.cancelled + c.pending);
  }

  ManualTimeSource source_{kStart};
  EventScheduler scheduler_{source_};
};

// --- requests ------------------------------------------------------------------------

TEST_F(EventSchedulerTest, ADueTimeIsGivenOnOneOfThreeTimelines) {
  const UtcTime due = kStart + 1s;
  const struct {
    const char* name;
    EventRequest request;
  } cases[] = {
      {"UTC", {.due = due}},
      {"coarser UTC", {.due = std::chrono::time_point_cast<std::chrono::seconds>(due)}},
      {"a delay", {.due = After{1s}}},
      {"steady", {.due = source_.now_steady() + 1s}},
      {"a wall time", {.due = LocalDue{LocalTime(due.time_since_epoch() + 1h), HourAhead{}}}},
  };
  for (const auto& c : cases) {
    EventScheduler scheduler(source_);
    ASSERT_TRUE(scheduler.schedule({.due = c.request.due}).ok()) << c.name;
    EXPECT_EQ(scheduler.next_due(), due) << c.name;
  }
}

TEST_F(EventSchedulerTest, WithoutADueTimeItFiresAtTheNextTrigger) {
  ASSERT_TRUE(scheduler_.schedule({.id = "x"}).ok());
  const auto fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].due, UtcTime());
}

TEST_F(EventSchedulerTest, RefusesANegativeDelay) {
  const auto handle = scheduler_.schedule({.id = "x", .due = After{-1ns}});
  EXPECT_EQ(handle.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(message(handle.status()), HasSubstr("-1 ns"));
  in("now", 0ns);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("now"));
}

TEST_F(EventSchedulerTest, ResolvesLocalTimes) {
  const struct {
    const char* name;
    LocalDue due;
    UtcTime utc;
  } cases[] = {
      {"plain", LocalDue{LocalTime(1'000'000s), HourAhead{}}, UtcTime(996'400s)},
      {"gap, early", LocalDue{HourAhead::kGap, HourAhead{}, Resolve::kEarlier},
       UtcTime(HourAhead::kGap.time_since_epoch() - 90min)},
      {"gap, as most calendars do", LocalDue{HourAhead::kGap, HourAhead{}},
       UtcTime(HourAhead::kGap.time_since_epoch() - 30min)},
  };
  for (const auto& c : cases) {
    const auto handle = scheduler_.schedule({.id = c.name, .due = c.due});
    ASSERT_TRUE(handle.ok()) << c.name;
    const auto found = scheduler_.pending(c.utc, c.utc + 1ns);
    EXPECT_THAT(ids(found), ElementsAre(c.name));
  }
  const auto rejected = scheduler_.schedule(
      {.id = "no", .due = LocalDue{HourAhead::kGap, HourAhead{}, Resolve::kReject}});
  EXPECT_EQ(rejected.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(EventSchedulerTest, APendingIdIsRejectedByDefault) {
  const EventHandle first = at("news", kStart + 1h);
  const auto second = scheduler_.schedule({.id = "news", .due = kStart + 2h});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(message(second.status()), "event 'news' is already pending");
  EXPECT_EQ(scheduler_.next_due(), kStart + 1h);
  EXPECT_TRUE(scheduler_.cancel(first));
  EXPECT_EQ(at("news", kStart + 2h) == first, false) << "the id is free, the handle is not";
}

// Field note: an earlier clock replaced duplicates silently.
TEST_F(EventSchedulerTest, FieldNoteADuplicateIsReplacedOnlyWhenAsked) {
  const EventHandle first = at("news", kStart + 1h);
  const auto second = scheduler_.schedule(
      {.id = "news", .due = kStart + 2h, .type = "b", .on_duplicate = OnDuplicate::kReplace});
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(scheduler_.cancel(first));
  const auto pending = scheduler_.pending(kStart, kStart + 24h);
  ASSERT_THAT(ids(pending), ElementsAre("news"));
  EXPECT_EQ(pending[0].handle, *second);
  EXPECT_EQ(pending[0].type, "b");
  EXPECT_EQ(scheduler_.counters().cancelled, 1u);
  expect_balanced();
}

TEST_F(EventSchedulerTest, KeepReturnsWhatIsPending) {
  const EventHandle first = at("news", kStart + 1h);
  const auto second =
      scheduler_.schedule({.id = "news", .due = kStart + 2h, .on_duplicate = OnDuplicate::kKeep});
  EXPECT_EQ(second.value(), first);
  EXPECT_EQ(scheduler_.next_due(), kStart + 1h);
  EXPECT_EQ(scheduler_.counters().scheduled, 1u);
}

TEST_F(EventSchedulerTest, NamesAreOptional) {
  const EventHandle a = at("", kStart + 1s), b = at("", kStart + 1s);
  EXPECT_NE(a, b);
  EXPECT_FALSE(scheduler_.cancel(""));
  EXPECT_TRUE(scheduler_.cancel(a));
  EXPECT_EQ(scheduler_.counters().pending, 1u);
}

TEST_F(EventSchedulerTest, LongAndShortNamesAreFreeAgainOnceFired) {
  for (const std::string& id : {std::string("x"), std::string(100, 'y')}) {
    for (int round = 0; round < 3; ++round) {
      at(id, kStart);
      EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre(id));
      at(id, kStart + 1h);
      EXPECT_TRUE(scheduler_.cancel(id));
      EXPECT_FALSE(scheduler_.cancel(id));
    }
  }
}

// --- handles ----------------------------------------------------------------------------------

TEST_F(EventSchedulerTest, AHandleIsNeverGivenTwice) {
  EventScheduler other(source_);
  std::vector<EventHandle> handles;
  for (int i = 0; i < 1'000; ++i) {
    handles.push_back(at("", kStart));
    handles.push_back(other.schedule({.due = kStart}).value());
    EXPECT_FALSE(other.cancel(handles[handles.size() - 2])) << "a handle of another scheduler";
    scheduler_.trigger();
    other.trigger();
  }
  for (std::size_t i = 0; i < handles.size(); ++i) {
    for (std::size_t k = i + 1; k < handles.size(); ++k) ASSERT_NE(handles[i], handles[k]);
  }
}

TEST_F(EventSchedulerTest, AStaleOrEmptyHandleIsHarmless) {
  EXPECT_FALSE(EventHandle{});
  EXPECT_FALSE(scheduler_.cancel(EventHandle{}));
  const EventHandle stale = at("a", kStart);
  EXPECT_TRUE(stale);
  scheduler_.trigger();
  const EventHandle fresh = at("b", kStart + 1h);  // in the same slot
  EXPECT_FALSE(scheduler_.cancel(stale));
  EXPECT_EQ(scheduler_.reschedule(stale, kStart).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(scheduler_.cancel(fresh));
}

// --- order and ranges -------------------------------------------------------------------------

// Field note: an earlier clock returned due events in the order of insertion.
TEST_F(EventSchedulerTest, FieldNoteOrderIsDueTimeThenScheduling) {
  at("c", kStart + 3s);
  at("a", kStart + 1s);
  in("a2", 1s);
  at("a3", kStart + 1s);
  at("b", kStart + 2s);
  const std::vector<std::string> order = {"a", "a2", "a3", "b", "c"};
  EXPECT_EQ(ids(scheduler_.pending(kStart, kStart + 1h)), order);
  source_.advance(10s);
  EXPECT_EQ(ids(scheduler_.trigger()), order);
}

// Field note: its upper bound was inclusive, against its own test.
TEST_F(EventSchedulerTest, FieldNoteRangesAreHalfOpen) {
  at("from", kStart);
  at("last", kStart + 1s - 1ns);
  at("until", kStart + 1s);
  in("steady until", 1s);
  EXPECT_THAT(ids(scheduler_.pending(kStart, kStart + 1s)), ElementsAre("from", "last"));
  EXPECT_THAT(scheduler_.pending(kStart + 1s, kStart + 1s), IsEmpty());
  EXPECT_EQ(scheduler_.cancel_between(kStart, kStart + 1s), 2u);
  EXPECT_THAT(ids(scheduler_.pending(UtcTime::min(), UtcTime::max())),
              ElementsAre("until", "steady until"));
  EXPECT_EQ(scheduler_.counters().cancelled, 2u);
  expect_balanced();
}

TEST_F(EventSchedulerTest, DescribesWhatIsPendingAndWhatFired) {
  const auto handle = scheduler_.schedule(
      {.id = "news", .due = kStart + 1s, .type = "programme", .payload = "{\"channel\":1}"});
  const auto pending = scheduler_.pending(kStart, kStart + 1h);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].handle, *handle);
  EXPECT_EQ(pending[0].type, "programme");
  EXPECT_EQ(pending[0].payload, "{\"channel\":1}");
  EXPECT_EQ(pending[0].due, kStart + 1s);
  source_.advance(3s);
  const auto fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].id, "news");
  EXPECT_EQ(fired[0].type, "programme");
  EXPECT_EQ(fired[0].payload, "{\"channel\":1}");
  EXPECT_EQ(fired[0].due, kStart + 1s);
  EXPECT_EQ(fired[0].fired, kStart + 3s);
  EXPECT_EQ(fired[0].lateness, 2s);
}

TEST_F(EventSchedulerTest, NeverFiresEarly) {
  at("utc", kStart + 1s);
  in("steady", 1s);
  source_.advance(1s - 1ns);
  EXPECT_THAT(scheduler_.trigger(), IsEmpty());
  EXPECT_EQ(scheduler_.until_next(), 1ns);
  source_.advance(1ns);
  EXPECT_EQ(scheduler_.until_next(), 0ns);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("utc", "steady"));
  EXPECT_EQ(scheduler_.next_due(), std::nullopt);
  EXPECT_EQ(scheduler_.until_next(), std::nullopt);
}

TEST_F(EventSchedulerTest, ADueInThePastFiresAtTheNextTriggerWithItsLateness) {
  at("long ago", kStart - 24h);
  const auto fired = scheduler_.trigger();
  ASSERT_THAT(ids(fired), ElementsAre("long ago"));
  EXPECT_EQ(fired[0].lateness, 24h);
  EXPECT_EQ(scheduler_.counters().late, 1u);
}

TEST_F(EventSchedulerTest, TheEndsOfTimeAreOrdinaryDueTimes) {
  at("first", UtcTime::min());
  at("never", UtcTime::max());
  in("nor this", std::chrono::nanoseconds::max());
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("first"));
  EXPECT_EQ(scheduler_.counters().pending, 2u);
  EXPECT_TRUE(scheduler_.cancel("never"));
  EXPECT_TRUE(scheduler_.cancel("nor this"));
}

// --- reschedule -------------------------------------------------------------------------------

TEST_F(EventSchedulerTest, ReschedulesByHandleAndById) {
  const EventHandle a = at("a", kStart + 1s);
  at("b", kStart + 2s);
  EXPECT_TRUE(scheduler_.reschedule(a, kStart + 3s).ok());
  EXPECT_TRUE(scheduler_.reschedule("b", kStart + 4s).ok());
  EXPECT_EQ(scheduler_.next_due(), kStart + 3s);
  EXPECT_EQ(scheduler_.reschedule("c", kStart).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(message(scheduler_.reschedule("c", kStart)), HasSubstr("'c'"));
  source_.advance(10s);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("a", "b"));
}

TEST_F(EventSchedulerTest, ARescheduledEventKeepsItsPlaceAmongEquals) {
  at("a", kStart + 9s);
  at("b", kStart + 1s);
  EXPECT_TRUE(scheduler_.reschedule("a", kStart + 1s).ok());
  source_.advance(10s);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("a", "b"));
}

TEST_F(EventSchedulerTest, ReschedulingPutsADueInEventOnUtc) {
  in("count", 10s);
  EXPECT_TRUE(scheduler_.reschedule("count", kStart + 20s).ok());
  source_.step_utc(20s);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("count"));
}

// --- the clock is stepped ---------------------------------------------------------------------

TEST_F(EventSchedulerTest, FieldNoteSetBackAnHour) {
  at("utc", kStart + 10s);
  in("steady", 10s);
  source_.step_utc(-1h);
  EXPECT_EQ(scheduler_.pending(kStart - 1h, kStart)[0].due, kStart - 1h + 10s)
      << "what is steady shows where UTC will be by today's clock";
  source_.advance(10s);
  const auto fired = scheduler_.trigger();
  ASSERT_THAT(ids(fired), ElementsAre("steady"));
  EXPECT_EQ(fired[0].lateness, 0ns);
  EXPECT_EQ(fired[0].due, fired[0].fired);
  source_.advance(1h - 1ns);
  EXPECT_THAT(scheduler_.trigger(), IsEmpty()) << "neither early nor twice";
  source_.advance(1ns);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("utc"));
}

TEST_F(EventSchedulerTest, FieldNoteSetBackAfterFiringFiresNothingTwice) {
  at("a", kStart + 1s);
  source_.advance(1s);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("a"));
  source_.step_utc(-1h);
  source_.advance(2h);
  EXPECT_THAT(scheduler_.trigger(), IsEmpty());
}

TEST_F(EventSchedulerTest, FieldNoteSetForwardAYear) {
  at("tomorrow", kStart + 24h);
  at("next year", kStart + 366 * 24h);
  in("in a minute", 1min);
  source_.step_utc(365 * 24h);
  const auto fired = scheduler_.trigger();
  ASSERT_THAT(ids(fired), ElementsAre("tomorrow"));
  EXPECT_EQ(fired[0].lateness, 364 * 24h);
  source_.advance(1min);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("in a minute"));
}

TEST_F(EventSchedulerTest, FieldNoteSuspendedForANight) {
  at("midnight", kStart + 2h);
  in("countdown", 30min);
  source_.suspend(8h);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("midnight"));
  source_.advance(30min);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("countdown"));
}

// Field note: a scheduler that stops, or runs twice, at midnight.
TEST_F(EventSchedulerTest, FieldNoteAcrossMidnightAndALeapSecond) {
  const UtcTime midnight = std::chrono::ceil<std::chrono::days>(kStart);
  at("23:59:59.999", midnight - 1ms);
  at("00:00:00", midnight);
  at("00:00:00.336", midnight + 336ms);
  source_.set_utc(midnight - 1s);
  EXPECT_THAT(scheduler_.trigger(), IsEmpty());
  source_.advance(1s);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("23:59:59.999", "00:00:00"));
  source_.insert_leap_second();  // 23:59:59 comes once more
  EXPECT_THAT(scheduler_.trigger(), IsEmpty());
  source_.advance(1s + 336ms);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("00:00:00.336"));
}

// --- actions ----------------------------------------------------------------------------------

TEST_F(EventSchedulerTest, AnActionIsHandedItsEventAndRunsOnce) {
  std::vector<FiredEvent> seen;
  ASSERT_TRUE(scheduler_
                  .schedule({.id = "a",
                             .due = kStart + 1s,
                             .payload = "p",
                             .action = [&](const FiredEvent& event) { seen.push_back(event); }})
                  .ok());
  source_.advance(2s);
  scheduler_.trigger();
  scheduler_.trigger();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].payload, "p");
  EXPECT_EQ(seen[0].lateness, 1s);
}

TEST_F(EventSchedulerTest, FieldNoteAnExceptionInTheMiddleStopsNoOther) {
  std::vector<std::string> failures;
  SchedulerOptions options;
  options.on_failed = [&](const FiredEvent& event, std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      failures.push_back(event.id + ": " + e.what());
    }
  };
  EventScheduler scheduler(source_, options);
  std::vector<std::string> ran;
  for (const char* id : {"a", "b", "c"}) {
    const auto handle =
        scheduler.schedule({.id = id, .due = kStart, .action = [&](const FiredEvent& event) {
                              if (event.id == "b") throw std::runtime_error("no such clip");
                              ran.push_back(event.id);
                            }});
    ASSERT_TRUE(handle.ok());
  }
  EXPECT_THAT(ids(scheduler.trigger()), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ran, ElementsAre("a", "c"));
  EXPECT_THAT(failures, ElementsAre("b: no such clip"));
  EXPECT_EQ(scheduler.counters().failed, 1u);
  EXPECT_EQ(scheduler.counters().fired, 3u);
}

TEST_F(EventSchedulerTest, AnActionMayCancelWhatIsDueWithIt) {
  const EventHandle victim = at("victim", kStart + 2s);
  bool cancelled = false;
  ASSERT_TRUE(scheduler_
                  .schedule({.due = kStart + 1s,
                             .action = [&](auto&) { cancelled = scheduler_.cancel(victim); }})
                  .ok());
  source_.advance(1h);
  EXPECT_EQ(scheduler_.trigger().size(), 1u);
  EXPECT_TRUE(cancelled);
  expect_balanced();
}

TEST_F(EventSchedulerTest, AnActionIsNoLongerPendingItself) {
  bool cancelled = true, again = false;
  ASSERT_TRUE(scheduler_
                  .schedule({.id = "a",
                             .due = kStart,
                             .action =
                                 [&](auto&) {
                                   cancelled = scheduler_.cancel("a");
                                   again =
                                       scheduler_.schedule({.id = "a", .due = kStart + 1h}).ok();
                                 }})
                  .ok());
  scheduler_.trigger();
  EXPECT_FALSE(cancelled);
  EXPECT_TRUE(again);
  EXPECT_EQ(scheduler_.next_due(), kStart + 1h);
}

// A chain of events catches up with a jump in one trigger, in step with the other events.
TEST_F(EventSchedulerTest, WhatAnActionSchedulesForLaterFiresInItsPlace) {
  int links = 0;
  std::function<void(const FiredEvent&)> next = [&](const FiredEvent& event) {
    ++links;
    ASSERT_TRUE(scheduler_.schedule({.id = "link", .due = event.due + 10min, .action = next}).ok());
  };
  ASSERT_TRUE(scheduler_.schedule({.id = "link", .due = kStart, .action = next}).ok());
  at("between", kStart + 15min);
  at("last", kStart + 35min);
  source_.advance(35min);
  EXPECT_THAT(ids(scheduler_.trigger()),
              ElementsAre("link", "link", "between", "link", "link", "last"));
  EXPECT_EQ(links, 4);
  EXPECT_EQ(scheduler_.next_due(), kStart + 40min);
}

TEST_F(EventSchedulerTest, WhatSchedulesItselfForNowWaitsForTheNextTrigger) {
  source_.advance(1h);
  const struct {
    const char* name;
    std::function<EventRequest()> again;
    std::vector<std::string> first;  // fired by the first trigger, an hour late
  } cases[] = {
      {"due now",
       [&] { return EventRequest{.due = source_.now_utc()}; },
       {"self", "other", "third", "self"}},
      {"due in 0",
       [&] { return EventRequest{.due = After{0ns}}; },
       {"self", "other", "third", "self"}},
      {"due in the past", [&] { return EventRequest{.due = kStart}; }, {"self", "other", "third"}},
      {"due long ago",
       [&] { return EventRequest{.due = kStart - 1h}; },
       {"self", "other", "third"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EventScheduler scheduler(source_);
    std::function<void(const FiredEvent&)> action = [&](const FiredEvent&) {
      EventRequest request = c.again();
      request.id = "self";
      request.action = action;
      ASSERT_TRUE(scheduler.schedule(std::move(request)).ok());
    };
    ASSERT_TRUE(scheduler.schedule({.id = "self", .due = kStart, .action = action}).ok());
    ASSERT_TRUE(scheduler.schedule({.id = "other", .due = kStart + 1h}).ok());
    ASSERT_TRUE(scheduler.schedule({.id = "third", .due = After{0ns}}).ok());
    EXPECT_EQ(ids(scheduler.trigger()), c.first) << "no event is held up";
    EXPECT_THAT(ids(scheduler.trigger()), ElementsAre("self"));
    EXPECT_THAT(ids(scheduler.trigger()), ElementsAre("self"));
  }
}

TEST_F(EventSchedulerTest, WhatSchedulesItselfForTheBeginningOfTimeDoesNotLoop) {
  int ran = 0;
  std::function<void(const FiredEvent&)> again = [&](const FiredEvent&) {
    if (++ran < 100) (void)scheduler_.schedule({.due = UtcTime::min(), .action = again});
  };
  (void)scheduler_.schedule({.due = UtcTime::min(), .action = again});
  EXPECT_EQ(scheduler_.trigger().size(), 1u);
  EXPECT_EQ(scheduler_.trigger().size(), 1u);
}

TEST_F(EventSchedulerTest, AnActionMayTrigger) {
  std::vector<std::string> inner;
  ASSERT_TRUE(scheduler_
                  .schedule({.id = "outer",
                             .due = kStart,
                             .action = [&](auto&) { inner = ids(scheduler_.trigger()); }})
                  .ok());
  at("a", kStart);
  at("b", kStart);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("outer"));
  EXPECT_THAT(inner, ElementsAre("a", "b"));
}

TEST_F(EventSchedulerTest, WhatTheInnerTriggerHasPassedIsLeftToTheOuter) {
  std::vector<std::string> inner;
  const auto trigger = [&](auto&) { inner = ids(scheduler_.trigger()); };
  const auto look_back = [&](const FiredEvent& event) { at("late", event.due - 5s); };
  ASSERT_TRUE(scheduler_.schedule({.id = "outer", .due = kStart, .action = trigger}).ok());
  ASSERT_TRUE(scheduler_.schedule({.id = "a", .due = kStart + 10s, .action = look_back}).ok());
  at("b", kStart + 20s);
  source_.advance(30s);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("outer", "late"));
  EXPECT_THAT(inner, ElementsAre("a", "b"));
}

// An event that a sweep has passed is put aside, and is pending.
TEST_F(EventSchedulerTest, WhatASweepHasPassedIsStillPending) {
  EventHandle late, cancelled, moved;
  std::vector<std::string> listed;
  std::optional<UtcTime> next;
  (void)scheduler_.schedule({.id = "first", .due = kStart + 10s, .action = [&](auto&) {
                               late = at("late", kStart + 1s);
                               cancelled = at("cancelled", kStart + 2s);
                               moved = at("moved", kStart + 3s);
                             }});
  at("second", kStart + 20s);
  (void)scheduler_.schedule({.id = "third", .due = kStart + 30s, .action = [&](auto&) {
                               EXPECT_EQ(scheduler_.counters().pending, 4u);
                               EXPECT_TRUE(scheduler_.cancel(cancelled));
                               EXPECT_FALSE(scheduler_.cancel(cancelled));
                               EXPECT_TRUE(scheduler_.reschedule(moved, kStart + 35s).ok());
                             }});
  (void)scheduler_.schedule({.id = "fourth", .due = kStart + 40s, .action = [&](auto&) {
                               listed = ids(scheduler_.pending(kStart, kStart + 1h));
                               next = scheduler_.next_due();
                             }});
  source_.advance(50s);
  EXPECT_THAT(ids(scheduler_.trigger()),
              ElementsAre("first", "second", "third", "moved", "fourth"));
  EXPECT_THAT(listed, ElementsAre("late"));
  EXPECT_EQ(next, kStart + 1s);
  EXPECT_EQ(scheduler_.counters().pending, 1u);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("late"));
  EXPECT_FALSE(scheduler_.cancel(late));
  expect_balanced();
}

// A sweep inside an action fires the events that the outer sweep has passed.
TEST_F(EventSchedulerTest, AnActionThatTriggersFiresWhatWasPassed) {
  std::vector<std::string> within;
  (void)scheduler_.schedule(
      {.id = "first", .due = kStart + 10s, .action = [&](auto&) { at("late", kStart + 1s); }});
  at("second", kStart + 20s);
  (void)scheduler_.schedule({.id = "third", .due = kStart + 30s, .action = [&](auto&) {
                               at("later", kStart + 2s);
                               within = ids(scheduler_.trigger());
                             }});
  at("fourth", kStart + 40s);
  source_.advance(50s);
  EXPECT_THAT(ids(scheduler_.trigger()), ElementsAre("first", "second", "third"));
  EXPECT_THAT(within, ElementsAre("late", "later", "fourth"));
  expect_balanced();
}

TEST_F(EventSchedulerTest, AStopIsHeardBetweenTwoEvents) {
  std::stop_source stop;
  ASSERT_TRUE(
      scheduler_.schedule({.id = "a", .due = kStart, .action = [&](auto&) { stop.request_stop(); }})
          .ok());
  at("b", kStart);
  EXPECT_THAT(ids(scheduler_.trigger(stop.get_token())), ElementsAre("a"));
  EXPECT_EQ(scheduler_.run_due(stop.get_token()), 0u);
  EXPECT_EQ(scheduler_.run_due(), 1u);
}

// Reads the scheduler when it is destroyed.
struct LastLook {
  LastLook(EventScheduler& s, std::uint64_t& p) : scheduler(s), pending(p) {}
  LastLook(const LastLook&) = delete;
  LastLook& operator=(const LastLook&) = delete;
  ~LastLook() { pending = scheduler.counters().pending; }
  EventScheduler& scheduler;
  std::uint64_t& pending;
};

// The scheduler destroys an action without its lock, so a destructor may call the scheduler.
TEST_F(EventSchedulerTest, ADestroyedActionMayCallTheScheduler) {
  std::uint64_t pending = 99;
  const auto add = [&](std::string id, OnDuplicate on_duplicate) {
    return scheduler_.schedule(
        {.id = std::move(id),
         .due = kStart,
         .action = [held = std::make_shared<LastLook>(scheduler_, pending)](auto&) {},
         .on_duplicate = on_duplicate});
  };
  ASSERT_TRUE(add("a", OnDuplicate::kReject).ok());
  ASSERT_TRUE(add("a", OnDuplicate::kReplace).ok());
  EXPECT_EQ(pending, 1u);
  ASSERT_FALSE(add("a", OnDuplicate::kReject).ok());
  ASSERT_TRUE(add("a", OnDuplicate::kKeep).ok());
  EXPECT_TRUE(scheduler_.cancel("a"));
  EXPECT_EQ(pending, 0u);
  ASSERT_TRUE(add("a", OnDuplicate::kReject).ok());
  EXPECT_EQ(scheduler_.cancel_between(kStart, kStart + 1s), 1u);
  ASSERT_TRUE(add("a", OnDuplicate::kReject).ok());
  EXPECT_EQ(scheduler_.run_due(), 1u);
  EXPECT_EQ(pending, 0u);
}

// --- a due time and an action only -------------------------------------------------

TEST_F(EventSchedulerTest, ADueTimeAndAnActionAreEnough) {
  std::vector<std::string> log;
  const auto noting = [&](std::string what) {
    return [&log, what](const FiredEvent& event) {
      log.push_back(what);
      EXPECT_TRUE(event.id.empty() && event.type.empty() && event.payload.empty());
    };
  };
  ASSERT_TRUE(scheduler_.schedule(kStart + 2s, noting("second")).ok());
  ASSERT_TRUE(scheduler_.schedule({.due = kStart + 2s, .action = noting("third")}).ok());
  ASSERT_TRUE(scheduler_.schedule(kStart + 1s, noting("first")).ok());
  ASSERT_TRUE(scheduler_.schedule(kStart + 2s, nullptr).ok()) << "nor is the action";
  const EventHandle gone = scheduler_.schedule(kStart + 1s, noting("cancelled")).value();
  const EventHandle moved = scheduler_.schedule(kStart + 1s, noting("moved")).value();
  EXPECT_TRUE(scheduler_.cancel(gone));
  EXPECT_TRUE(scheduler_.reschedule(moved, kStart + 3s).ok());
  source_.advance(4s);
  const auto fired = scheduler_.trigger();
  EXPECT_THAT(log, ElementsAre("first", "second", "third", "moved"));
  ASSERT_EQ(fired.size(), 5u);
  EXPECT_EQ(fired[0].due, kStart + 1s);
  EXPECT_EQ(fired[0].lateness, 3s);
  expect_balanced();
}

TEST_F(EventSchedulerTest, ADueTimeAndAnActionMeetTheBoundAndTheHook) {
  std::vector<UtcTime> announced;
  SchedulerOptions options;
  options.max_pending = 1;
  options.on_scheduled = [&](const ScheduledEvent& event) { announced.push_back(event.due); };
  EventScheduler scheduler(source_, options);
  ASSERT_TRUE(scheduler.schedule(kStart, [](auto&) {}).ok());
  EXPECT_EQ(scheduler.schedule(kStart, [](auto&) {}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(announced, ElementsAre(kStart));
  EXPECT_EQ(scheduler.run_due(), 1u);
  EXPECT_TRUE(scheduler.schedule(kStart, [](auto&) {}).ok());
}

// --- hooks and counters -----------------------------------------------------------------------

TEST_F(EventSchedulerTest, HooksAreCalledInTheOrderOfTheStory) {
  std::vector<std::string> log;
  EventScheduler* self = nullptr;
  SchedulerOptions options;
  options.late_after = 1s;
  options.on_scheduled = [&](const ScheduledEvent& event) {
    log.push_back("scheduled " + event.id);
    EXPECT_EQ(event.due, kStart + 1s);
    EXPECT_GT(self->counters().pending, 0u) << "no lock is held";
  };
  options.on_late = [&](const FiredEvent& event) { log.push_back("late " + event.id); };
  options.on_failed = [&](const FiredEvent& event, std::exception_ptr) {
    log.push_back("failed " + event.id);
    throw std::runtime_error("the log is full");
  };
  options.on_fired = [&](const FiredEvent& event) {
    log.push_back("fired " + event.id);
    throw std::runtime_error("the log is full");
  };
  EventScheduler scheduler(source_, options);
  self = &scheduler;
  ASSERT_TRUE(scheduler.schedule({.id = "a", .due = After{1s}}).ok());
  source_.advance(2s);
  scheduler.trigger();
  source_.step_utc(-2s);
  ASSERT_TRUE(scheduler
                  .schedule({.id = "b",
                             .due = kStart + 1s,
                             .action =
                                 [&](auto&) {
                                   log.push_back("runs b");
                                   throw 1;
                                 }})
                  .ok());
  source_.advance(3s);
  scheduler.trigger();
  EXPECT_THAT(log, ElementsAre("scheduled a", "fired a", "scheduled b", "late b", "runs b",
                               "failed b", "fired b"))
      << "a was 1 s late, which is not more than allowed";
  const EventCounters c = scheduler.counters();
  EXPECT_EQ(c.scheduled, 2u);
  EXPECT_EQ(c.fired, 2u);
  EXPECT_EQ(c.late, 1u);
  EXPECT_EQ(c.failed, 1u);
  EXPECT_EQ(c.pending, 0u);
}

TEST_F(EventSchedulerTest, ThousandsAtOneInstantFireInTheOrderOfScheduling) {
  constexpr int kMany = 20'000;
  for (int i = 0; i < kMany; ++i) at(std::to_string(i), kStart + 1s);
  source_.advance(1s);
  const auto fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), static_cast<std::size_t>(kMany));
  for (int i = 0; i < kMany; ++i)
    ASSERT_EQ(fired[static_cast<std::size_t>(i)].id, std::to_string(i));
}

// Events without texts fire without the lock between them, unless an action calls a member.
class PlainEventsTest : public ::testing::Test {
 protected:
  PlainEventsTest() {
    for (int i = 0; i < kMany; ++i) handles_.push_back(plain(i, i));
    source_.advance(1s);
  }
  // Schedules an event that adds `number` to the log and then calls react_[number], if any.
  EventHandle plain(int number, std::int64_t due_in_ms) {
    const UtcTime due = kStart + std::chrono::milliseconds(due_in_ms);
    return scheduler_
        .schedule(due,
                  [this, number](const FiredEvent&) {
                    log_.push_back(number);
                    if (const auto react = react_.find(number); react != react_.end()) {
                      react->second();
                    }
                  })
        .value();
  }
  EventHandle handle(int number) const { return handles_[static_cast<std::size_t>(number)]; }
  static std::vector<int> numbers(int begin, int end) {
    std::vector<int> all(static_cast<std::size_t>(end - begin));
    std::iota(all.begin(), all.end(), begin);
    return all;
  }

  static constexpr int kMany = 100;
  ManualTimeSource source_{kStart};
  EventScheduler scheduler_{source_, {.late_after = 500ms}};
  std::vector<EventHandle> handles_;
  std::map<int, std::function<void()>> react_;
  std::vector<int> log_;
};

TEST_F(PlainEventsTest, AnActionSeesItsOwnEventAsFiredAndTheNextAsPending) {
  for (int i = 0; i < kMany; i += 7) {
    react_[i] = [this, i] {
      const auto fired = static_cast<std::uint64_t>(i) + 1;
      const EventCounters c = scheduler_.counters();
      EXPECT_EQ(c.fired, fired);
      EXPECT_EQ(c.pending, kMany - fired);
      EXPECT_EQ(c.late, fired) << "all are more than 900 ms late";
      EXPECT_FALSE(scheduler_.cancel(handle(i)));
      EXPECT_EQ(scheduler_.next_due(), kStart + std::chrono::milliseconds(i + 1));
    };
  }
  react_.erase(99);
  EXPECT_EQ(scheduler_.run_due(), 100u);
  EXPECT_EQ(log_, numbers(0, kMany));
}

TEST_F(PlainEventsTest, AnActionChangesTheNextEventsOfItsTrigger) {
  react_[40] = [this] {
    EXPECT_TRUE(scheduler_.cancel(handle(41)));
    EXPECT_TRUE(scheduler_.reschedule(handle(42), kStart + 44ms).ok());  // before 44, by its serial
    plain(1000, 45);                                                     // after 45
    plain(1001, 40);                                                     // at the position: waits
  };
  EXPECT_EQ(scheduler_.trigger().size(), 100u);
  std::vector<int> expected = numbers(0, 41);
  for (const int number : {43, 42, 44, 45, 1000}) expected.push_back(number);
  for (const int number : numbers(46, kMany)) expected.push_back(number);
  EXPECT_EQ(log_, expected);
  EXPECT_EQ(scheduler_.run_due(), 1u);
  EXPECT_EQ(log_.back(), 1001);
}

TEST_F(PlainEventsTest, AnActionTriggers) {
  react_[50] = [this] { EXPECT_EQ(scheduler_.run_due(), 49u); };
  EXPECT_EQ(scheduler_.run_due(), 51u);
  EXPECT_EQ(log_, numbers(0, kMany));
  EXPECT_EQ(scheduler_.counters().fired, 100u);
}

TEST_F(PlainEventsTest, AStopLeavesTheRestPending) {
  struct {
    const std::vector<int>* log;
    bool stop_requested() const { return log->size() == 45; }
  } const stop{&log_};
  EXPECT_EQ(scheduler_.run_due(stop), 45u);
  EXPECT_EQ(scheduler_.counters().pending, 55u);
  EXPECT_EQ(scheduler_.next_due(), kStart + 45ms);
  log_.clear();
  EXPECT_EQ(scheduler_.run_due(), 55u);
  EXPECT_EQ(log_, numbers(45, kMany));
}

}  // namespace
}  // namespace masterclock::event_scheduler_test
