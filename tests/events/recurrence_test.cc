#include "masterclock/events/internal/recurrence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::recurrence_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};  // 2026-03-29T01:00:00Z
constexpr UtcTime kChange = kStart;        // when clocks in Europe go forward

// Dublin in the spring of 2026, as far as these tests look: UTC, and an hour ahead from kChange on.
struct Spring {
  LocalTime to_local(UtcTime utc) const {
    return LocalTime(utc.time_since_epoch() + (utc < kChange ? 0h : 1h));
  }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve resolve) const {
    const UtcTime early(local.time_since_epoch() - 1h), late(local.time_since_epoch());
    if (late < kChange) return late;
    if (early >= kChange) return early;
    if (resolve == Resolve::kReject) return absl::FailedPreconditionError("a gap");
    if (resolve == Resolve::kSnap) return kChange;
    return resolve == Resolve::kEarlier ? early : late;
  }
};

class RecurrenceTest : public ::testing::Test {
 protected:
  EventHandle add(EventRequest request) { return scheduler_.schedule(std::move(request)).value(); }
  // When each fires, since kStart.
  std::vector<std::chrono::nanoseconds> trigger() {
    std::vector<std::chrono::nanoseconds> dues;
    missed_ = 0;
    for (const FiredEvent& event : scheduler_.trigger()) {
      dues.push_back(event.due - kStart);
      missed_ += event.missed;
    }
    const EventCounters c = scheduler_.counters();
    EXPECT_EQ(c.scheduled + c.repeated, c.fired + c.dropped + c.cancelled + c.pending);
    return dues;
  }

  ManualTimeSource source_{kStart};
  EventScheduler scheduler_{source_};
  std::int64_t missed_ = 0;
};

TEST_F(RecurrenceTest, EveryFrameOnTheSteadyClockWithoutDrift) {
  int ran = 0;
  const EventHandle handle = add({.id = "frame",
                                  .due_in = 40ms,
                                  .action = [&](auto&) { ++ran; },
                                  .repeat_every = 40ms,
                                  .on_missed = OnMissed::kRunAll});
  for (int i = 0; i < 25 * 60; ++i) {
    source_.advance(i % 2 == 0 ? 33ms : 47ms);  // whoever triggers is never on time
    if (i == 700) source_.step_utc(-1h);
    trigger();
  }
  EXPECT_EQ(ran, 25 * 60);
  EXPECT_EQ(scheduler_.until_next(), 40ms);
  EXPECT_TRUE(scheduler_.cancel(handle)) << "it kept its handle";
  EXPECT_EQ(scheduler_.counters().pending, 0u);
}

TEST_F(RecurrenceTest, EveryHourOfUtcFollowsAStep) {
  add({.due = kStart + 1h, .repeat_every = 1h});
  source_.advance(1h);
  EXPECT_THAT(trigger(), ElementsAre(1h));
  source_.step_utc(-1h);
  source_.advance(1h);
  EXPECT_THAT(trigger(), IsEmpty()) << "the hour that comes again does not strike again";
  source_.advance(1h);
  EXPECT_THAT(trigger(), ElementsAre(2h));
}

// Field note: a forward jump walked eight million periods one by one.
TEST_F(RecurrenceTest, FieldNoteAJumpOfYearsIsWorkedOutNotWalked) {
  constexpr auto kYears = 100 * 365 * 24h;
  const struct {
    const char* name;
    OnMissed on_missed;
    std::vector<std::chrono::nanoseconds> fired;
    std::int64_t missed;
    std::chrono::nanoseconds next;
  } cases[] = {
      {"run the last", OnMissed::kRunLast, {kYears}, kYears / 1ms - 1, kYears + 1ms},
      {"skip", OnMissed::kSkip, {}, 0, kYears + 1ms},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    source_.set_utc(kStart);
    add({.id = "tick", .due = kStart + 1ms, .repeat_every = 1ms, .on_missed = c.on_missed});
    source_.step_utc(kYears + 1us);
    EXPECT_EQ(trigger(), c.fired);
    EXPECT_EQ(missed_, c.missed);
    EXPECT_EQ(scheduler_.next_due(), kStart + c.next);
    source_.advance(1ms);
    EXPECT_THAT(trigger(), ElementsAre(c.next));
    EXPECT_EQ(missed_, c.on_missed == OnMissed::kSkip ? kYears / 1ms : 0);
    EXPECT_TRUE(scheduler_.cancel("tick"));
  }
  EXPECT_EQ(scheduler_.counters().passed_over, static_cast<std::uint64_t>(2 * (kYears / 1ms) - 1));
}

