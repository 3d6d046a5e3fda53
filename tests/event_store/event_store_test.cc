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

#include "masterclock/testing/manual_time_source.h"
#include "masterclock/zones/zone_database.h"
#include "../common/temporary_database.h"

namespace event_store::event_store_test {
namespace {

using common::Database;
using common::TemporaryDatabase;
using common::Transaction;

using namespace std::chrono;
using masterclock::Every;
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

// One life of the process: what it has in memory goes with it, what is in the file does not.
struct Life {
  Life(const TemporaryDatabase& file, UtcTime now, MasterClockOptions options = {})
      : source(now), clock(source, std::move(options)) {
    auto opened = EventStore::open(clock, file.path(), {.create = true, .busy_timeout = 0ms});
    if (!opened.ok()) throw std::runtime_error(std::string(opened.status().message()));
    store = *std::move(opened);
    store->handle_others([this](Firing& firing) {
      fired.push_back(firing.event().id + " " + to_text(firing.event().due));
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

TEST(EventStoreTest, WhatHasNotFiredFiresInTheNextLifeWithItsLateness) {
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

TEST(EventStoreTest, WhatTheHandlerWritesIsCommittedWithTheEvent) {
  const TemporaryDatabase file;
  Life life(file, 0s);
  auto other = Database::open(file.path());
  ASSERT_TRUE((*other)->run("CREATE TABLE aired (id TEXT)").ok());
  life.store->handle("air", [&](Firing& firing) {
    return firing.database().run("INSERT INTO aired VALUES (?1)", {firing.event().id});
  });
  life.store->handle("fail", [&](Firing& firing) {
    (void)firing.database().run("INSERT INTO aired VALUES (?1)", {firing.event().id});
    (void)firing.schedule(at("follower of the failed", 5s));
    return absl::UnavailableError("no signal");
  });
  life.store->handle("throw", [](Firing& firing) -> absl::Status {
    (void)firing.database().run("INSERT INTO aired VALUES (?1)", {firing.event().id});
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

// Twelve hours before Dublin's clocks go forward, and every day a new process.
TEST(EventStoreTest, EveryDayAtSixStaysAtSixThroughAChangeOfClocks) {
  const TemporaryDatabase file;
  {
    Life life(file, 0s);
    life.add({.id = "opening",
              .type = "show",
              .due = WallTime{local_days(2026y / March / 28) + 6h, "Europe/Dublin"},
              .repeat = masterclock::Daily{}});
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

// A government has moved the clocks while the program was down. In place of one, a zone that was
// Dublin's and becomes Paris's.
TEST(EventStoreTest, AWallTimeIsKeptAsTheWallHasIt) {
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
      event.repeat = Every{60s};
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

TEST(EventStoreTest, WhatCannotBeCommittedStaysPendingAndComesBack) {
  const TemporaryDatabase file;
  Life life(file, 0s);
  life.add(at("news", 1s));
  StoredEvent hourly = at("hourly", 2s);
  hourly.repeat = Every{1h};
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

TEST(EventStoreTest, OfTwoProcessesOneFiresAnEvent) {
  const TemporaryDatabase file;
  Life one(file, 0s), two(file, 0s);
  one.add(at("news", 1s));
  StoredEvent often = at("often", 2s);
  often.repeat = Every{2s};
  one.add(often);
  two.load(2);
  EXPECT_EQ(one.advance(4s).size(), 2u);  // news, and `often` once for the two that are due
  EXPECT_THAT(two.advance(4s), IsEmpty());
  EXPECT_THAT(two.advance(2s), ElementsAre("often 2026-03-27T12:00:06Z"));
  EXPECT_THAT(one.advance(2s), IsEmpty());
  EXPECT_THAT(one.outcomes(), ElementsAre("news fired", "often fired", "often fired"));
}

TEST(EventStoreTest, WhatAnotherProcessChangesIsSeen) {
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

TEST(EventStoreTest, CancelledIsCancelledForEver) {
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

TEST(EventStoreTest, RefusesWhatItCouldNotBringBack) {
  const TemporaryDatabase file;
  MasterClockOptions options;
  options.max_pending = 1;
  Life life(file, kStart, options);
  life.store->handle_others(nullptr);
  life.store->handle("scene", [](Firing&) { return absl::OkStatus(); });
  StoredEvent still = at("still", 1s), early = at("early", 1s), typed = at("typed", 1s);
  still.repeat = Every{0s};
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
      {at("", 1s), absl::StatusCode::kInvalidArgument,
       "event '': an event that is kept needs an id"},
      {still, absl::StatusCode::kInvalidArgument, "event 'still': the interval is not positive"},
      {early, absl::StatusCode::kInvalidArgument, "event 'early': max_lateness is negative"},
      {typed, absl::StatusCode::kFailedPrecondition,
       "event 'typed': nobody handles the type 'radar'"},
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
       "event 'news': Invalid wall time 'noon'"},
      {"a zone",
       "UPDATE pending SET due = NULL, wall = '2026-03-29T01:30:00', zone = 'Mars/Base',"
       " resolve = 'snap'",
       "event 'news': Invalid timezone 'Mars/Base'"},
      {"a policy", "UPDATE pending SET on_misfire = 'x'", "event 'news': Invalid policy 'x'"},
      {"a repetition", "UPDATE pending SET every = 0", "event 'news': the interval"},
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

TEST(EventStoreTest, LeavesOtherPeoplesDatabasesAlone) {
  const struct {
    const char* name;
    const char* made_by;
    const char* what;
  } cases[] = {
      {"tables", "CREATE TABLE t (a)", ": is a database of something else"},
      {"an application", "PRAGMA application_id = 7", ": is a database of something else"},
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

}  // namespace
}  // namespace event_store::event_store_test
