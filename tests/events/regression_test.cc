// Tests public reports of other projects: failures at clock steps, at midnight and at DST changes. Each
// test has the name of its report. The expected times are computed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/events/dispatcher.h"
#include "masterclock/events/event_scheduler.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_cache.h"

namespace masterclock::regression_test {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ManualTimeSource;

class EventFieldNotes : public ::testing::Test {
 protected:
  static UtcTime at(std::string_view text) { return parse_rfc3339(text).value(); }
  static std::string text(UtcTime t) { return to_rfc3339(floor<seconds>(t)); }
  Zone zone(std::string_view name) { return zones_.find(name).value(); }

  EventHandle add(EventRequest request) { return scheduler_.schedule(std::move(request)).value(); }
  EventHandle daily(std::string id, LocalTime first, Zone zone,
                    Resolve resolve = Resolve::kCompatible) {
    return add({.id = std::move(id), .due = LocalDue{first, zone, resolve}, .repeat = Daily{}});
  }
  // Triggers every minute until `end`. Returns each fired event: "id due".
  std::vector<std::string> live_until(UtcTime end) {
    std::vector<std::string> fired;
    while (source_.now_utc() < end) {
      source_.advance(1min);
      for (const FiredEvent& event : scheduler_.trigger()) {
        fired.push_back(event.id + (event.id.empty() ? "" : " ") + text(event.due));
      }
    }
    return fired;
  }

  ManualTimeSource source_{at("2026-03-28T12:00:00Z")};
  EventScheduler scheduler_{source_};
  ZoneCache zones_;
};

// --- the clock is stepped ----------------------------------------------------------------------

// CasparCG/server#1233: set back, the picture froze, and then ran fast to catch up.
TEST_F(EventFieldNotes, CasparCG1233SetBackThePictureNeitherFreezesNorRaces) {
  add({.due = After{40ms}, .repeat = Every{40ms}, .on_misfire = OnMisfire::kRunAll});
  for (int frame = 0; frame < 1'000; ++frame) {
    if (frame == 300) source_.step_utc(-1h);
    if (frame == 600) source_.step_utc(1h);
    source_.advance(40ms);
    EXPECT_EQ(scheduler_.trigger().size(), 1u) << frame;
  }
}

// CasparCG/server#1457: the same after the machine had slept.
TEST_F(EventFieldNotes, CasparCG1457AfterSleepTheFramesGoOn) {
  add({.due = After{40ms}, .repeat = Every{40ms}, .on_misfire = OnMisfire::kRunAll});
  add({.id = "news", .due = at("2026-03-28T18:00:00Z")});
  source_.suspend(8h);
  const auto fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), 1u) << "not the 720,000 frames of the night";
  EXPECT_EQ(fired[0].id, "news");
  EXPECT_EQ(fired[0].lateness, 2h);
  source_.advance(40ms);
  EXPECT_EQ(scheduler_.trigger().size(), 1u);
}

// airbus/sen#198: a forward jump walked eight million periods one by one.
TEST_F(EventFieldNotes, AirbusSen198AForwardJumpIsOneOccurrence) {
  constexpr std::uint64_t kPeriods = 8'000'000;
  const UtcTime start = source_.now_utc();
  std::vector<FiredEvent> fired;
  add({.due = start + 1s, .repeat = Every{1s}, .action = [&](const FiredEvent& event) {
         fired.push_back(event);
       }});
  Dispatcher dispatcher(scheduler_);
  dispatcher.start();
  source_.step_utc(kPeriods * 1s);
  dispatcher.stop();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].due, start + kPeriods * 1s);
  EXPECT_EQ(fired[0].skipped, static_cast<std::int64_t>(kPeriods - 1));
  EXPECT_EQ(scheduler_.counters().skipped, kPeriods - 1);
}

// Bosma/Scheduler#22: "every" stopped when the system's time was set to the past.
TEST_F(EventFieldNotes, BosmaScheduler22EveryGoesOnWhenTheClockIsSetBack) {
  add({.due = After{1min}, .repeat = Every{1min}});
  for (int minute = 0; minute < 10; ++minute) {
    if (minute == 5) source_.set_utc(at("2020-01-01T00:00:00Z"));
    source_.advance(1min);
    EXPECT_EQ(scheduler_.trigger().size(), 1u) << minute;
  }
}

// eBay/NuRaft#611: time-outs ran off much too early or much too late.
TEST_F(EventFieldNotes, NuRaft611ATimeOutNoticesNoStep) {
  add({.id = "time-out", .due = After{500ms}});
  Dispatcher dispatcher(scheduler_);
  dispatcher.start();
  source_.step_utc(24h);
  source_.advance(499ms);
  source_.step_utc(-48h);
  EXPECT_EQ(scheduler_.counters().pending, 1u);
  source_.advance(1ms);
  EXPECT_EQ(scheduler_.counters().fired, 1u);
}

