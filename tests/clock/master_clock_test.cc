#include "masterclock/master_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "masterclock/masterclock.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::master_clock_test {
namespace {

using namespace std::chrono;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr UtcTime kStart = sys_days(2026y / March / 29) + 59min + 59s + 123'456'789ns;

class MasterClockTest : public ::testing::Test {
 protected:
  EventRequest at(std::string id, UtcTime due) {
    EventRequest request;
    request.action = [this](const FiredEvent& event) { ran_.push_back(event.id); };
    request.id = std::move(id);
    request.due = due;
    return request;
  }

  testing::ManualTimeSource source_{kStart};
  MasterClock clock_{source_};
  std::vector<std::string> ran_;
};

TEST_F(MasterClockTest, ReadsAtThePrecisionOfItsPolicy) {
  static_assert(std::is_same_v<decltype(clock_.now_utc()), UtcTime>);
  EXPECT_EQ(clock_.now_utc(), kStart);
  EXPECT_EQ(BasicMasterClock<MicrosecondPrecision>(source_).now_utc(), kStart - 789ns);
  EXPECT_EQ(BasicMasterClock<SecondPrecision>(source_).now_utc(), floor<seconds>(kStart));
  EXPECT_EQ(BasicMasterClock<MillisecondPrecision>(source_).now_utc(), floor<milliseconds>(kStart));
  EXPECT_EQ(BasicMasterClock<NanosecondPrecision>(source_).now_utc(), kStart);
  EXPECT_EQ(&clock_.source(), &source_);
}

TEST_F(MasterClockTest, TheDefaultIsTheMachinesClock) {
  MasterClock clock;
  EXPECT_EQ(&clock.source(), &SystemTimeSource::shared());
  const auto first = clock.now_utc();
  EXPECT_LE(first, SystemTimeSource::shared().now_utc() + 24h);
  EXPECT_GE(first, SystemTimeSource::shared().now_utc() - 24h);
}

TEST_F(MasterClockTest, ReadsTheWallThroughTheNightTheClocksGoForward) {
  const Zone dublin = clock_.zone("Europe/Dublin").value();
  EXPECT_EQ(to_rfc3339(clock_.now_local(dublin)), "2026-03-29T00:59:59.123456789+00:00");
  source_.advance(1s);
  EXPECT_EQ(to_rfc3339(clock_.now_local(dublin)), "2026-03-29T02:00:00.123456789+01:00");
  EXPECT_EQ(to_rfc3339(clock_.now_local("Europe/Dublin").value()),
            "2026-03-29T02:00:00.123456789+01:00");
  EXPECT_EQ(clock_.now_local("Mars/Base").status().message(), "Invalid timezone 'Mars/Base'");
  EXPECT_EQ(clock_.zone("Mars/Base").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MasterClockTest, ElapsedTimeIsExactAndSigned) {
  EXPECT_EQ(clock_.elapsed_since(kStart - 1h), 1h);
  EXPECT_EQ(clock_.elapsed_since(kStart + 1ns), -1ns);
  EXPECT_DOUBLE_EQ(clock_.seconds_since(kStart - 1500ms), 1.5);
  EXPECT_DOUBLE_EQ(clock_.seconds_since(kStart), 0.0);
  EXPECT_DOUBLE_EQ(clock_.seconds_since(kStart + 1h), 0.0) << "a time to come is no negative age";
  EXPECT_EQ(clock_.elapsed_since(UtcTime::min()), nanoseconds::max()) << "saturated, not wrapped";
}

TEST_F(MasterClockTest, ConvertsBetweenWalls) {
  const LocalTime evening = local_days(2026y / July / 4) + 20h;
  const ZonedTime there =
      clock_.convert_timezone(evening, "America/New_York", "Europe/Dublin").value();
  EXPECT_EQ(to_rfc3339(there), "2026-07-05T01:00:00.000000000+01:00");
  EXPECT_EQ(there.zone.name(), "Europe/Dublin");
  EXPECT_EQ(to_rfc3339(clock_.convert_timezone(there.utc, "Asia/Kathmandu").value()),
            "2026-07-05T05:45:00.000000000+05:45");
  const LocalTime skipped = local_days(2026y / March / 29) + 1h + 30min;
  EXPECT_EQ(clock_.convert_timezone(skipped, "Europe/Dublin", "UTC").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(clock_.convert_timezone(skipped, "Europe/Dublin", "UTC", Resolve::kSnap)->utc,
            sys_days(2026y / March / 29) + 1h);
  EXPECT_EQ(clock_.convert_timezone(evening, "Mars/Base", "UTC").status().message(),
            "Invalid timezone 'Mars/Base'");
  EXPECT_EQ(clock_.convert_timezone(evening, "UTC", "Mars/Base").status().message(),
            "Invalid timezone 'Mars/Base'");
  EXPECT_EQ(clock_.convert_timezone(kStart, "Mars/Base").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(MasterClockTest, DescribesAZoneAsItIsNow) {
  const TimezoneInfo winter = clock_.get_timezone_info("Europe/Dublin").value();
  EXPECT_EQ(winter.name, "Europe/Dublin");
  EXPECT_EQ(winter.offset, 0s);
  EXPECT_EQ(winter.abbreviation, "GMT");
  EXPECT_FALSE(winter.daylight);
  EXPECT_EQ(winter.next_change, sys_days(2026y / March / 29) + 1h);
  source_.advance(1s);
  EXPECT_TRUE(clock_.get_timezone_info("Europe/Dublin")->daylight);
  EXPECT_EQ(clock_.get_timezone_info("UTC")->next_change, std::nullopt);
  EXPECT_EQ(clock_.get_timezone_info("Mars/Base").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MasterClockTest, KnowsItsZonesAndForgetsThem) {
  EXPECT_THAT(clock_.cached_timezones(), IsEmpty());
  const Zone paris = clock_.zone("Europe/Paris").value();
  ASSERT_TRUE(clock_.now_local("Asia/Tokyo").ok());
  EXPECT_THAT(clock_.cached_timezones(), ElementsAre("Asia/Tokyo", "Europe/Paris"));
  clock_.clear_timezone_cache();
  EXPECT_THAT(clock_.cached_timezones(), IsEmpty());
  EXPECT_EQ(clock_.now_local(paris).offset, 0s + 1h);
}

TEST_F(MasterClockTest, TakesANewTimezoneDatabaseWithoutARestart) {
  const Zone before = clock_.zone("Europe/Paris").value();
  const auto report = clock_.reload_timezones();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->to, clock_.tzdata_version());
  EXPECT_THAT(report->changed, IsEmpty()) << "nothing changed on disk, and both readers agree";
  EXPECT_EQ(clock_.zone("Europe/Paris").value(), before);
}

TEST_F(MasterClockTest, FiresWhatIsDueInOrder) {
  ASSERT_TRUE(clock_.schedule_event(at("second", kStart + 2s)).ok());
  ASSERT_TRUE(clock_.schedule_event(at("first", kStart + 1s)).ok());
  ASSERT_TRUE(clock_.schedule_event(at("third", kStart + 2s)).ok());
  EXPECT_EQ(clock_.next_event_time(), kStart + 1s);
  EXPECT_THAT(clock_.trigger_scheduled_events(), IsEmpty());
  ASSERT_TRUE(clock_.schedule_event(kStart + 2s, [&](auto&) { ran_.push_back("fourth"); }).ok());
  source_.advance(3s);
  const std::vector<FiredEvent> fired = clock_.trigger_scheduled_events();
  EXPECT_THAT(ran_, ElementsAre("first", "second", "third", "fourth"));
  ASSERT_EQ(fired.size(), 4u);
  EXPECT_EQ(fired[0].due, kStart + 1s);
  EXPECT_EQ(fired[0].fired, kStart + 3s);
  EXPECT_EQ(fired[0].lateness, 2s);
  EXPECT_EQ(clock_.next_event_time(), std::nullopt);
}

TEST_F(MasterClockTest, SchedulesOnTheWallAndOnTheSteadyTimeline) {
  EventRequest wall;
  wall.id = "breakfast";
  wall.due = LocalDue{local_days(2026y / March / 29) + 6h, clock_.zone("Europe/Dublin").value(),
                      Resolve::kReject};
  ASSERT_TRUE(clock_.schedule_event(std::move(wall)).ok());
  EXPECT_EQ(clock_.next_event_time(), sys_days(2026y / March / 29) + 5h);
  EventRequest soon;
  soon.id = "soon";
  soon.due = After{500ms};
  ASSERT_TRUE(clock_.schedule_event(std::move(soon)).ok());
  source_.step_utc(-1h);
  source_.advance(500ms);
  const auto fired = clock_.trigger_scheduled_events();
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_EQ(fired[0].id, "soon");
  EXPECT_EQ(fired[0].lateness, 0ns);
}

TEST_F(MasterClockTest, CancelsAndReschedulesByHandleAndByName) {
  const EventHandle handle = clock_.schedule_event(at("a", kStart + 1s)).value();
  ASSERT_TRUE(clock_.schedule_event(at("b", kStart + 2s)).ok());
  EXPECT_TRUE(clock_.reschedule_event(handle, kStart + 5s).ok());
  EXPECT_TRUE(clock_.reschedule_event("b", kStart + 4s).ok());
  EXPECT_EQ(clock_.next_event_time(), kStart + 4s);
  EXPECT_EQ(clock_.reschedule_event("c", kStart).code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(clock_.cancel_event("b"));
  EXPECT_FALSE(clock_.cancel_event("b"));
  EXPECT_TRUE(clock_.cancel_event(handle));
  EXPECT_FALSE(clock_.cancel_event(handle));
  EXPECT_EQ(clock_.reschedule_event(handle, kStart).code(), absl::StatusCode::kNotFound);
  source_.advance(1h);
  EXPECT_THAT(clock_.trigger_scheduled_events(), IsEmpty());
}

TEST_F(MasterClockTest, ListsAndCancelsHalfOpenRanges) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(clock_.schedule_event(at(std::to_string(i), kStart + seconds(i))).ok());
  }
  const auto ids = [&](UtcTime from, UtcTime until) {
    std::vector<std::string> found;
    for (const ScheduledEvent& e : clock_.get_scheduled_events(from, until)) found.push_back(e.id);
    return found;
  };
  EXPECT_THAT(ids(kStart + 1s, kStart + 3s), ElementsAre("1", "2"));
  EXPECT_EQ(clock_.cancel_events(kStart + 1s, kStart + 3s), 2u);
  EXPECT_THAT(ids(UtcTime::min(), UtcTime::max()), ElementsAre("0", "3", "4"));
}

TEST_F(MasterClockTest, CountsWhatItDid) {
  (void)clock_.zone("Europe/Paris");
  (void)clock_.zone("Europe/Paris");
  ASSERT_TRUE(clock_.schedule_event(at("a", kStart)).ok());
  ASSERT_TRUE(clock_.schedule_event(at("b", kStart + 1h)).ok());
  ASSERT_TRUE(clock_.schedule_event(at("c", kStart + 1h)).ok());
  EventRequest failing;
  failing.due = kStart;
  failing.action = [](const FiredEvent&) { throw std::runtime_error("no media"); };
  ASSERT_TRUE(clock_.schedule_event(std::move(failing)).ok());
  EXPECT_TRUE(clock_.cancel_event("c"));
  source_.advance(1s);
  clock_.trigger_scheduled_events();
  const ClockMetrics m = clock_.metrics();
  EXPECT_EQ(m.zone_hits, 1u);
  EXPECT_EQ(m.zone_misses, 1u);
  EXPECT_EQ(m.events_scheduled, 4u);
  EXPECT_EQ(m.events_fired, 2u);
  EXPECT_EQ(m.events_cancelled, 1u);
  EXPECT_EQ(m.events_late, 2u);
  EXPECT_EQ(m.events_failed, 1u);
  EXPECT_EQ(m.events_pending, 1u);
}

TEST_F(MasterClockTest, ValidatesItself) {
  EXPECT_TRUE(clock_.validate_time_consistency().consistent());
  source_.step_utc(1h);
  EXPECT_FALSE(clock_.validate_time_consistency().consistent());
}

struct Recorder final : MasterClockObserver {
  std::vector<std::string> heard;
  void zone_hit(std::string_view name) override { heard.push_back("hit " + std::string(name)); }
  void zone_miss(std::string_view name) override { heard.push_back("miss " + std::string(name)); }
  void zone_fallback(std::string_view name) override {
    heard.push_back("fallback " + std::string(name));
  }
  void event_scheduled(const ScheduledEvent& e) override { heard.push_back("scheduled " + e.id); }
  void event_fired(const FiredEvent& e) override { heard.push_back("fired " + e.id); }
  void event_late(const FiredEvent& e) override { heard.push_back("late " + e.id); }
  void event_failed(const FiredEvent& e, std::exception_ptr error) override {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& what) {
      heard.push_back("failed " + e.id + ": " + what.what());
    }
  }
  void event_dropped(const FiredEvent& e) override { heard.push_back("dropped " + e.id); }
  void clock_step(const TimeChange& change) override {
    heard.push_back(std::string(to_string(change.kind)) + " " + std::to_string(change.size() / 1s) +
                    " s");
  }
};

TEST(MasterClockObserverTest, HearsEverythingThatALogWants) {
  testing::ManualTimeSource source(kStart);
  const auto recorder = std::make_shared<Recorder>();
  MasterClockOptions options;
  options.observer = recorder;
  options.late_after = 10s;
  MasterClock clock(source, options);
  (void)clock.zone("Europe/Paris");
  (void)clock.now_local("Europe/Paris");
  (void)clock.zones().find_or_utc("Mars/Base");
  EventRequest news;
  news.id = "news";
  news.due = kStart + 1s;
  news.action = [](const FiredEvent&) { throw std::runtime_error("no media"); };
  ASSERT_TRUE(clock.schedule_event(std::move(news)).ok());
  EventRequest film;
  film.id = "film";
  film.due = kStart + 9s;
  ASSERT_TRUE(clock.schedule_event(std::move(film)).ok());
  EventRequest jingle;
  jingle.id = "jingle";
  jingle.due = kStart + 2s;
  jingle.max_lateness = 5s;
  ASSERT_TRUE(clock.schedule_event(std::move(jingle)).ok());
  source.step_utc(-2s);
  source.advance(14s);
  clock.trigger_scheduled_events();
  EXPECT_THAT(
      recorder->heard,
      ElementsAre("miss Europe/Paris", "hit Europe/Paris", "miss Mars/Base", "fallback Mars/Base",
                  "scheduled news", "scheduled film", "scheduled jingle", "step -2 s", "late news",
                  "failed news: no media", "fired news", "dropped jingle", "fired film"));
}

TEST_F(MasterClockTest, TakesNoMoreEventsThanItMayKeep) {
  MasterClockOptions options;
  options.max_pending = 2;
  MasterClock clock(source_, options);
  ASSERT_TRUE(clock.schedule_event(at("news", kStart + 1s)).ok());
  ASSERT_TRUE(clock.schedule_event(at("film", kStart + 2s)).ok());
  const auto third = clock.schedule_event(at("late news", kStart + 3s));
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  source_.advance(1s);
  clock.trigger_scheduled_events();
  EXPECT_TRUE(clock.schedule_event(at("late news", kStart + 3s)).ok());
  EXPECT_EQ(clock.metrics().events_pending, 2u);
}

TEST_F(MasterClockTest, RunsALoopWithoutLists) {
  EXPECT_EQ(clock_.until_next_event(), std::nullopt);
  ASSERT_TRUE(clock_.schedule_event(at("a", kStart + 1s)).ok());
  EXPECT_EQ(clock_.until_next_event(), 1s);
  EXPECT_EQ(clock_.run_due(), 0u);
  source_.advance(3s);
  EXPECT_EQ(clock_.until_next_event(), -2s);
  EXPECT_EQ(clock_.run_due(), 1u);
  EXPECT_THAT(ran_, ElementsAre("a"));
}

TEST_F(MasterClockTest, CancelsAScopedEventWithItsOwner) {
  {
    const auto owner = clock_.schedule_scoped_event(at("a", kStart + 1s));
    ASSERT_TRUE(owner.ok());
    EXPECT_EQ(clock_.schedule_scoped_event(at("a", kStart)).status().code(),
              absl::StatusCode::kAlreadyExists);
  }
  EXPECT_EQ(clock_.next_event_time(), std::nullopt);
}

TEST_F(MasterClockTest, CountsDroppedAndSkippedEventsApart) {
  EventRequest ad = at("ad", kStart + 1s);
  ad.max_lateness = 1s;
  ASSERT_TRUE(clock_.schedule_event(std::move(ad)).ok());
  EventRequest tick = at("tick", kStart + 1s);
  tick.repeat = Every{1s};
  ASSERT_TRUE(clock_.schedule_event(std::move(tick)).ok());
  source_.advance(10s);
  clock_.run_due();
  EXPECT_THAT(ran_, ElementsAre("tick"));
  const ClockMetrics m = clock_.metrics();
  EXPECT_EQ(m.events_fired, 1u);
  EXPECT_EQ(m.events_dropped, 1u);
  EXPECT_EQ(m.events_skipped, 9u);
}

struct Thrower final : MasterClockObserver {
  void zone_miss(std::string_view) override { throw std::runtime_error("log full"); }
  void clock_step(const TimeChange&) override { throw std::runtime_error("log full"); }
};

TEST(MasterClockObserverTest, WhatItThrowsIsDropped) {
  testing::ManualTimeSource source(kStart);
  MasterClockOptions options;
  options.observer = std::make_shared<Thrower>();
  MasterClock clock(source, options);
  EXPECT_TRUE(clock.zone("Europe/Paris").ok());
  source.step_utc(1s);
}

TEST(RealThreads, EveryMemberMayBeCalledFromAnyThread) {
  testing::ManualTimeSource source(kStart);
  MasterClock clock(source);
  std::atomic<int> fired{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        EventRequest request;
        request.id = std::to_string(t) + "/" + std::to_string(i);
        request.due = kStart + milliseconds(i);
        request.action = [&](const FiredEvent&) { ++fired; };
        ASSERT_TRUE(clock.schedule_event(std::move(request)).ok());
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      clock.clear_timezone_cache();
      ASSERT_TRUE(clock.now_local("Europe/Paris").ok());
      (void)clock.metrics();
      (void)clock.validate_time_consistency();
      (void)clock.get_scheduled_events(UtcTime::min(), UtcTime::max());
    }
  });
  for (int i = 0; i < 100; ++i) {
    source.advance(5ms);
    clock.trigger_scheduled_events();
  }
  threads[0].join();
  threads[1].join();
  source.advance(1h);
  clock.trigger_scheduled_events();
  stop = true;
  threads[2].join();
  EXPECT_EQ(fired, 1'000);
}

}  // namespace
}  // namespace masterclock::master_clock_test