TEST_F(RecurrenceTest, RunsAllInTheirPlaces) {
  add({.id = "tick", .due = kStart + 1min, .repeat_every = 1min, .on_missed = OnMissed::kRunAll});
  add({.id = "once", .due = kStart + 150s});
  source_.advance(4min);
  EXPECT_THAT(trigger(), ElementsAre(1min, 2min, 150s, 3min, 4min));
}

TEST_F(RecurrenceTest, RunsTheLastInItsPlace) {
  add({.id = "tick", .due = kStart + 1min, .repeat_every = 1min});
  add({.id = "once", .due = kStart + 150s});
  source_.advance(4min);
  EXPECT_THAT(trigger(), ElementsAre(150s, 4min));
  EXPECT_EQ(missed_, 3);
}

TEST_F(RecurrenceTest, SkipRunsWhatIsMerelyLate) {
  add({.due = kStart + 1min, .repeat_every = 1min, .on_missed = OnMissed::kSkip});
  source_.advance(119s);
  EXPECT_THAT(trigger(), ElementsAre(1min));
}

// Field note: a 02:00 show that stays at 03:00 for ever once the clocks have changed.
TEST_F(RecurrenceTest, FieldNoteEveryDayAtALocalTimeAcrossTheChange) {
  const LocalTime half_past_one((kStart - 24h + 30min).time_since_epoch());  // on the 28th
  const struct {
    const char* name;
    Resolve resolve;
    std::vector<std::chrono::nanoseconds> fired;
  } cases[] = {
      {"shifted late", Resolve::kCompatible, {-24h + 30min, 30min, 23h + 30min, 47h + 30min}},
      {"shifted early", Resolve::kEarlier, {-24h + 30min, -30min, 23h + 30min, 47h + 30min}},
      {"snapped", Resolve::kSnap, {-24h + 30min, 0min, 23h + 30min, 47h + 30min}},
      {"left out", Resolve::kReject, {-24h + 30min, 23h + 30min, 47h + 30min}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    source_.set_utc(kStart - 24h);
    add({.id = "show",
         .due_local = LocalDue{half_past_one, Spring{}, c.resolve},
         .repeat_every = 24h});
    std::vector<std::chrono::nanoseconds> fired;
    for (int half_hour = 0; half_hour < 3 * 48; ++half_hour) {
      source_.advance(30min);
      for (const auto due : trigger()) fired.push_back(due);
    }
    EXPECT_EQ(fired, c.fired);
    EXPECT_TRUE(scheduler_.cancel("show"));
  }
}

TEST_F(RecurrenceTest, AWallsOccurrencesAreCountedAcrossTheChange) {
  const LocalTime half_past_one((kStart - 24h + 30min).time_since_epoch());
  add({.due_local = LocalDue{half_past_one, Spring{}}, .repeat_every = 24h});
  source_.advance(365 * 24h);
  EXPECT_THAT(trigger(), ElementsAre(365 * 24h - 30min));
  EXPECT_EQ(missed_, 366) << "from the 28th on, the 29th's at its shifted hour included";
  EXPECT_EQ(scheduler_.next_due(), kStart + 366 * 24h - 30min);
}

TEST_F(RecurrenceTest, MayBeCancelledMovedAndReplacedByItsOwnAction) {
  std::string what;
  const auto action = [&](const FiredEvent&) {
    EXPECT_EQ(scheduler_.counters().pending, 1u);
    if (what == "cancel") {
      EXPECT_TRUE(scheduler_.cancel("tick"));
    }
    if (what == "move") {
      EXPECT_TRUE(scheduler_.reschedule("tick", kStart + 1h).ok());
    }
    if (what == "replace") {
      add({.id = "tick", .due = kStart + 2h, .on_duplicate = OnDuplicate::kReplace});
    }
    if (what == "trigger") {
      EXPECT_THAT(scheduler_.trigger(), IsEmpty()) << "not while it runs";
    }
    if (what == "throw") throw 1;
  };
  const struct {
    const char* what;
    std::optional<UtcTime> next;
  } cases[] = {{"cancel", std::nullopt},
               {"move", kStart + 1h},
               {"replace", kStart + 2h},
               {"trigger", kStart + 1min},
               {"throw", kStart + 1min}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    what = c.what;
    add({.id = "tick", .due = kStart, .action = action, .repeat_every = 1min});
    EXPECT_EQ(trigger().size(), 1u);
    EXPECT_EQ(scheduler_.next_due(), c.next);
    (void)scheduler_.cancel("tick");
    EXPECT_EQ(scheduler_.counters().pending, 0u);
  }
}

TEST_F(RecurrenceTest, AMovedOccurrenceDoesNotMoveTheOnesAfterIt) {
  const LocalTime noon((kStart + 24h).time_since_epoch());
  add({.id = "noon", .due_local = LocalDue{noon, Spring{}}, .repeat_every = 24h});
  EXPECT_TRUE(scheduler_.reschedule("noon", kStart + 25h).ok());
  source_.advance(26h);
  EXPECT_THAT(trigger(), ElementsAre(25h));
  EXPECT_EQ(scheduler_.next_due(), kStart + 47h);
}

TEST_F(RecurrenceTest, IsRefusedWithAPeriodThatIsNone) {
  for (const auto every : {0ns, -1ns}) {
    const auto handle = scheduler_.schedule({.id = "x", .due = kStart, .repeat_every = every});
    EXPECT_EQ(handle.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// --- late, bounded, at once, taken back ----------------------------------------------------------

TEST_F(RecurrenceTest, WhatIsTooLateIsDroppedAndReported) {
  std::vector<std::string> missed;
  EventScheduler scheduler(
      source_, {.on_missed = [&](const FiredEvent& event) { missed.push_back(event.id); }});
  int ran = 0;
  const auto action = [&](auto&) { ++ran; };
  for (const auto late : {0ms, 10ms, 11ms}) {
    ASSERT_TRUE(scheduler
                    .schedule({.id = std::to_string(late.count()),
                               .due = kStart - late,
                               .action = action,
                               .max_lateness = 10ms})
                    .ok());
  }
  ASSERT_TRUE(scheduler
                  .schedule({.id = "tick",
                             .due = kStart - 11ms,
                             .action = action,
                             .max_lateness = 10ms,
                             .repeat_every = 1min})
                  .ok());
  EXPECT_EQ(scheduler.trigger().size(), 2u);
  EXPECT_EQ(ran, 2);
  EXPECT_THAT(missed, ElementsAre("11", "tick"));
  const EventCounters c = scheduler.counters();
  EXPECT_EQ(c.dropped, 2u);
  EXPECT_EQ(c.pending, 1u) << "the next one may be on time";
  EXPECT_EQ(c.scheduled + c.repeated, c.fired + c.dropped + c.cancelled + c.pending);
}

// Three events are due at once, and the action of the first takes five seconds.
TEST_F(RecurrenceTest, WhatRunsBeforeItMakesItLate) {
  std::vector<FiredEvent> missed;
  for (const bool steady : {false, true}) {
    SCOPED_TRACE(steady);
    missed.clear();
    EventScheduler scheduler(
        source_, {.on_missed = [&](const FiredEvent& event) { missed.push_back(event); }});
    const UtcTime due = source_.now_utc();
    const auto schedule = [&](EventRequest request) {
      if (steady) request.due_in = 0ns;
      if (!steady) request.due = due;
      ASSERT_TRUE(scheduler.schedule(std::move(request)).ok());
    };
    schedule({.id = "slow", .action = [&](auto&) { source_.advance(5s); }, .max_lateness = 0ns});
    schedule({.id = "in time", .max_lateness = 5s});
    schedule({.id = "too late", .max_lateness = 5s - 1ns});
    schedule({.id = "whenever"});
    const std::vector<FiredEvent> fired = scheduler.trigger();
    ASSERT_EQ(fired.size(), 3u);
    EXPECT_EQ(fired[0].lateness, 0ns);
    EXPECT_EQ(fired[1].id, "in time");
    EXPECT_EQ(fired[1].lateness, 5s);
    EXPECT_EQ(fired[1].fired, due + 5s);
    EXPECT_EQ(fired[2].lateness, 0ns) << "by the trigger's reading";
    ASSERT_EQ(missed.size(), 1u);
    EXPECT_EQ(missed[0].id, "too late");
    EXPECT_EQ(missed[0].lateness, 5s);
    EXPECT_EQ(missed[0].due, due);
  }
}

// A step back in between makes nothing early.
TEST_F(RecurrenceTest, AStepBackBeforeItMakesItNoLessLate) {
  source_.advance(3s);
  add({.due = kStart, .action = [&](auto&) { source_.step_utc(-1h); }});
  add({.due = kStart, .max_lateness = 3s});
  const std::vector<FiredEvent> fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), 2u);
  EXPECT_EQ(fired[1].lateness, 3s);
  EXPECT_EQ(fired[1].fired, kStart + 3s);
}

TEST_F(RecurrenceTest, ABoundedSchedulerRefusesAndDropsNothing) {
  EventScheduler scheduler(source_, {.max_pending = 2});
  ASSERT_TRUE(scheduler.schedule({.id = "a", .due = kStart + 1h}).ok());
  ASSERT_TRUE(scheduler.schedule({.id = "b", .due = kStart + 1h}).ok());
  EXPECT_EQ(scheduler.schedule({.id = "c", .due = kStart}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(
      scheduler.schedule({.id = "b", .due = kStart, .on_duplicate = OnDuplicate::kReplace}).ok())
      << "replacing takes no room";
  EXPECT_EQ(scheduler.trigger().size(), 1u);
  EXPECT_TRUE(scheduler.schedule({.id = "c", .due = kStart}).ok());
}

TEST_F(RecurrenceTest, ABatchIsTakenWholeOrNotAtAll) {
  EventScheduler scheduler(source_, {.max_pending = 3});
  ASSERT_TRUE(scheduler.schedule({.id = "old", .due = kStart + 9h}).ok());
  const struct {
    const char* name;
    std::vector<const char*> ids;
    OnDuplicate on_duplicate;
    absl::StatusCode code;
    std::uint64_t pending;
  } cases[] = {
      {"one pending already",
       {"a", "old"},
       OnDuplicate::kReject,
       absl::StatusCode::kAlreadyExists,
       1},
      {"twice in the batch",
       {"a", "a"},
       OnDuplicate::kReplace,
       absl::StatusCode::kInvalidArgument,
       1},
      {"too many", {"a", "b", "c"}, OnDuplicate::kReject, absl::StatusCode::kResourceExhausted, 1},
      {"none", {}, OnDuplicate::kReject, absl::StatusCode::kOk, 1},
      {"as many as fit", {"a", "b", "old"}, OnDuplicate::kReplace, absl::StatusCode::kOk, 3},
  };
  for (const auto& c : cases) {
    std::vector<EventRequest> requests;
    for (const char* id : c.ids) {
      requests.push_back({.id = id, .due = kStart + 1h, .on_duplicate = c.on_duplicate});
    }
    const auto handles = scheduler.schedule_all(std::move(requests));
    EXPECT_EQ(handles.status().code(), c.code) << c.name;
    if (handles.ok()) {
      EXPECT_EQ(handles->size(), c.ids.size()) << c.name;
    }
    EXPECT_EQ(scheduler.counters().pending, c.pending) << c.name;
  }
  EXPECT_TRUE(scheduler.cancel("old"));
}

TEST_F(RecurrenceTest, ASnapshotBringsEverythingBack) {
  const LocalTime noon((kStart + 12h).time_since_epoch());
  add({.id = "utc", .due = kStart + 2h, .type = "t", .payload = "p", .max_lateness = 5s});
  add({.id = "steady", .due_in = 90min});
  add({.id = "daily",
       .due_local = LocalDue{noon, Spring{}},
       .repeat_every = 24h,
       .on_missed = OnMissed::kSkip});
  add({.due = UtcTime::max()});
  source_.advance(1h);
  std::vector<EventRequest> saved = scheduler_.snapshot();
  ASSERT_EQ(saved.size(), 4u);
  EXPECT_EQ(saved[0].id, "steady");
  EXPECT_EQ(saved[0].due_in, 30min) << "what is left";
  EXPECT_EQ(saved[1].payload, "p");
  EXPECT_EQ(saved[1].max_lateness, 5s);
  EXPECT_EQ(saved[2].due_local->local, noon);
  EXPECT_EQ(saved[2].on_missed, OnMissed::kSkip);
  EXPECT_EQ(saved[3].due, UtcTime::max());

  EventScheduler restored(source_);
  ASSERT_TRUE(restored.schedule_all(std::move(saved)).ok());
  const auto list = [](const EventScheduler& scheduler) {
    std::vector<std::pair<std::string, UtcTime>> out;
    for (const auto& e : scheduler.pending(UtcTime::min(), UtcTime::max())) {
      out.emplace_back(e.id, e.due);
    }
    return out;
  };
  EXPECT_EQ(list(restored), list(scheduler_));
  EXPECT_EQ(restored.counters().pending, 4u);
}

// A wall whose rules somebody changes.
struct Ruled {
  const std::chrono::hours* ahead;
  LocalTime to_local(UtcTime utc) const { return LocalTime(utc.time_since_epoch() + *ahead); }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve) const {
    return UtcTime(local.time_since_epoch() - *ahead);
  }
};

TEST_F(RecurrenceTest, ASnapshotKeepsTheWallTimeThatWasAskedFor) {
  std::chrono::hours ahead = 1h;
  const LocalTime noon((kStart + 11h).time_since_epoch() + ahead);
  const LocalDue due{noon, Ruled{&ahead}, Resolve::kSnap};
  add({.id = "once", .due_local = due});
  add({.due_local = due});  // nothing but its wall time
  add({.id = "daily", .due_local = due, .repeat_every = 24h});
  add({.id = "moved", .due_local = due});
  EXPECT_TRUE(scheduler_.reschedule("moved", kStart + 12h).ok());
  std::vector<EventRequest> saved = scheduler_.snapshot();
  ASSERT_EQ(saved.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    EXPECT_FALSE(saved[i].due);
    ASSERT_TRUE(saved[i].due_local);
    EXPECT_EQ(saved[i].due_local->local, noon);
    EXPECT_EQ(saved[i].due_local->resolve, Resolve::kSnap);
    EXPECT_EQ(saved[i].due_local->zone.target<Ruled>()->ahead, &ahead);
  }
  EXPECT_EQ(saved[3].due, kStart + 12h) << "it was put on UTC";

  ahead = 2h;  // while the program was down
  EventScheduler restored(source_);
  ASSERT_TRUE(restored.schedule_all(std::move(saved)).ok());
  std::vector<UtcTime> dues;
  for (const auto& event : restored.pending(UtcTime::min(), UtcTime::max())) {
    dues.push_back(event.due);
  }
  EXPECT_THAT(dues, ElementsAre(kStart + 10h, kStart + 10h, kStart + 10h, kStart + 12h));
}

TEST_F(RecurrenceTest, ASnapshotHoldsARepeatingEventWhoseActionRuns) {
  std::vector<EventRequest> saved;
  add({.id = "tick",
       .due = kStart,
       .action = [&](auto&) { saved = scheduler_.snapshot(); },
       .repeat_every = 1min});
  trigger();
  ASSERT_EQ(saved.size(), 1u);
  EXPECT_EQ(saved[0].due, kStart) << "what has not ended may have to be done again";
}

TEST_F(RecurrenceTest, ASnapshotKeepsAMovedOccurrenceOnTheWall) {
  const LocalTime noon((kStart + 24h).time_since_epoch());  // 23 h from now
  add({.id = "noon", .due_local = LocalDue{noon, Spring{}}, .repeat_every = 24h});
  EXPECT_TRUE(scheduler_.reschedule("noon", kStart + 25h).ok());
  EventScheduler restored(source_);
  ASSERT_TRUE(restored.schedule_all(scheduler_.snapshot()).ok());
  EXPECT_EQ(restored.next_due(), kStart + 25h) << "as it was moved";
  ASSERT_EQ(restored.snapshot().size(), 1u);
  EXPECT_EQ(restored.snapshot()[0].moved_to, kStart + 25h) << "and so in the next one";
  source_.advance(25h);
  EXPECT_EQ(restored.trigger().size(), 1u);
  EXPECT_EQ(restored.next_due(), kStart + 47h) << "and then where the wall has it";
  EXPECT_EQ(restored.snapshot()[0].moved_to, std::nullopt);

  for (const auto moved : {26h, 49h}) {  // by its own action, which runs late
    SCOPED_TRACE(moved.count());
    EventScheduler running(source_);
    ASSERT_TRUE(running
                    .schedule({.id = "noon",
                               .due_local = LocalDue{noon, Spring{}},
                               .action =
                                   [&](auto&) {
                                     EXPECT_TRUE(running.reschedule("noon", kStart + moved).ok());
                                   },
                               .repeat_every = 24h})
                    .ok());
    EXPECT_EQ(running.trigger().size(), 1u);
    EXPECT_EQ(running.snapshot()[0].moved_to, kStart + moved);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      scheduler_.schedule({.due = kStart, .repeat_every = 1h, .moved_to = kStart}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      scheduler_.schedule({.due_local = LocalDue{noon, Spring{}}, .moved_to = kStart}).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(scheduler_.schedule({.due = kStart, .moved_to = kStart}).status()));
}

// Who clears a day must not find it back because an action ran at that moment.
TEST_F(RecurrenceTest, ARangeHoldsARepeatingEventWhoseActionRuns) {
  std::vector<ScheduledEvent> listed;
  std::vector<std::size_t> cancelled;
  const auto action = [&](auto&) {
    listed = scheduler_.pending(kStart, kStart + 2h);
    cancelled = {scheduler_.cancel_between(kStart, kStart + 1h),
                 scheduler_.cancel_between(kStart + 1h + 1ns, UtcTime::max()),
                 scheduler_.cancel_between(kStart + 1h, kStart + 1h + 1ns),
                 scheduler_.cancel_between(UtcTime::min(), UtcTime::max())};
  };
  for (const bool steady : {false, true}) {
    SCOPED_TRACE(steady);
    EventRequest request{.id = "hourly", .action = action, .repeat_every = 1h};
    if (steady) {
      request.due_in = 0ns;
    } else {
      request.due = kStart;
    }
    const EventHandle handle = add(std::move(request));
    add({.id = "after", .due = kStart + 1h});
    add({.id = "before", .due = kStart + 30min});
    EXPECT_EQ(trigger().size(), 1u);
    ASSERT_EQ(listed.size(), 3u);
    EXPECT_EQ(listed[0].id, "before");
    EXPECT_EQ(listed[1].handle, handle) << "in its place, an hour on";
    EXPECT_EQ(listed[1].due, kStart + 1h);
    EXPECT_EQ(listed[2].id, "after");
    EXPECT_THAT(cancelled, ElementsAre(1u, 0u, 2u, 0u));
    EXPECT_EQ(scheduler_.counters().pending, 0u);
  }
}

}  // namespace
}  // namespace masterclock::recurrence_test