// --- midnight ----------------------------------------------------------------------------------

// ontime#455: the clock stood still from midnight on.
TEST_F(EventFieldNotes, Ontime455TheSecondsGoOnAfterMidnight) {
  const Zone london = zone("Europe/London");
  source_.set_utc(at("2026-07-15T22:59:57Z"));
  std::vector<std::string> shown;
  add({.due = LocalDue{local_days(2026y / July / 15) + 23h + 59min + 58s, london},
       .repeat = Every{1s},
       .action = [&](const FiredEvent& event) {
         const auto of_day = london.to_local(event.due) - floor<days>(london.to_local(event.due));
         shown.push_back(std::to_string(duration_cast<seconds>(of_day).count()));
       }});
  Dispatcher dispatcher(scheduler_);
  dispatcher.start();
  for (int second = 0; second < 5; ++second) source_.advance(1s);
  dispatcher.stop();
  EXPECT_THAT(shown, ElementsAre("86398", "86399", "0", "1", "2"));
}

// ffplayout#84: at 00:00:00.336 it opened the list of the day before.
TEST_F(EventFieldNotes, Ffplayout84LateAfterMidnightIsTheNewDay) {
  const Zone berlin = zone("Europe/Berlin");
  daily("list", local_days(2026y / July / 16), berlin);
  source_.set_utc(at("2026-07-15T21:59:59.900Z"));
  EXPECT_THAT(scheduler_.trigger(), IsEmpty());
  source_.advance(436ms);
  const auto fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].lateness, 336ms);
  EXPECT_EQ(berlin.to_local(fired[0].due), LocalTime(local_days(2026y / July / 16)));
  EXPECT_EQ(scheduler_.next_due(), at("2026-07-16T22:00:00Z"));
}

// pseudo-channel#70: across midnight an offset came out as a whole day.
TEST_F(EventFieldNotes, PseudoChannel70LatenessAcrossMidnightIsNotADay) {
  add({.id = "late film", .due = at("2026-03-28T23:50:00Z")});
  source_.set_utc(at("2026-03-29T00:10:00Z"));
  const auto fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].lateness, 20min);
}

// AzuraCast#1491: a schedule from 20:00 to 03:00 was reset at 00:00 UTC.
TEST_F(EventFieldNotes, AzuraCast1491AnEveningGoesOnAfterMidnight) {
  const Zone chicago = zone("America/Chicago");  // five hours behind UTC in summer
  source_.set_utc(at("2026-07-15T12:00:00Z"));
  daily("on", local_days(2026y / July / 15) + 20h, chicago);
  daily("off", local_days(2026y / July / 16) + 3h, chicago);
  EXPECT_THAT(live_until(at("2026-07-17T12:00:00Z")),
              ElementsAre("on 2026-07-16T01:00:00Z", "off 2026-07-16T08:00:00Z",
                          "on 2026-07-17T01:00:00Z", "off 2026-07-17T08:00:00Z"));
}

// rivendell#881: a hard start at 23:59:45 with a grace jumped ninety lines.
TEST_F(EventFieldNotes, Rivendell881AHardStartBeforeMidnightJumpsNothing) {
  const UtcTime hard = at("2026-03-28T23:59:45Z");
  add({.id = "hard", .due = hard, .max_lateness = 30s});
  for (int line = 1; line <= 90; ++line) {
    add({.id = std::to_string(line), .due = hard + line * 3min, .max_lateness = 30s});
  }
  source_.set_utc(at("2026-03-29T00:00:10Z"));
  const auto fired = scheduler_.trigger();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].id, "hard");
  EXPECT_EQ(fired[0].lateness, 25s);
  EXPECT_EQ(scheduler_.counters().pending, 90u);
  EXPECT_EQ(live_until(hard + 5h).size(), 90u);
  EXPECT_EQ(scheduler_.counters().dropped, 0u);
}

// --- the clocks change -------------------------------------------------------------------------

// libretime#3236: a 02:00 show stayed at 03:00.
TEST_F(EventFieldNotes, Libretime3236AShowAtTwoComesBackToTwo) {
  daily("show", local_days(2026y / March / 29) + 2h, zone("Europe/Paris"));
  EXPECT_THAT(live_until(at("2026-03-31T12:00:00Z")),
              ElementsAre("show 2026-03-29T01:00:00Z", "show 2026-03-30T00:00:00Z",
                          "show 2026-03-31T00:00:00Z"));
}

