#include "director.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../temporary_directory.h"
#include "masterclock/events/simulate.h"
#include "masterclock/testing/manual_time_source.h"
#include "wire.h"

namespace director::director_test {
namespace {

using masterclock::ForceUntil;
using masterclock::UtcTime;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const ShowPlan kPlan{{{"A", 1s, {}}, {"B", 1500ms, {}}, {"C", 2s, {}}}, false};

class DirectorTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }

  // As after a crash, in the boot `boot`.
  void open(const std::string& boot = "boot-1") {
    director_.reset();
    store_.reset();
    auto store = SqliteStore::open(directory_.path() / "show.db");
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    DirectorOptions options{.boot = boot, .queue = 4, .mark = mark_};
    options.as_run = [this](const std::string& line) {
      const json entry = json::parse(line);
      mark_ =
          AsRunMark{entry.at("show"),
                    {entry.at("sequence"), nanoseconds(entry.at("after_ns").get<std::int64_t>())}};
      std::string text = entry.at("scene").is_null() ? "-" : entry.at("scene").get<std::string>();
      const UtcTime planned(nanoseconds(entry.at("planned_utc_ns").get<std::int64_t>()));
      text +=
          " " + std::to_string((planned - kBegin) / 1ms) + " " + entry.at("by").get<std::string>();
      if (entry.at("started").is_null()) text += " missed";
      as_run_.push_back(std::move(text));
    };
    options.log = [this](std::string_view line) { log_.emplace_back(line); };
    options.on_state = [this](const json& state) {
      const UtcTime at(nanoseconds(state.at("server_utc_ns").get<std::int64_t>()));
      states_.push_back(state.at("state").get<std::string>() + " " +
                        std::to_string((at - kBegin).count()));
    };
    auto director = Director::open(clock_, *store_, std::move(options));
    ASSERT_TRUE(director.ok()) << director.status();
    director_ = *std::move(director);
  }

  bool command(Command command) {
    const Outcome outcome = director_->command(std::move(command));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    return outcome.applied.changed;
  }
  void begin(const ShowPlan& plan = kPlan) {
    command({.verb = Verb::kConfigure, .plan = plan});
    command({.verb = Verb::kStart});
  }
  void pass(nanoseconds time) {
    masterclock::simulate_until(source_, clock_.scheduler(), source_.now_utc() + time);
  }
  json look() { return director_->state(); }

