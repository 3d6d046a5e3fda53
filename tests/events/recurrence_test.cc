#include "masterclock/events/internal/recurrence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_cache.h"

namespace masterclock::recurrence_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ManualTimeSource;

constexpr UtcTime kStart{1'774'746'000s};  // 2026-03-29T01:00:00Z
constexpr UtcTime kChange = kStart;        // when clocks in Europe go forward

// The wall clock of Dublin in the spring of 2026: UTC, and an hour ahead from kChange on.
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
  // Returns the due times of the fired events, since kStart.
  std::vector<std::chrono::nanoseconds> trigger() {
    std::vector<std::chrono::nanoseconds> dues;
    skipped_ = 0;
    for (const FiredEvent& event : scheduler_.trigger()) {
      dues.push_back(event.due - kStart);
      skipped_ += event.skipped;
    }
    const EventCounters c = scheduler_.counters();
    EXPECT_EQ(c.scheduled + c.repeated, c.fired + c.dropped + c.cancelled + c.pending);
    return dues;
  }

  ManualTimeSource source_{kStart};
  EventScheduler scheduler_{source_};
  std::int64_t skipped_ = 0;
};

TEST_F(RecurrenceTest, EveryFrameOnTheSteadyClockWithoutDrift) {
  int ran = 0;
  const EventHandle handle = add({.id = "frame",
                                  .due = After{40ms},
                                  .repeat = Every{40ms},
                                  .on_misfire = OnMisfire::kRunAll,
                                  .action = [&](auto&) { ++ran; }});
  for (int i = 0; i < 25 * 60; ++i) {
    source_.advance(i % 2 == 0 ? 33ms : 47ms);  // no trigger is on time
    if (i == 700) source_.step_utc(-1h);
    trigger();
  }
  EXPECT_EQ(ran, 25 * 60);
  EXPECT_EQ(scheduler_.until_next(), 40ms);
  EXPECT_TRUE(scheduler_.cancel(handle)) << "it kept its handle";
  EXPECT_EQ(scheduler_.counters().pending, 0u);
}

TEST_F(RecurrenceTest, EveryHourOfUtcFollowsAStep) {
  add({.due = kStart + 1h, .repeat = Every{1h}});
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
    OnMisfire on_misfire;
    std::vector<std::chrono::nanoseconds> fired;
    std::int64_t skipped;
    std::chrono::nanoseconds next;
  } cases[] = {
      {"run the last", OnMisfire::kRunLast, {kYears}, kYears / 1ms - 1, kYears + 1ms},
      {"skip", OnMisfire::kSkip, {}, 0, kYears + 1ms},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    source_.set_utc(kStart);
    add({.id = "tick", .due = kStart + 1ms, .repeat = Every{1ms}, .on_misfire = c.on_misfire});
    source_.step_utc(kYears + 1us);
    EXPECT_EQ(trigger(), c.fired);
    EXPECT_EQ(skipped_, c.skipped);
    EXPECT_EQ(scheduler_.next_due(), kStart + c.next);
    source_.advance(1ms);
    EXPECT_THAT(trigger(), ElementsAre(c.next));
    EXPECT_EQ(skipped_, c.on_misfire == OnMisfire::kSkip ? kYears / 1ms : 0);
    EXPECT_TRUE(scheduler_.cancel("tick"));
  }
  EXPECT_EQ(scheduler_.counters().skipped, static_cast<std::uint64_t>(2 * (kYears / 1ms) - 1));
}

TEST_F(RecurrenceTest, RunsAllInTheirPlaces) {
  add({.id = "tick",
       .due = kStart + 1min,
       .repeat = Every{1min},
       .on_misfire = OnMisfire::kRunAll});
  add({.id = "once", .due = kStart + 150s});
  source_.advance(4min);
  EXPECT_THAT(trigger(), ElementsAre(1min, 2min, 150s, 3min, 4min));
}

TEST_F(RecurrenceTest, RunsTheLastInItsPlace) {
  add({.id = "tick", .due = kStart + 1min, .repeat = Every{1min}});
  add({.id = "once", .due = kStart + 150s});
  source_.advance(4min);
  EXPECT_THAT(trigger(), ElementsAre(150s, 4min));
  EXPECT_EQ(skipped_, 3);
}

TEST_F(RecurrenceTest, SkipRunsWhatIsMerelyLate) {
  add({.due = kStart + 1min, .repeat = Every{1min}, .on_misfire = OnMisfire::kSkip});
  source_.advance(119s);
  EXPECT_THAT(trigger(), ElementsAre(1min));
}