// xibo#3040: an event in the missing hour never recovered.
TEST_F(EventFieldNotes, Xibo3040AnEventInTheMissingHourHasItsNextDay) {
  source_.set_utc(at("2026-03-28T00:00:00Z"));
  daily("left out", local_days(2026y / March / 28) + 1h + 15min, zone("Europe/London"),
        Resolve::kReject);
  EXPECT_THAT(live_until(at("2026-03-31T00:00:00Z")),
              ElementsAre("left out 2026-03-28T01:15:00Z", "left out 2026-03-30T00:15:00Z"));
}

// rivendell#66: every timed event failed in the second 1 AM of the night the clocks go back.
TEST_F(EventFieldNotes, Rivendell66EveryMinuteOfTheSecondOneAmFires) {
  const Zone new_york = zone("America/New_York");
  source_.set_utc(at("2026-11-01T05:00:00Z"));  // 01:00 for the first time
  for (int minute = 0; minute < 60; ++minute) {
    add({.due = LocalDue{local_days(2026y / November / 1) + 1h + minute * 1min, new_york,
                         Resolve::kLater}});
  }
  EXPECT_THAT(live_until(at("2026-11-01T05:59:00Z")), IsEmpty());
  const std::vector<std::string> fired = live_until(at("2026-11-01T07:00:00Z"));
  ASSERT_EQ(fired.size(), 60u);
  EXPECT_EQ(fired.front(), "2026-11-01T06:00:00Z");
  EXPECT_EQ(fired.back(), "2026-11-01T06:59:00Z");
  EXPECT_EQ(scheduler_.counters().late, 0u);
}

// dizquetv#32: in the repeated hour operators want a choice.
TEST_F(EventFieldNotes, Dizquetv32TheRepeatedHourIsAChoice) {
  const Zone dublin = zone("Europe/Dublin");
  source_.set_utc(at("2026-10-24T12:00:00Z"));
  const LocalTime half_past_one = local_days(2026y / October / 25) + 1h + 30min;
  daily("first", half_past_one, dublin, Resolve::kEarlier);
  daily("second", half_past_one, dublin, Resolve::kLater);
  EXPECT_THAT(live_until(at("2026-10-26T12:00:00Z")),
              ElementsAre("first 2026-10-25T00:30:00Z", "second 2026-10-25T01:30:00Z",
                          "first 2026-10-26T01:30:00Z", "second 2026-10-26T01:30:00Z"));
}

// --- late, and an earlier clock ----------------------------------------------------------------

// node-cron#604 and others: "every 15 minutes" was silent, or ran twice, in the DST night.
TEST_F(EventFieldNotes, NodeCron604EveryQuarterHourHasNoHoleInTheAutumnNight) {
  const Zone london = zone("Europe/London");
  source_.set_utc(at("2026-10-24T23:00:00Z"));
  add({.due = LocalDue{local_days(2026y / October / 25) + 30min, london}, .repeat = Every{15min}});
  EXPECT_THAT(live_until(at("2026-10-25T02:20:00Z")),
              ElementsAre("2026-10-24T23:30:00Z", "2026-10-24T23:45:00Z", "2026-10-25T00:00:00Z",
                          "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z", "2026-10-25T00:45:00Z",
                          "2026-10-25T01:00:00Z", "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z",
                          "2026-10-25T01:45:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:15:00Z"));
}

// CasparCG/server#872: "not played because it was too late".
TEST_F(EventFieldNotes, CasparCG872NothingIsLeftOutForBeingLateUnlessAsked) {
  std::vector<std::string> dropped;
  EventScheduler scheduler(
      source_, {.on_dropped = [&](const FiredEvent& event) { dropped.push_back(event.id); }});
  const UtcTime due = source_.now_utc() + 1s;
  ASSERT_TRUE(scheduler.schedule({.id = "by default", .due = due}).ok());
  ASSERT_TRUE(scheduler.schedule({.id = "asked", .due = due, .max_lateness = 1h}).ok());
  source_.advance(24h);
  const auto fired = scheduler.trigger();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].id, "by default");
  EXPECT_THAT(dropped, ElementsAre("asked")) << "and it is told";
}

// An earlier clock of this kind fired in the order of insertion, replaced silently, and had an inclusive
// upper bound. (It had no lock either: see real_threads_test.cc.)
TEST_F(EventFieldNotes, AnEarlierClockOrderDuplicatesAndUpperBound) {
  const UtcTime start = source_.now_utc();
  add({.id = "second", .due = start + 2s});
  add({.id = "first", .due = start + 1s});
  EXPECT_EQ(scheduler_.schedule({.id = "first", .due = start + 9s}).status().code(),
            absl::StatusCode::kAlreadyExists);
  const auto pending = scheduler_.pending(start, start + 2s);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].id, "first");
  EXPECT_THAT(live_until(start + 1min),
              ElementsAre("first 2026-03-28T12:00:01Z", "second 2026-03-28T12:00:02Z"));
}

}  // namespace
}  // namespace masterclock::regression_test