  static constexpr UtcTime kBegin{24h * 20'000};
  const masterclock::tests::TemporaryDirectory directory_;
  masterclock::testing::ManualTimeSource source_{kBegin};
  masterclock::MasterClock clock_{source_};
  std::optional<AsRunMark> mark_;
  std::vector<std::string> as_run_, states_, log_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Director> director_;
};

TEST_F(DirectorTest, LogsEachSceneOnceAtItsInstant) {
  begin();
  pass(10s);
  EXPECT_THAT(as_run_,
              ElementsAre("A 0 timeline", "B 1000 timeline", "C 2500 timeline", "- 4500 timeline"));
  EXPECT_EQ(look().at("state"), "finished");
}

TEST_F(DirectorTest, PublishesEachChangeAtItsInstant) {
  begin();
  states_.clear();
  source_.advance(1100ms);  // the thread wakes late
  clock_.run_due();
  pass(10s);
  EXPECT_THAT(states_,
              ElementsAre("running 1000000000", "running 2500000000", "finished 4500000000"));
}

TEST_F(DirectorTest, AStallOfAYearIsOneStep) {
  ShowPlan plan = kPlan;
  plan.looping = true;
  begin(plan);
  states_.clear();
  as_run_.clear();
  source_.advance(365 * 24h);
  clock_.run_due();
  EXPECT_EQ(states_.size(), 1u);
  EXPECT_LE(as_run_.size(), 8u);
  EXPECT_EQ(look().at("position_ns"), (365 * 24h % 4500ms).count());
}

TEST_F(DirectorTest, NamesTheCauseOfEachChange) {
  begin();
  pass(100ms);
  command({.verb = Verb::kTake, .scene = "C"});
  pass(100ms);
  command({.verb = Verb::kForce, .scene = "Slate", .until = ForceUntil::kReleased});
  pass(100ms);
  command({.verb = Verb::kRelease});
  pass(100ms);
  command({.verb = Verb::kForce, .scene = "A", .in_mixer = true});
  EXPECT_THAT(as_run_, ElementsAre("A 0 timeline", "C 100 take", "Slate 200 force",
                                   "C 300 timeline", "A 400 operator"));
}

TEST_F(DirectorTest, PauseCostsNoTime) {
  begin();
  pass(500ms);
  EXPECT_TRUE(command({.verb = Verb::kPause}));
  EXPECT_FALSE(command({.verb = Verb::kPause}));
  pass(1h);
  EXPECT_TRUE(command({.verb = Verb::kResume}));
  pass(200ms);
  EXPECT_EQ(look().at("position_ns"), 700'000'000);
  EXPECT_EQ(look().at("behind_ns"), nanoseconds(1h).count());
}

TEST_F(DirectorTest, HundredPausesKeepTheRunningTimeToTheNanosecond) {
  std::mt19937_64 random(14);
  std::uniform_int_distribution<std::int64_t> length(1, 20'000'000);
  begin();
  nanoseconds running{};
  for (int i = 0; i < 100; ++i) {
    const nanoseconds run(length(random));
    pass(run);
    running += run;
    command({.verb = Verb::kPause});
    pass(nanoseconds(length(random)));
    command({.verb = Verb::kResume});
    if (i % 10 == 0) open();
  }
  EXPECT_EQ(look().at("position_ns"), running.count());
}

TEST_F(DirectorTest, ARestartFindsTheShowWhereTheClockHasIt) {
  begin();
  pass(300ms);
  command({.verb = Verb::kHold});
  pass(2s);
  command({.verb = Verb::kGo});
  pass(100ms);
  const json before = look();
  open();
  EXPECT_EQ(look(), before);
  EXPECT_EQ(before.at("position_ns"), 1'100'000'000);
}

TEST_F(DirectorTest, ARestartLogsNoSceneTwice) {
  begin();
  pass(500ms);
  open();
  director_.reset();
  source_.advance(2500ms);  // B passes while no director runs
  open();
  pass(10s);
  EXPECT_THAT(as_run_, ElementsAre("A 0 timeline", "B 1000 timeline missed", "C 2500 timeline",
                                   "- 4500 timeline"));
}

TEST_F(DirectorTest, AShowRunsOnAcrossAReboot) {
  begin();
  pass(500ms);
  director_.reset();
  source_.suspend(1s);  // UTC only: the steady clock of another boot
  open("boot-2");
  EXPECT_EQ(look().at("position_ns"), 1'500'000'000);
  EXPECT_EQ(look().at("scene"), "B");
}

TEST_F(DirectorTest, AStepOfUtcAfterARebootMovesNoReplay) {
  begin();
  pass(500ms);
  director_.reset();
  source_.suspend(1s);
  open("boot-2");
  source_.step_utc(1h);
  pass(100ms);
  command({.verb = Verb::kPause});
  const json before = look();
  EXPECT_EQ(before.at("position_ns"), 1'600'000'000);
  open("boot-2");
  EXPECT_EQ(look(), before);
}

TEST_F(DirectorTest, ARecordThatAReplayRefusesIsLeftOut) {
  begin();
  pass(500ms);
  const masterclock::TimeReading now = source_.read();
  const Record pause{0, {.verb = Verb::kPause, .id = "p"}, now.steady, now.utc + 1h, "boot-2"};
  ASSERT_TRUE(store_->append(pause).ok());  // after the end of the show, by UTC
  log_.clear();
  open("boot-2");
  EXPECT_THAT(log_, ElementsAre(HasSubstr("Record 3 is left out: ")));
  EXPECT_EQ(look().at("state"), "finished");
  EXPECT_TRUE(director_->command({.verb = Verb::kPause, .id = "p"}).applied.duplicate);
}

TEST_F(DirectorTest, CountsACommandIdOnce) {
  begin();
  EXPECT_TRUE(command({.verb = Verb::kSkip, .id = "x"}));
  EXPECT_FALSE(command({.verb = Verb::kSkip, .id = "x"}));
  open();
  EXPECT_FALSE(command({.verb = Verb::kSkip, .id = "x"}));
  EXPECT_EQ(look().at("scene"), "B");
}

TEST_F(DirectorTest, CountsTheIdOfAStreamStatusOnce) {
  begin();
  EXPECT_TRUE(director_->update({.id = "x", .streaming = true}).applied.changed);
  EXPECT_TRUE(director_->update({.id = "y", .streaming = false}).applied.changed);
  const Applied again = director_->update({.id = "x", .streaming = true}).applied;
  EXPECT_TRUE(again.duplicate && !again.changed);
  command({.verb = Verb::kSkip, .id = "z"});
  EXPECT_TRUE(director_->update({.id = "z", .streaming = true}).applied.duplicate);
  EXPECT_EQ(look().at("stream").at("streaming"), false);
  const Outcome skip = director_->command({.verb = Verb::kSkip, .id = "x"});
  EXPECT_TRUE(skip.applied.duplicate && !skip.applied.changed);
  EXPECT_EQ(look().at("scene"), "B");
}

TEST_F(DirectorTest, AnUpdateOfTheStreamChangesOnlyWhatItHas) {
  director_->update({.streaming = true, .recording = true, .timecode = 40ms});
  director_->update({.recording = false});
  const json expected = {{"streaming", true}, {"recording", false}, {"timecode_ms", 40}};
  EXPECT_EQ(look().at("stream"), expected);
  EXPECT_FALSE(director_->update({.feed_lost = true}).applied.changed);
  EXPECT_EQ(look().at("stream"), expected);
}

TEST_F(DirectorTest, ARefusedCommandIsNotStored) {
  command({.verb = Verb::kConfigure, .plan = kPlan});
  const std::uint64_t before = director_->show().sequence();
  const Outcome outcome = director_->command({.verb = Verb::kPause, .id = "x"});
  EXPECT_TRUE(absl::IsFailedPrecondition(outcome.status)) << outcome.status;
  EXPECT_EQ(outcome.look.at("state"), "idle");
  EXPECT_EQ(store_->records(before + 1, 10).value().size(), 0u);
}

TEST_F(DirectorTest, APageOfTheHistoryIsBounded) {
  ShowPlan large;
  for (int i = 0; i < 5'000; ++i) large.scenes.push_back({std::string(60, 'A'), 1s, {}});
  MemoryStore memory;
  for (int i = 0; i < 4; ++i) {
    const Record record{
        0, {.verb = Verb::kConfigure, .id = std::to_string(i), .plan = large}, {}, {}, ""};
    ASSERT_TRUE(store_->append(record).ok() && memory.append(record).ok());
  }
  const auto rows = store_->history(1, 1'000).value();
  ASSERT_EQ(rows.size(), 2u);  // of half a megabyte each
  const auto brief = memory.history(1, 1'000).value();
  ASSERT_EQ(brief.size(), 4u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const json row = history_json(rows[i].sequence, rows[i].id, rows[i].command, rows[i].utc);
    EXPECT_EQ(row.at("scenes"), 5'000);
    EXPECT_EQ(row, history_json(brief[i].sequence, brief[i].id, brief[i].command, brief[i].utc));
  }
  EXPECT_EQ(store_->history(3, 1'000).value().at(0).sequence, 3u);
}

TEST_F(DirectorTest, ARefusedRundownLeavesTheRunningOne) {
  begin();
  pass(500ms);
  const json before = look();
  const ShowPlan overlap{{{"A", 1s, {}}, {"B", 1s, 500ms}}, false};
  const Outcome outcome = director_->command({.verb = Verb::kConfigure, .plan = overlap});
  EXPECT_TRUE(absl::IsInvalidArgument(outcome.status)) << outcome.status;
  EXPECT_EQ(look(), before);
}

TEST_F(DirectorTest, AStepOfUtcMovesNothing) {
  begin();
  pass(500ms);
  source_.step_utc(1h);
  pass(100ms);
  EXPECT_EQ(look().at("position_ns"), 600'000'000);
}

TEST_F(DirectorTest, AFullQueueRefusesWithAReason) {
  int done = 0;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(director_->post([&] { ++done; }).ok());
  const absl::Status refused = director_->post([&] { ++done; });
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("4 commands wait"));
  clock_.run_due();
  EXPECT_EQ(done, 4);
  EXPECT_TRUE(director_->post([&] { ++done; }).ok());
}

TEST_F(DirectorTest, ShowsWhatIsNext) {
  command({.verb = Verb::kConfigure, .plan = kPlan});
  EXPECT_EQ(look().at("next"), (json{{"scene", "A"}, {"in_ns", 0}}));
  command({.verb = Verb::kStart});
  pass(400ms);
  EXPECT_EQ(look().at("next"), (json{{"scene", "B"}, {"in_ns", 600'000'000}}));
  pass(4s);
  EXPECT_EQ(look().at("next"), json());
}

TEST(DirectorTenThousandScenes, EachTransitionOnceInOrderAtItsInstant) {
  constexpr int kScenes = 10'000;
  ShowPlan plan;
  for (int i = 0; i < kScenes; ++i) {
    plan.scenes.push_back({"scene " + std::to_string(i), std::chrono::milliseconds(1 + i % 7), {}});
  }
  masterclock::testing::ManualTimeSource source(UtcTime(0s));
  masterclock::MasterClock clock(source);
  MemoryStore store;
  std::vector<std::pair<std::string, nanoseconds>> log;
  auto director = Director::open(
      clock, store, {.as_run = [&](const std::string& line) {
        const json entry = json::parse(line);
        EXPECT_EQ(entry.at("planned"), entry.at("started"));
        log.emplace_back(entry.at("scene").is_null() ? "" : entry.at("scene").get<std::string>(),
                         nanoseconds(entry.at("planned_utc_ns").get<std::int64_t>()));
      }});
  ASSERT_TRUE(director.ok()) << director.status();
  ASSERT_TRUE((*director)->command({.verb = Verb::kConfigure, .plan = plan}).status.ok());
  ASSERT_TRUE((*director)->command({.verb = Verb::kStart}).status.ok());
  masterclock::simulate_until(source, clock.scheduler(), UtcTime(1h));
  ASSERT_EQ(log.size(), kScenes + 1u);
  nanoseconds at{};
  for (int i = 0; i < kScenes; ++i) {
    ASSERT_EQ(log[static_cast<std::size_t>(i)], std::pair("scene " + std::to_string(i), at));
    at += std::chrono::milliseconds(1 + i % 7);
  }
  EXPECT_EQ(log.back(), std::pair(std::string(), at));
}

}  // namespace
}  // namespace director::director_test