// Field note: a 02:00 show stayed at 03:00 after the change of the clocks.
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
    add({.id = "show", .due = LocalDue{half_past_one, Spring{}, c.resolve}, .repeat = Daily{}});
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
  add({.due = LocalDue{half_past_one, Spring{}}, .repeat = Daily{}});
  source_.advance(365 * 24h);
  EXPECT_THAT(trigger(), ElementsAre(365 * 24h - 30min));
  EXPECT_EQ(skipped_, 366) << "from the 28th on, the 29th's at its shifted hour included";
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
    add({.id = "tick", .due = kStart, .repeat = Every{1min}, .action = action});
    EXPECT_EQ(trigger().size(), 1u);
    EXPECT_EQ(scheduler_.next_due(), c.next);
    (void)scheduler_.cancel("tick");
    EXPECT_EQ(scheduler_.counters().pending, 0u);
  }
}

TEST_F(RecurrenceTest, AMovedOccurrenceDoesNotMoveTheOnesAfterIt) {
  const LocalTime noon((kStart + 24h).time_since_epoch());
  add({.id = "noon", .due = LocalDue{noon, Spring{}}, .repeat = Daily{}});
  EXPECT_TRUE(scheduler_.reschedule("noon", kStart + 25h).ok());
  source_.advance(26h);
  EXPECT_THAT(trigger(), ElementsAre(25h));
  EXPECT_EQ(scheduler_.next_due(), kStart + 47h);
}

