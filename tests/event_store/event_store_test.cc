#include "event_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../common/temporary_database.h"
#include "common/time_text.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/zones/zone_database.h"

namespace event_store::event_store_test {
namespace {

using common::Database;
using common::TemporaryDatabase;
using common::Transaction;

using namespace std::chrono;
using masterclock::MasterClock;
using masterclock::MasterClockOptions;
using masterclock::OnMisfire;
using masterclock::Resolve;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr UtcTime kStart = sys_days(2026y / March / 27) + 12h;

// A process: its memory goes when it ends, its file stays.
struct Life {
  Life(const TemporaryDatabase& file, UtcTime now, MasterClockOptions options = {})
      : source(now), clock(source, std::move(options)) {
    auto opened = EventStore::open(clock, file.path(), {.create = true, .busy_timeout = 0ms});
    if (!opened.ok()) throw std::runtime_error(std::string(opened.status().message()));
    store = *std::move(opened);
    store->handle_others([this](Firing& firing) {
      fired.push_back(firing.event().id + " " + common::utc_text(firing.event().due));
      return absl::OkStatus();
    });
  }
  Life(const TemporaryDatabase& file, milliseconds after) : Life(file, kStart + after) {}

  void load(std::size_t expected) {
    const auto loaded = store->load();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(*loaded, expected);
  }
  void add(StoredEvent event) {
    const absl::Status added = store->schedule(event);
    ASSERT_TRUE(added.ok()) << added;
  }
  std::vector<std::string> advance(nanoseconds by) {
    fired.clear();
    source.advance(by);
    clock.trigger_scheduled_events();
    return fired;
  }
  std::vector<std::string> outcomes() const {
    std::vector<std::string> found;
    const auto rows = store->fired();
    EXPECT_TRUE(rows.ok()) << rows.status();
    for (const FiredRow& row : rows.value()) {
      found.push_back(row.id + " " + row.outcome + (row.error.empty() ? "" : ": " + row.error));
    }
    return found;
  }