TEST_F(RecurrenceTest, DailyFollowsItsDaysAndItsRules) {
  ZoneCache zones;
  const Zone dublin = zones.find("Europe/Dublin").value();
  const auto on = [](int month, int day) {
    return LocalTime(std::chrono::local_days(std::chrono::year(2026) / month / day)) + 90min;
  };
  const struct {
    const char* name;
    LocalDue due;
    Daily daily;
    std::vector<const char*> occurrences;
  } cases[] = {
      {"weekdays, from a Saturday",
       {on(7, 4), dublin},
       {.days = kMondayToFriday},
       {"2026-07-06T00:30:00Z", "2026-07-07T00:30:00Z"}},
      {"Sundays",
       {on(10, 18), dublin},
       {.days = {std::chrono::Sunday}},
       {"2026-10-18T00:30:00Z", "2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z"}},
      {"both passes",
       {on(10, 25), dublin},
       {.fold = OnFold::kTwice},
       {"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}},
      {"the second pass",
       {on(10, 25), dublin, Resolve::kLater},
       {},
       {"2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"}},
      {"the first pass, whatever the policy",
       {on(10, 25), dublin, Resolve::kLater},
       {.fold = OnFold::kFirstOnly},
       {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
      {"not in a fold",
       {on(10, 24), dublin, Resolve::kReject},
       {},
       {"2026-10-24T00:30:00Z", "2026-10-26T01:30:00Z"}},
      {"not in a gap",
       {on(3, 28), dublin},
       {.gap = OnGap::kSkip},
       {"2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"}},
      {"after a gap",
       {on(3, 29), dublin, Resolve::kSnap},
       {},
       {"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    ManualTimeSource source(parse_rfc3339("2026-03-01T00:00:00Z").value());
    EventScheduler scheduler(source);
    ASSERT_TRUE(scheduler.schedule({.id = "show", .due = c.due, .repeat = c.daily}).ok());
    std::vector<std::string> found;
    while (found.size() < c.occurrences.size()) {
      source.advance(*scheduler.until_next());
      for (const FiredEvent& event : scheduler.trigger()) {
        found.push_back(to_rfc3339(std::chrono::floor<std::chrono::seconds>(event.due)));
        EXPECT_EQ(event.skipped, 0);
      }
    }
    EXPECT_EQ(found, std::vector<std::string>(c.occurrences.begin(), c.occurrences.end()));
  }
}

// Compares the count after a jump of years with a walk from occurrence to occurrence.
TEST_F(RecurrenceTest, ADailyCountAgreesWithAWalk) {
  ZoneCache zones;
  const UtcTime from = parse_rfc3339("1999-01-01T12:00:00Z").value();
  for (const char* const name : {"Europe/Dublin", "Australia/Lord_Howe", "America/St_Johns"}) {
    for (const OnFold fold : {OnFold::kOnce, OnFold::kTwice}) {
      for (const OnGap gap : {OnGap::kResolve, OnGap::kSkip}) {
        for (const Weekdays days : {kEveryDay, kMondayToFriday, Weekdays{std::chrono::Sunday}}) {
          const internal::DailyRecurrence daily(
              LocalDue{LocalTime(105min), zones.find(name).value()},
              {.days = days, .gap = gap, .fold = fold});
          std::int64_t walked = 0;
          for (UtcTime at = *daily.next_after(from); at < from + 8'000 * 24h;
               at = *daily.next_after(at)) {
            ++walked;
            EXPECT_EQ(daily.last_until(at + 1ns), at);
            if (walked % 97 == 0) {
              EXPECT_EQ(daily.count(from, at), walked) << name;
            }
          }
        }
      }
    }
  }
}

TEST_F(RecurrenceTest, ADailyEventAfterAJumpOfYears) {
  const LocalTime noon((kStart + 24h).time_since_epoch());
  for (const auto policy : {OnMisfire::kRunLast, OnMisfire::kSkip}) {
    source_.set_utc(kStart);
    add({.id = "noon", .due = LocalDue{noon, Spring{}}, .repeat = Daily{}, .on_misfire = policy});
    source_.step_utc(10'000 * 24h);
    EXPECT_EQ(trigger().size(), policy == OnMisfire::kRunLast ? 1u : 0u);
    if (policy == OnMisfire::kRunLast) {
      EXPECT_EQ(skipped_, 9'999);
    }
    EXPECT_EQ(scheduler_.next_due(), kStart + 10'000 * 24h + 23h);
    EXPECT_TRUE(scheduler_.cancel("noon"));
  }
  EXPECT_EQ(scheduler_.counters().skipped, 9'999u + 10'000u);
}

// A walk over a hundred years in steps of 1 ns or 10 us would not end.
TEST_F(RecurrenceTest, AShortIntervalAfterAHundredYearsIsADivision) {
  constexpr std::chrono::nanoseconds kYears = 876'600h;
  struct StopAfter {
    const std::size_t& fired;
    [[nodiscard]] bool stop_requested() const noexcept { return fired >= 1'000; }
  };
  for (const bool on_steady : {false, true}) {
    for (const std::chrono::nanoseconds interval : {1ns, std::chrono::nanoseconds(10us)}) {
      for (const OnMisfire on_misfire :
           {OnMisfire::kRunAll, OnMisfire::kRunLast, OnMisfire::kSkip}) {
        ManualTimeSource source(kStart);
        EventScheduler scheduler(source);
        std::size_t fired = 0;
        ASSERT_TRUE(scheduler
                        .schedule({.due = on_steady ? DueTime(source.now_steady()) : kStart,
                                   .repeat = Every{interval},
                                   .on_misfire = on_misfire,
                                   .action = [&](const FiredEvent&) { ++fired; }})
                        .ok());
        source.advance(kYears);
        scheduler.run_due(StopAfter{fired});
        const bool skips = on_misfire == OnMisfire::kSkip;
        const bool all = on_misfire == OnMisfire::kRunAll;
        EXPECT_EQ(fired, all ? 1'000u : skips ? 0u : 1u);
        EXPECT_EQ(scheduler.counters().skipped,
                  all ? 0u : static_cast<std::uint64_t>(kYears / interval) + (skips ? 1 : 0));
        EXPECT_EQ(scheduler.next_due(), kStart + (all ? 1'000 * interval : kYears + interval));
      }
    }
  }
}

// A wall clock that counts the conversions.
struct CountingWall {
  std::int64_t* conversions;
  LocalTime to_local(UtcTime utc) const {
    ++*conversions;
    return LocalTime(utc.time_since_epoch());
  }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve) const {
    ++*conversions;
    return UtcTime(local.time_since_epoch());
  }
};

// The scheduler releases its lock after each call of skip_missed().
TEST_F(RecurrenceTest, ADailyEventAfterAHundredYearsTakesBoundedSteps) {
  constexpr std::int64_t kDays = 36'525, kMostConversions = 2'500;
  for (const OnGap gap : {OnGap::kResolve, OnGap::kSkip}) {
    for (const OnMisfire on_misfire : {OnMisfire::kRunLast, OnMisfire::kSkip}) {
      std::int64_t conversions = 0;
      const LocalDue local{LocalTime(kStart.time_since_epoch()), CountingWall{&conversions}};
      internal::EventRepeat repeat{.on_misfire = on_misfire, .wall_due = kStart};
      repeat.daily.emplace(local, Daily{.gap = gap});
      const TimeReading now{kStart + kDays * 24h, SteadyTime()};
      internal::TimelineDue due{false, kStart.time_since_epoch()};
      std::int64_t skipped = 0;
      int steps = 0;
      while (const auto skip = skip_missed(repeat, due, now)) {
        EXPECT_LE(std::exchange(conversions, 0), kMostConversions);
        due = skip->next.at;
        repeat.wall_due = skip->next.wall_due;
        skipped += skip->skipped;
        ++steps;
      }
      EXPECT_LE(steps, kDays / 400 + 2);
      const bool skips = on_misfire == OnMisfire::kSkip;
      EXPECT_EQ(skipped, kDays + (skips ? 1 : 0));
      EXPECT_EQ(UtcTime(due.due), now.utc + (skips ? 24h : 0h));
    }
  }
}

TEST_F(RecurrenceTest, RefusesARepetitionThatIsNone) {
  const LocalDue noon{LocalTime(12h), Spring{}};
  constexpr Weekdays kNever(std::initializer_list<std::chrono::weekday>{});
  const struct {
    const char* name;
    DueTime due;
    Repeat repeat;
    const char* message;
  } cases[] = {
      {"no interval", kStart, Every{0ns}, "the interval of Every is not positive: 0 ns"},
      {"a negative interval", noon, Every{-1ns}, "the interval of Every is not positive: -1 ns"},
      {"no wall", kStart, Daily{}, "Daily requires a LocalDue"},
      {"no days", noon, Daily{.days = kNever}, "Daily has no days"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto handle = scheduler_.schedule({.id = "x", .due = c.due, .repeat = c.repeat});
    EXPECT_EQ(handle.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(handle.status().message(), std::string("event 'x': ") + c.message);
  }
}

// --- late, bounded, at once ----------------------------------------------------------

TEST_F(RecurrenceTest, TooLateIsDroppedAndReported) {
  std::vector<std::string> dropped;
  EventScheduler scheduler(
      source_, {.on_dropped = [&](const FiredEvent& event) { dropped.push_back(event.id); }});
  int ran = 0;
  const auto action = [&](auto&) { ++ran; };
  for (const auto late : {0ms, 10ms, 11ms}) {
    ASSERT_TRUE(scheduler
                    .schedule({.id = std::to_string(late.count()),
                               .due = kStart - late,
                               .max_lateness = 10ms,
                               .action = action})
                    .ok());
  }
  ASSERT_TRUE(scheduler
                  .schedule({.id = "tick",
                             .due = kStart - 11ms,
                             .repeat = Every{1min},
                             .max_lateness = 10ms,
                             .action = action})
                  .ok());
  EXPECT_EQ(scheduler.trigger().size(), 2u);
  EXPECT_EQ(ran, 2);
  EXPECT_THAT(dropped, ElementsAre("11", "tick"));
  const EventCounters c = scheduler.counters();
  EXPECT_EQ(c.dropped, 2u);
  EXPECT_EQ(c.pending, 1u) << "the next one may be on time";
  EXPECT_EQ(c.scheduled + c.repeated, c.fired + c.dropped + c.cancelled + c.pending);
}

// Three events are due at once, and the action of the first takes five seconds.
TEST_F(RecurrenceTest, WhatRunsBeforeItMakesItLate) {
  std::vector<FiredEvent> dropped;
  for (const bool steady : {false, true}) {
    SCOPED_TRACE(steady);
    dropped.clear();
    EventScheduler scheduler(
        source_, {.on_dropped = [&](const FiredEvent& event) { dropped.push_back(event); }});
    const UtcTime due = source_.now_utc();
    const auto schedule = [&](EventRequest request) {
      if (steady) request.due = After{0ns};
      if (!steady) request.due = due;
      ASSERT_TRUE(scheduler.schedule(std::move(request)).ok());
    };
    schedule({.id = "slow", .max_lateness = 0ns, .action = [&](auto&) { source_.advance(5s); }});
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
    ASSERT_EQ(dropped.size(), 1u);
    EXPECT_EQ(dropped[0].id, "too late");
    EXPECT_EQ(dropped[0].lateness, 5s);
    EXPECT_EQ(dropped[0].due, due);
  }
}

// A step back between two events does not make the second one early.
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

// A caller that cancels a day also cancels the event whose action runs at that moment.
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
    EventRequest request{.id = "hourly", .repeat = Every{1h}, .action = action};
    if (steady) {
      request.due = After{0ns};
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