  ManualTimeSource source;
  MasterClock clock;
  std::vector<std::string> fired;
  std::unique_ptr<EventStore> store;
};

StoredEvent at(std::string id, nanoseconds after) {
  return {.id = std::move(id), .type = "scene", .payload = "studio 2", .due = kStart + after};
}

std::string message_of(const absl::Status& status) { return std::string(status.message()); }

TEST(EventStoreTest, AnEventThatDidNotFireFiresInTheNextProcessWithItsLateness) {
  const TemporaryDatabase file;
  {
    Life life(file, 0s);
    life.add(at("film", 30s));
    life.add(at("news", 10s));
    life.add(at("weather", 20s));
    EXPECT_THAT(life.advance(10s), ElementsAre("news 2026-03-27T12:00:10Z"));
  }
  Life life(file, 25s);
  life.load(2);
  EXPECT_THAT(life.advance(0s), ElementsAre("weather 2026-03-27T12:00:20Z"));
  EXPECT_THAT(life.advance(5s), ElementsAre("film 2026-03-27T12:00:30Z"));
  EXPECT_THAT(life.outcomes(), ElementsAre("news fired", "weather fired", "film fired"));
  const auto rows = life.store->fired();
  EXPECT_EQ(rows->at(1).lateness, 5s);
  EXPECT_EQ(rows->at(1).fired, kStart + 25s);
  EXPECT_EQ(rows->at(1).type, "scene");
  EXPECT_EQ(rows->at(1).payload, "studio 2");
  EXPECT_THAT(life.store->pending().value(), IsEmpty());
}

TEST(EventStoreTest, EventsOfOneTimeKeepTheOrderOfScheduling) {
  const TemporaryDatabase file;
  {
    Life life(file, 0s);
    for (const char* const id : {"z", "a", "m"}) life.add(at(id, 1s));
  }
  Life life(file, 1s);
  life.load(3);
  EXPECT_THAT(life.advance(0s), ElementsAre("z 2026-03-27T12:00:01Z", "a 2026-03-27T12:00:01Z",
                                            "m 2026-03-27T12:00:01Z"));
}

TEST(EventStoreTest, LoadingTwiceBringsNothingTwice) {
  const TemporaryDatabase file;
  Life life(file, 0s);
  life.add(at("news", 1s));
  life.load(0);
  life.load(0);
  EXPECT_EQ(life.advance(1s).size(), 1u);
  life.load(0);
  EXPECT_THAT(life.advance(1s), IsEmpty());
}

TEST(EventStoreTest, ADayAtOnceIsKeptWholeOrNotAtAll) {
  const TemporaryDatabase file;
  Life life(file, 0s);
  const absl::Status refused = life.store->schedule_all({at("a", 1s), at("b", 1s), at("a", 2s)});
  EXPECT_TRUE(absl::IsAlreadyExists(refused));
  EXPECT_EQ(message_of(refused), file.path() + ": event 'a' is already pending");
  EXPECT_THAT(life.store->pending().value(), IsEmpty());
  EXPECT_FALSE(life.clock.next_event_time());
  ASSERT_TRUE(life.store->schedule_all({at("a", 1s), at("b", 1s)}).ok());
  EXPECT_EQ(life.advance(1s).size(), 2u);
}

TEST(EventStoreTest, TheWritesOfAHandlerAreCommittedWithTheEvent) {
  const TemporaryDatabase file;
  Life life(file, 0s);
  auto other = Database::open(file.path());
  ASSERT_TRUE((*other)->run("CREATE TABLE aired (id TEXT)").ok());
  life.store->handle("air", [&](Firing& firing) {
    firing.write("INSERT INTO aired VALUES (?1)", {firing.event().id});
    return absl::OkStatus();
  });
  life.store->handle("fail", [&](Firing& firing) {
    firing.write("INSERT INTO aired VALUES (?1)", {firing.event().id});
    (void)firing.schedule(at("follower of the failed", 5s));
    return absl::NotFoundError("no signal");
  });
  life.store->handle("throw", [](Firing& firing) -> absl::Status {
    firing.write("INSERT INTO aired VALUES (?1)", {firing.event().id});
    throw std::runtime_error("no media");
  });
  life.add({.id = "good", .type = "air", .due = kStart + 1s});
  life.add({.id = "bad", .type = "fail", .due = kStart + 2s});
  life.add({.id = "worse", .type = "throw", .due = kStart + 3s});
  life.advance(3s);
  auto row = (*other)->query("SELECT group_concat(id) FROM aired");
  ASSERT_TRUE(row->step().value());
  EXPECT_EQ(row->text(0), "good");
  EXPECT_THAT(life.outcomes(),
              ElementsAre("good fired", "bad failed: no signal", "worse failed: no media"));
  EXPECT_EQ(life.clock.metrics().events_failed, 2u);
  EXPECT_TRUE(life.store->status().ok());
  EXPECT_THAT(life.store->pending().value(), IsEmpty());
}

TEST(EventStoreTest, AHandlerSchedulesWhatFollows) {
  const TemporaryDatabase file;
  const auto chain = [](Life& life) {
    life.store->handle("chain", [&life](Firing& firing) {
      life.fired.push_back(firing.event().id);
      return firing.schedule(
          {.id = firing.event().id + "+", .type = "chain", .due = firing.event().due + 10s});
    });
  };
  {
    Life life(file, 0s);
    chain(life);
    life.add({.id = "a", .type = "chain", .due = kStart + 1s});
    EXPECT_THAT(life.advance(11s), ElementsAre("a", "a+"));
    life.load(0);
  }
  Life life(file, 21s);
  chain(life);
  life.load(1);
  EXPECT_THAT(life.advance(0s), ElementsAre("a++"));
}

// Begins twelve hours before Dublin's clocks go forward. Each day has a new process.
TEST(EventStoreTest, EveryDayAtSixStaysAtSixThroughAChangeOfClocks) {
  const TemporaryDatabase file;
  {
    Life life(file, 0s);
    life.add({.id = "opening",
              .type = "show",
              .due = WallTime{local_days(2026y / March / 28) + 6h, "Europe/Dublin"},
              .days = masterclock::kEveryDay});
  }
  std::vector<std::string> all;
  for (int day = 0; day < 4; ++day) {
    Life life(file, kStart + days(day));
    life.load(1);
    for (const std::string& event : life.advance(24h)) all.push_back(event);
  }
  EXPECT_THAT(all, ElementsAre("opening 2026-03-28T06:00:00Z", "opening 2026-03-29T05:00:00Z",
                               "opening 2026-03-30T05:00:00Z", "opening 2026-03-31T05:00:00Z"));
}

// The rules of the zone change while no process runs: those of Dublin become those of Paris.
TEST(EventStoreTest, AWallTimeFollowsNewRulesOfItsZone) {
  const TemporaryDatabase file;
  const std::filesystem::path system = masterclock::ZoneDatabase::system().directory();
  const auto rules = [&](const char* name, const char* zone) {
    const std::filesystem::path directory = std::filesystem::path(file.directory()) / name;
    std::filesystem::create_directories(directory / "Our");
    std::filesystem::copy_file(system / zone, directory / "Our" / "Station");
    return directory;
  };
  masterclock::ZoneDatabase before(rules("before", "Europe/Dublin"));
  masterclock::ZoneDatabase after(rules("after", "Europe/Paris"));
  MasterClockOptions options;
  options.zones = &before;
  const WallTime six{local_days(2026y / July / 1) + 6h, "Our/Station", Resolve::kSnap};
  {
    Life life(file, kStart, options);
    life.add({.id = "once", .type = "show", .due = six});
    EXPECT_EQ(life.store->pending()->at(0).due, UtcTime(sys_days(2026y / July / 1) + 5h));
  }
  options.zones = &after;
  Life life(file, kStart, options);
  life.load(1);
  EXPECT_EQ(life.clock.next_event_time(), UtcTime(sys_days(2026y / July / 1) + 4h));
  const auto pending = life.store->pending();
  EXPECT_EQ(pending->at(0).due, UtcTime(sys_days(2026y / July / 1) + 4h));
  const auto& kept = std::get<WallTime>(pending->at(0).event.due);
  EXPECT_EQ(kept.local, six.local);
  EXPECT_EQ(kept.zone, "Our/Station");
  EXPECT_EQ(kept.resolve, Resolve::kSnap);
  EXPECT_EQ(life.advance(days(120)).size(), 1u);
}

TEST(EventStoreTest, ARepeatingEventThatSleptDoesAsItsPolicySays) {
  const struct {
    OnMisfire policy;
    std::vector<std::string> fired;
    std::int64_t skipped;
  } cases[] = {
      {OnMisfire::kRunAll,
       {"id 2026-03-27T12:02:00Z", "id 2026-03-27T12:03:00Z", "id 2026-03-27T12:04:00Z",
        "id 2026-03-27T12:05:00Z"},
       0},
      {OnMisfire::kRunLast, {"id 2026-03-27T12:04:00Z", "id 2026-03-27T12:05:00Z"}, 2},
      {OnMisfire::kSkip, {"id 2026-03-27T12:05:00Z"}, 3},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(to_text(c.policy));
    const TemporaryDatabase file;
    {
      Life life(file, 0s);
      StoredEvent event = at("id", 60s);
      event.every = 60s;
      event.on_misfire = c.policy;
      life.add(event);
      EXPECT_EQ(life.advance(60s).size(), 1u);
    }
    Life life(file, 4min + 30s);
    life.load(1);
    std::vector<std::string> fired = life.advance(0s);
    for (const std::string& event : life.advance(30s)) fired.push_back(event);
    EXPECT_EQ(fired, c.fired);
    const auto rows = life.store->fired();
    EXPECT_EQ(rows->size(), 1 + c.fired.size());
    EXPECT_EQ(rows->at(1).skipped, c.skipped);
    EXPECT_EQ(life.store->pending()->at(0).due, kStart + 6min);
  }
}

TEST(EventStoreTest, TooLateIsRecordedAsDropped) {
  const TemporaryDatabase file;
  {
    Life life(file, 0s);
    for (const auto& [id, limit] : {std::pair("strict", 59s), std::pair("patient", 60s)}) {
      StoredEvent event = at(id, 0s);
      event.max_lateness = limit;
      life.add(event);
    }
  }
  Life life(file, 60s);
  life.load(2);
  EXPECT_THAT(life.advance(0s), ElementsAre("patient 2026-03-27T12:00:00Z"));
  EXPECT_THAT(life.outcomes(), ElementsAre("strict dropped", "patient fired"));
}

TEST(EventStoreTest, AnEventThatCannotBeCommittedStaysPending) {
  const TemporaryDatabase file;
  Life life(file, 0s);
  life.add(at("news", 1s));
  StoredEvent hourly = at("hourly", 2s);
  hourly.every = 1h;
  life.add(hourly);
  {
    auto other = Database::open(file.path());
    auto held = Transaction::begin(**other);
    ASSERT_TRUE(held.ok());
    EXPECT_THAT(life.advance(2s), IsEmpty());
    EXPECT_EQ(life.clock.metrics().events_failed, 2u);
    EXPECT_EQ(message_of(life.store->status()),
              file.path() + ": database is locked, at 'BEGIN IMMEDIATE'");
    const absl::Status refused = life.store->schedule(at("late", 9s));
    EXPECT_TRUE(absl::IsUnavailable(refused));
  }
  life.load(2);
  EXPECT_THAT(life.advance(0s),
              ElementsAre("news 2026-03-27T12:00:01Z", "hourly 2026-03-27T12:00:02Z"));
  EXPECT_THAT(life.outcomes(), ElementsAre("news fired", "hourly fired"));
  EXPECT_THAT(life.advance(1h), ElementsAre("hourly 2026-03-27T13:00:02Z"));
}

// Issue 19: stdout cannot be written, or a receiver is gone. The next process hands the event over.
TEST(EventStoreTest, AnEventThatWasNotHandedOverStaysPending) {
  const TemporaryDatabase file;
  {
    Life life(file, 0s);
    bool reachable = true;
    life.store->handle("out", [&](Firing& firing) {
      life.fired.push_back(firing.event().id);
      firing.write("INSERT INTO fired SELECT * FROM no_such_table");
      return reachable ? absl::OkStatus() : absl::UnavailableError("the receiver is gone");
    });
    StoredEvent often{.id = "often", .type = "out", .due = kStart + 1s, .every = 1s};
    reachable = false;
    life.add(often);
    life.add(at("later", 2s));
    life.load(0);
    EXPECT_THAT(life.advance(2s), ElementsAre("often")) << "no event after it overtakes it";
    EXPECT_EQ(message_of(life.store->status()), "the receiver is gone");
    EXPECT_THAT(life.outcomes(), IsEmpty());
    EXPECT_EQ(life.store->pending()->size(), 2u);
  }
  Life life(file, 2s);
  life.load(2);
  EXPECT_THAT(life.advance(0s),
              ElementsAre("often 2026-03-27T12:00:02Z", "later 2026-03-27T12:00:02Z"));
}

// Issue 20: a handler waits, as for a slow reader of stdout, and other processes go on.
TEST(EventStoreTest, ASlowHandlerKeepsNoOtherProcessWaiting) {
  const TemporaryDatabase file;
  Life slow(file, 0s), desk(file, 0s);  // both give up a lock at once
  slow.store->handle("slow", [&](Firing&) {
    EXPECT_TRUE(desk.store->schedule(at("added", 5s)).ok());
    EXPECT_TRUE(desk.store->cancel("film").value());
    EXPECT_EQ(desk.store->pending()->size(), 2u);
    EXPECT_TRUE(desk.store->fired()->empty());
    EXPECT_TRUE(slow.store->schedule(at("by the handler", 6s)).ok()) << "nor its own store";
    return absl::OkStatus();
  });
  slow.add({.id = "news", .type = "slow", .due = kStart + 1s});
  slow.add(at("film", 2s));
  slow.advance(2s);
  EXPECT_THAT(slow.outcomes(), ElementsAre("news fired"));
  slow.load(1);
  EXPECT_THAT(slow.advance(4s),
              ElementsAre("added 2026-03-27T12:00:05Z", "by the handler 2026-03-27T12:00:06Z"));
}

// An event fires once or is cancelled once, never both.
TEST(EventStoreTest, AnEventThatFiresNowIsNotCancelled) {
  const TemporaryDatabase file;
  Life on_air(file, 0s), desk(file, 0s);
  std::vector<bool> cancelled;
  on_air.store->handle("cancel", [&](Firing& firing) {
    EventStore& store = firing.event().payload == "desk" ? *desk.store : *on_air.store;
    cancelled.push_back(store.cancel(firing.event().id).value());
    return absl::OkStatus();
  });
  for (const char* const by : {"desk", "itself"}) {
    cancelled.clear();
    const StoredEvent once{.id = "once", .type = "cancel", .payload = by, .due = kStart + 1s};
    StoredEvent repeating = once;
    repeating.id = "repeating";
    repeating.every = 1s;
    on_air.add(once);
    on_air.add(repeating);
    on_air.advance(1s);
    EXPECT_THAT(cancelled, ElementsAre(false, true)) << by;
    EXPECT_THAT(on_air.store->pending().value(), IsEmpty()) << by;
    on_air.advance(1s);
    EXPECT_THAT(cancelled, ElementsAre(false, true)) << by << ": it does not occur again";
  }
  EXPECT_THAT(on_air.outcomes(),
              ElementsAre("once fired", "repeating fired", "once fired", "repeating fired"));
}

TEST(EventStoreTest, AHandlerWhoseFollowersCannotBeAddedHasFailed) {
  const TemporaryDatabase file;
  Life life(file, 0s);
  life.store->handle("chain", [&](Firing& firing) {
    EXPECT_TRUE(firing.schedule(at("follower", 5s)).ok());
    return firing.schedule(at("film", 5s));
  });
  life.add(at("film", 9s));
  life.add({.id = "chain", .type = "chain", .due = kStart + 1s});
  life.advance(1s);
  EXPECT_THAT(life.outcomes(),
              ElementsAre("chain failed: " + file.path() + ": event 'film' is already pending"));
  ASSERT_EQ(life.store->pending()->size(), 1u);
}

// AzuraCast and others: "every 15 minutes" in local time is silent for an hour in the autumn night.
TEST(EventStoreTest, AnIntervalIsElapsedTimeInADstNight) {
  const TemporaryDatabase file;
  constexpr UtcTime kNight = sys_days(2026y / October / 25);
  std::vector<std::string> all;
  for (int hour = 0; hour < 3; ++hour) {
    Life life(file, kNight + hours(hour));
    if (hour == 0) {
      life.add({.id = "jingle",
                .type = "show",
                .due = WallTime{local_days(2026y / October / 25) + 1h, "Europe/Dublin"},
                .every = 30min});
    } else {
      life.load(1);
    }
    for (int step = 0; step < 2; ++step) {
      for (const std::string& event : life.advance(step == 0 ? 0min : 30min)) all.push_back(event);
    }
  }
  EXPECT_THAT(all, ElementsAre("jingle 2026-10-25T00:00:00Z", "jingle 2026-10-25T00:30:00Z",
                               "jingle 2026-10-25T01:00:00Z", "jingle 2026-10-25T01:30:00Z",
                               "jingle 2026-10-25T02:00:00Z", "jingle 2026-10-25T02:30:00Z"));
}

TEST(EventStoreTest, ARepetitionReachesBothEndsOfTime) {
  const TemporaryDatabase file;
  const UtcTime first = ceil<seconds>(UtcTime::min()), last = UtcTime::max();
  {
    Life life(file, first);
    StoredEvent daily = at("daily", 0s);
    daily.due = WallTime{masterclock::LocalTime(first.time_since_epoch()), "UTC"};
    daily.days = masterclock::kEveryDay;
    life.add(daily);
    EXPECT_THAT(life.advance(0s), ElementsAre("daily 1677-09-21T00:12:44Z"));
    EXPECT_TRUE(life.store->cancel("daily").ok());
  }
  Life life(file, last - 1h);
  StoredEvent every = at("every", 0s);
  every.due = last - 1h;
  every.every = 1h;
  life.add(every);
  EXPECT_THAT(life.advance(0s), ElementsAre("every 2262-04-11T22:47:16.854775807Z"));
  EXPECT_THAT(life.advance(1h), ElementsAre("every 2262-04-11T23:47:16.854775807Z"));
  EXPECT_THAT(life.store->pending().value(), IsEmpty());
}

TEST(EventStoreTest, AWallTimeRepeatsOnItsDaysOfTheWeek) {
  const masterclock::Weekdays weekend = {Saturday, Sunday};
  const struct {
    const char* name;
    masterclock::Weekdays days;
    Resolve resolve;
    minutes time_of_day;
    std::vector<std::string> expected;
  } cases[] = {
      {"weekdays at six",
       masterclock::kMondayToFriday,
       Resolve::kCompatible,
       6h,
       {"2026-03-30T05:00:00Z", "2026-03-31T05:00:00Z"}},
      {"weekends, in the gap",
       weekend,
       Resolve::kSnap,
       90min,
       {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z"}},
      {"weekends, not in the gap",
       weekend,
       Resolve::kReject,
       90min,
       {"2026-03-28T01:30:00Z", "2026-04-04T00:30:00Z"}},
      {"one day a week",
       {Thursday},
       Resolve::kCompatible,
       0h,
       {"2026-04-01T23:00:00Z", "2026-04-08T23:00:00Z"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const TemporaryDatabase file;
    {
      Life life(file, 0s);
      life.add({.id = "show",
                .type = "show",
                .due = WallTime{local_days(2026y / March / 28) + c.time_of_day, "Europe/Dublin",
                                c.resolve},
                .days = c.days});
    }
    std::vector<std::string> due;
    for (int occurrence = 0; occurrence < 2; ++occurrence) {  // each in a process that was late
      Life life(file, kStart);
      life.load(1);
      due.push_back(common::utc_text(life.store->pending()->at(0).due));
      EXPECT_EQ(life.clock.next_event_time(), life.store->pending()->at(0).due);
      life.source.set_utc(life.store->pending()->at(0).due);
      EXPECT_EQ(life.advance(0s).size(), 1u);
    }
    EXPECT_EQ(due, c.expected);
  }
}

TEST(EventStoreTest, OfTwoProcessesOneFiresAnEvent) {
  const TemporaryDatabase file;
  Life one(file, 0s), two(file, 0s);
  one.add(at("news", 1s));
  StoredEvent often = at("often", 2s);
  often.every = 2s;
  one.add(often);
  two.load(2);
  EXPECT_EQ(one.advance(4s).size(), 2u);  // news, and `often` once for the two that are due
  EXPECT_THAT(two.advance(4s), IsEmpty());
  EXPECT_THAT(two.advance(2s), ElementsAre("often 2026-03-27T12:00:06Z"));
  EXPECT_THAT(one.advance(2s), IsEmpty());
  EXPECT_THAT(one.outcomes(), ElementsAre("news fired", "often fired", "often fired"));
}

TEST(EventStoreTest, TheChangesOfAnotherProcessAreSeen) {
  const TemporaryDatabase file;
  Life on_air(file, 0s), desk(file, 0s);
  desk.add(at("news", 10s));
  desk.add(at("film", 20s));
  on_air.load(2);
  EXPECT_TRUE(desk.store->cancel("news").value());
  EXPECT_FALSE(desk.store->cancel("news").value());
  desk.add(at("news", 15s));
  on_air.load(1);
  EXPECT_THAT(on_air.advance(12s), IsEmpty());
  EXPECT_THAT(on_air.advance(3s), ElementsAre("news 2026-03-27T12:00:15Z"));
  EXPECT_TRUE(desk.store->cancel("film").value());
  EXPECT_THAT(on_air.advance(5s), IsEmpty());
  EXPECT_THAT(on_air.outcomes(), ElementsAre("news fired"));
}

TEST(EventStoreTest, ACancelledEventStaysCancelled) {
  const TemporaryDatabase file;
  {
    Life life(file, 0s);
    life.add(at("news", 1s));
    EXPECT_TRUE(life.store->cancel("news").value());
    EXPECT_FALSE(life.clock.next_event_time());
  }
  Life life(file, 0s);
  life.load(0);
}

TEST(EventStoreTest, RefusesEventsThatItCouldNotRestore) {
  const TemporaryDatabase file;
  MasterClockOptions options;
  options.max_pending = 1;
  Life life(file, kStart, options);
  life.store->handle_others(nullptr);
  life.store->handle("scene", [](Firing&) { return absl::OkStatus(); });
  StoredEvent still = at("still", 1s), early = at("early", 1s), typed = at("typed", 1s);
  StoredEvent utc_days = at("utc days", 1s);
  utc_days.days = masterclock::kEveryDay;
  still.every = 0s;
  early.max_lateness = -1ns;
  typed.type = "radar";
  StoredEvent gap = at("gap", 0s), mars = gap;
  gap.due = WallTime{local_days(2026y / March / 29) + 90min, "Europe/Dublin", Resolve::kReject};
  mars.due = WallTime{local_days(2026y / March / 29), "Mars/Base"};
  const struct {
    StoredEvent event;
    absl::StatusCode code;
    const char* what;
  } cases[] = {
      {at("", 1s), absl::StatusCode::kInvalidArgument, "event '': a stored event needs an id"},
      {still, absl::StatusCode::kInvalidArgument,
       "event 'still': the interval of a repetition must be positive"},
      {utc_days, absl::StatusCode::kInvalidArgument,
       "event 'utc days': days of the week repeat a wall time"},
      {early, absl::StatusCode::kInvalidArgument, "event 'early': max_lateness is negative"},
      {typed, absl::StatusCode::kFailedPrecondition,
       "event 'typed': the type 'radar' has no handler"},
      {gap, absl::StatusCode::kFailedPrecondition, "does not exist in Europe/Dublin"},
      {mars, absl::StatusCode::kNotFound, "Invalid timezone 'Mars/Base'"},
  };
  for (const auto& c : cases) {
    const absl::Status refused = life.store->schedule(c.event);
    EXPECT_EQ(refused.code(), c.code) << refused;
    EXPECT_THAT(message_of(refused), HasSubstr(c.what));
  }
  EXPECT_TRUE(life.store->schedule(at("first", 1s)).ok());
  const absl::Status full = life.store->schedule(at("second", 1s));
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  ASSERT_EQ(life.store->pending()->size(), 1u);
  EXPECT_EQ(life.store->pending()->at(0).event.id, "first");
}

TEST(EventStoreTest, SaysWhichEventItCannotRead) {
  const struct {
    const char* name;
    const char* damage;
    std::string what;
  } cases[] = {
      {"a time", "UPDATE pending SET due = 'noon'", "event 'news': Invalid RFC 3339 time 'noon'"},
      {"a wall time",
       "UPDATE pending SET due = NULL, wall = 'noon', zone = 'UTC', resolve = 'snap'",
       "event 'news': Invalid local time 'noon'"},
      {"a zone",
       "UPDATE pending SET due = NULL, wall = '2026-03-29T01:30:00', zone = 'Mars/Base',"
       " resolve = 'snap'",
       "event 'news': Invalid timezone 'Mars/Base'"},
      {"a policy", "UPDATE pending SET on_misfire = 'x'", "event 'news': Invalid policy 'x'"},
      {"a repetition", "UPDATE pending SET every = 0", "event 'news': the interval"},
      {"a day",
       "UPDATE pending SET due = NULL, wall = '2026-03-29T01:30:00', zone = 'UTC',"
       " resolve = 'snap', days = 'mon,someday'",
       "event 'news': Invalid day 'someday'"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const TemporaryDatabase file;
    {
      Life life(file, 0s);
      life.add(at("news", 1s));
    }
    Life life(file, 0s);
    auto other = Database::open(file.path());
    ASSERT_TRUE((*other)->run(c.damage).ok());
    const absl::Status refused = life.store->load().status();
    EXPECT_THAT(message_of(refused), HasSubstr(c.what));
    EXPECT_FALSE(life.clock.next_event_time());
  }
}

TEST(RealThreads, ProducersALoaderAndTwoTriggersFireEveryEventOnce) {
  constexpr int kEach = 40;
  const TemporaryDatabase file;
  Life life(file, 0s);
  std::vector<int> fired(2 * kEach, 0);  // the store is locked while a handler runs
  life.store->handle("count", [&](Firing& firing) {
    ++fired[static_cast<std::size_t>(std::stoi(firing.event().id))];
    return absl::OkStatus();
  });
  std::atomic<int> producing{2};
  std::vector<std::thread> threads;
  for (int producer = 0; producer < 2; ++producer) {
    threads.emplace_back([&, producer] {
      for (int i = 0; i < kEach; ++i) {
        const absl::Status added = life.store->schedule(
            {.id = std::to_string(producer * kEach + i), .type = "count", .due = kStart + 1us * i});
        EXPECT_TRUE(added.ok()) << added;
      }
      --producing;
    });
    threads.emplace_back([&] {
      while (producing > 0) {
        life.source.advance(1us);
        life.clock.trigger_scheduled_events();
        EXPECT_TRUE(life.store->load().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  life.load(0);
  life.advance(1s);
  EXPECT_EQ(fired, std::vector<int>(2 * kEach, 1));
  EXPECT_EQ(life.store->fired()->size(), 2u * kEach);
  EXPECT_TRUE(life.store->status().ok());
}

TEST(EventStoreTest, LeavesForeignDatabasesAlone) {
  const struct {
    const char* name;
    const char* made_by;
    const char* what;
  } cases[] = {
      {"tables", "CREATE TABLE t (a)", ": is a database of another program"},
      {"an application", "PRAGMA application_id = 7", ": is a database of another program"},
      {"a later version", "PRAGMA user_version = 3", ": is of version 3, expected 2"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const TemporaryDatabase file;
    if (std::string(c.name) == "a later version") Life life(file, 0s);
    {
      auto database = Database::open(file.path(), {.create = true});
      ASSERT_TRUE((*database)->run(c.made_by).ok());
    }
    ManualTimeSource source(kStart);
    MasterClock clock(source);
    const absl::Status refused = EventStore::open(clock, file.path()).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused));
    EXPECT_EQ(message_of(refused), file.path() + c.what);
  }
}

// The tables of version 1, as the first release made them.
constexpr const char* kVersion1[] = {
    "PRAGMA application_id = 1296254326",
    "PRAGMA user_version = 1",
    "CREATE TABLE pending ("
    " serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
    " payload TEXT NOT NULL, due TEXT, wall TEXT, zone TEXT, resolve TEXT, repeat_every INTEGER,"
    " on_missed TEXT NOT NULL, max_lateness INTEGER,"
    " CHECK ((due IS NULL) = (wall IS NOT NULL)),"
    " CHECK ((wall IS NULL) = (zone IS NULL) AND (wall IS NULL) = (resolve IS NULL))) STRICT",
    "CREATE TABLE fired ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, serial INTEGER NOT NULL, id TEXT NOT NULL,"
    " type TEXT NOT NULL, payload TEXT NOT NULL, due TEXT NOT NULL, fired TEXT NOT NULL,"
    " lateness INTEGER NOT NULL, missed INTEGER NOT NULL, outcome TEXT NOT NULL,"
    " error TEXT NOT NULL, UNIQUE (serial, due)) STRICT",
    "INSERT INTO pending (id, type, payload, due, repeat_every, on_missed)"
    " VALUES ('utc', 't', '', '2026-03-28T00:00:00Z', 172800000000000, 'all')",
    "INSERT INTO fired (serial, id, type, payload, due, fired, lateness, missed, outcome, error)"
    " VALUES (9, 'old', 't', '', '2026-03-26T00:00:00Z', '2026-03-26T00:01:00Z', 1, 2, 'missed', "
    "'')"};

std::string wall_event(const char* id, seconds every) {
  return "INSERT INTO pending (id, type, payload, wall, zone, resolve, repeat_every, on_missed)"
         " VALUES ('" +
         std::string(id) + "', 't', '', '2026-03-28T06:00:00', 'Europe/Dublin', 'compatible', " +
         std::to_string(nanoseconds(every).count()) + ", 'last')";
}

TEST(EventStoreTest, MigratesAFileOfVersion1) {
  const TemporaryDatabase file;
  {
    auto database = Database::open(file.path(), {.create = true});
    for (const char* const statement : kVersion1) {
      ASSERT_TRUE((*database)->run(statement).ok()) << statement;
    }
    for (const auto& [id, every] :
         {std::pair("daily", seconds(24h)), std::pair("weekly", seconds(168h)),
          std::pair("often", seconds(15min))}) {
      ASSERT_TRUE((*database)->run(wall_event(id, every)).ok());
    }
  }
  for (int open = 0; open < 2; ++open) {  // the second time there is nothing to migrate
    Life life(file, kStart);
    const auto rows = life.store->pending();
    ASSERT_EQ(rows->size(), 4u);
    EXPECT_EQ(rows->at(0).event.id, "utc");
    EXPECT_EQ(rows->at(0).event.every, 48h);
    EXPECT_EQ(rows->at(0).event.on_misfire, OnMisfire::kRunAll);
    EXPECT_EQ(rows->at(1).event.id, "daily");
    EXPECT_EQ(rows->at(1).event.days, masterclock::kEveryDay);
    EXPECT_FALSE(rows->at(1).event.every);
    EXPECT_EQ(rows->at(2).event.days, masterclock::Weekdays{Saturday});
    EXPECT_EQ(rows->at(3).event.every, 15min);
    EXPECT_EQ(life.store->fired()->at(0).skipped, 2);
    EXPECT_EQ(life.store->fired()->at(0).outcome, "dropped");
    life.load(4);
  }
}

TEST(EventStoreTest, NamesTheEventOfVersion1ThatItCannotMigrate) {
  const TemporaryDatabase file;
  auto database = Database::open(file.path(), {.create = true});
  for (const char* const statement : kVersion1) ASSERT_TRUE((*database)->run(statement).ok());
  ASSERT_TRUE((*database)->run(wall_event("odd", seconds(48h))).ok());
  ManualTimeSource source(kStart);
  MasterClock clock(source);
  const absl::Status refused = EventStore::open(clock, file.path()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(message_of(refused), file.path() +
                                     ": is of version 1, and its event 'odd' repeats on the "
                                     "wall neither daily nor weekly");
  auto version = (*database)->query("PRAGMA user_version");
  ASSERT_TRUE(version->step().value());
  EXPECT_EQ(version->integer(0), 1) << "and the file is as it was";
}

}  // namespace
}  // namespace event_store::event_store_test
