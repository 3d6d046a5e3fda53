#include "channel_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "../temporary_directory.h"
#include "ffmpeg_producer.h"
#include "masterclock/sync/disciplined_time_source.h"
#include "masterclock/sync/simulated_sync_provider.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/counting_time_source.h"
#include "masterclock/time/rfc3339.h"
#include "media_library.h"
#include "recording_producer.h"

namespace on_air::channel_manager_test {
namespace {

using masterclock::DisciplinedTimeSource;
using masterclock::MasterClock;
using masterclock::MasterClockObserver;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using masterclock::tests::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

UtcTime utc(const std::string& text) {
  return masterclock::parse_rfc3339("2026-03-" + text + "Z").value();
}

// "28T20:00" in this March.
std::string text(UtcTime time) {
  const std::string full = masterclock::to_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
  return full.substr(8, full.ends_with(":00Z") ? 8 : 11);
}

// A line of a guide.
struct Slot {
  const char *channel, *title, *start, *stop;
};

std::string xmltv_time(std::string time) {  // "28T20:00:00" in this March
  std::erase_if(time, [](char c) { return c == 'T' || c == ':'; });
  return "202603" + time + " +0000";
}

std::string guide_of(const std::vector<std::string>& channels, const std::vector<Slot>& slots) {
  std::string xml = "<tv>";
  for (const std::string& id : channels) xml += "<channel id='" + id + "'/>";
  for (const Slot& slot : slots) {
    xml += std::string("<programme channel='") + slot.channel + "' start='" +
           xmltv_time(slot.start) + "' stop='" + xmltv_time(slot.stop) + "'><title>" + slot.title +
           "</title></programme>";
  }
  return xml + "</tv>";
}

// Two channels that change at the hour and at the half hour, one that has a gap, one that has
// nothing.
std::string evening() {
  return guide_of({"one", "two", "gap", "nothing"}, {{"one", "A", "28T19:00:00", "28T20:00:00"},
                                                     {"one", "B", "28T20:00:00", "28T21:00:00"},
                                                     {"one", "C", "28T21:00:00", "28T22:00:00"},
                                                     {"two", "D", "28T19:00:00", "28T20:30:00"},
                                                     {"two", "E", "28T20:30:00", "28T21:00:00"},
                                                     {"two", "F", "28T21:00:00", "28T23:00:00"},
                                                     {"gap", "G", "28T19:00:00", "28T20:15:00"},
                                                     {"gap", "H", "28T20:45:00", "28T21:30:00"}});
}

// Starts, refuses or throws, as the test sets it.
class MoodyProducer final : public Producer {
 public:
  enum class Mood { kGood, kRefuses, kThrows };
  explicit MoodyProducer(const std::atomic<Mood>& mood,
                         std::function<void(const ProducerRequest&)> on_start = {})
      : mood_(mood), on_start_(std::move(on_start)) {}
  absl::Status start(const ProducerRequest& request) override {
    state_ = ProducerState::kFailed;
    if (!request.slate.empty()) {
      on_start_(request);
      state_ = ProducerState::kRunning;
      return absl::OkStatus();
    }
    if (mood_ == Mood::kThrows) throw std::runtime_error("no more tape");
    if (mood_ == Mood::kRefuses) return absl::UnavailableError("no tape");
    if (on_start_) on_start_(request);
    state_ = ProducerState::kRunning;
    return absl::OkStatus();
  }
  absl::Status stop() override {
    state_ = ProducerState::kIdle;
    return absl::OkStatus();
  }
  ProducerState state() const override { return state_; }

 private:
  const std::atomic<Mood>& mood_;
  const std::function<void(const ProducerRequest&)> on_start_;
  std::atomic<ProducerState> state_ = ProducerState::kIdle;
};

// Has the state that the test sets.
class PuppetProducer final : public Producer {
 public:
  PuppetProducer(std::atomic<int>& starts, std::atomic<ProducerState>& state)
      : starts_(starts), state_(state) {}
  absl::Status start(const ProducerRequest&) override {
    ++starts_;
    state_ = ProducerState::kRunning;
    return absl::OkStatus();
  }
  absl::Status stop() override {
    state_ = ProducerState::kIdle;
    return absl::OkStatus();
  }
  ProducerState state() const override { return state_; }

 private:
  std::atomic<int>& starts_;
  std::atomic<ProducerState>& state_;
};

class ChannelManagerTest : public ::testing::Test {
 protected:
  enum class Over { kMachine, kDisciplined };

  void begin(const std::string& now, const std::string& guide = evening(),
             ProducerFactory producers = nullptr, Over over = Over::kMachine,
             std::shared_ptr<MasterClockObserver> observer = nullptr) {
    source_ = std::make_unique<ManualTimeSource>(utc(now));
    masterclock::MasterClockOptions watched;
    watched.observer = std::move(observer);
    const bool disciplined = over == Over::kDisciplined;
    if (disciplined) disciplined_ = std::make_unique<DisciplinedTimeSource>(*source_, provider_);
    clock_ = disciplined ? std::make_unique<MasterClock>(*disciplined_, watched)
                         : std::make_unique<MasterClock>(*source_, watched);
    schedule_ = std::make_unique<ScheduleService>(*clock_);
    const auto loaded = schedule_->load(directory_.write("guide", guide).string());
    ASSERT_TRUE(loaded.ok()) << loaded;
    ChannelManagerOptions options;
    options.producers = producers ? std::move(producers) : recording_producers(record_);
    options.media = [](std::string_view, const NowPlaying& playing) {
      return absl::StatusOr<std::filesystem::path>(std::string(playing.title) + ".mp4");
    };
    options.as_run = [this](const AsRunEntry& entry) {
      log_.push_back(entry);
      return log_status_;
    };
    options.retry = {10s, 1h, attempts_};
    options.filler = filler_;
    options.on_error = [this](std::string_view channel, const absl::Status& error) {
      const std::lock_guard lock(errors_mutex_);
      errors_.push_back(std::string(channel) + ": " + std::string(error.message()));
    };
    manager_ = std::make_unique<ChannelManager>(*clock_, *schedule_, std::move(options));
  }

  // Passes time and triggers at each event, as the loop of an engine does. Producers finish their
  // requests between two events.
  void run_until(const std::string& until) {
    while (const auto next = clock_->next_event_time()) {
      if (*next > utc(until)) break;
      if (*next > source_->now_utc()) source_->advance(*next - source_->now_utc());
      trigger();
    }
    if (utc(until) > source_->now_utc()) source_->advance(utc(until) - source_->now_utc());
  }
  void step(nanoseconds size) {
    source_->step_utc(size);
    trigger();
  }
  void trigger() {
    clock_->trigger_scheduled_events();
    if (manager_) manager_->wait_for_producers();
  }

  // Returns the entries since the last call: "one B 28T20:00"; "+3s" when late; "one 2 skipped
  // 28T20:00 28T20:30" for programmes that were not aired.
  std::vector<std::string> logged() {
    std::vector<std::string> lines;
    for (const AsRunEntry& entry : log_) {
      std::string line = entry.channel + " " + entry.title + " " + text(entry.planned_start);
      if (!entry.aired()) {
        lines.push_back(entry.channel + " " + std::to_string(entry.skipped) + " skipped " +
                        text(entry.planned_start) + " " + text(*entry.last_planned_start));
        continue;
      }
      if (entry.lateness() != 0s) line += " +" + std::to_string(entry.lateness() / 1s) + "s";
      lines.push_back(line);
    }
    log_.clear();
    return lines;
  }
  // Returns the requests to the producers since the last call: "one B.mp4 0s", "one stop".
  std::vector<std::string> asked() {
    std::vector<std::string> lines;
    const auto calls = record_->calls();
    for (; seen_ < calls.size(); ++seen_) {
      const auto& call = calls[seen_];
      lines.push_back(call.channel + (call.started
                                          ? " " + call.started->media.string() + " " +
                                                std::to_string(call.started->position / 1s) + "s"
                                          : " stop"));
    }
    return lines;
  }

  TemporaryDirectory directory_;
  masterclock::SimulatedSyncProvider provider_;
  std::unique_ptr<ManualTimeSource> source_;
  std::unique_ptr<DisciplinedTimeSource> disciplined_;  // over it, where that is asked for
  std::unique_ptr<MasterClock> clock_;
  std::unique_ptr<ScheduleService> schedule_;
  std::shared_ptr<ProducerRecord> record_ = std::make_shared<ProducerRecord>();
  std::size_t seen_ = 0;
  std::vector<AsRunEntry> log_;
  absl::Status log_status_;
  std::size_t errors() {
    const std::lock_guard lock(errors_mutex_);
    return errors_.size();
  }
  int attempts_ = 1;
  std::function<ProducerRequest(const PlayoutPlan&, int)> filler_;
  std::mutex errors_mutex_;  // producers report on their threads
  std::vector<std::string> errors_;
  std::unique_ptr<ChannelManager> manager_;
};

TEST_F(ChannelManagerTest, LogsEveryBoundaryOnceInOrderOnTime) {
  begin("28T19:30:00");
  run_until("28T23:30:00");
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00", "two E 28T20:30", "gap H 28T20:45",
                                    "one C 28T21:00", "two F 28T21:00"));
  EXPECT_EQ(clock_->next_event_time(), std::nullopt);
  EXPECT_THAT(asked(), IsEmpty()) << "there is no viewer";
}

TEST_F(ChannelManagerTest, ABoundaryAtTheVeryBeginningCounts) {
  begin("28T20:00:00");
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00"));
  run_until("28T20:29:59");
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(ChannelManagerTest, EntriesSayHowLongAndWhetherResumed) {
  begin("28T19:00:00", guide_of({"one"}, {{"one", "Film", "28T20:00:00", "28T22:00:00"},
                                          {"one", "Flash", "28T21:00:00", "28T21:05:00"}}));
  run_until("28T23:00:00");
  ASSERT_EQ(log_.size(), 3u);
  const struct {
    const char* title;
    nanoseconds duration;
    bool resumed;
  } expected[] = {{"Film", 1h, false}, {"Flash", 5min, false}, {"Film", 55min, true}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(log_[i].title, expected[i].title);
    EXPECT_EQ(log_[i].planned_duration, expected[i].duration);
    EXPECT_EQ(log_[i].resumed, expected[i].resumed);
  }
}

TEST_F(ChannelManagerTest, TheFirstViewerStartsTheLastOneStops) {
  begin("28T19:30:00");
  const auto first = manager_->viewer_join("s1", {"one"});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(first->started);
  EXPECT_EQ(first->plan.now->title, "A");
  EXPECT_EQ(first->plan.now->join.offset, 30min);
  EXPECT_EQ(first->plan.now->join.frame, 30 * 60 * 25);
  EXPECT_EQ(first->plan.until, utc("28T20:00:00"));
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 1800s"));

  const auto second = manager_->viewer_join("s2", {"one"});
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->started);
  EXPECT_TRUE(manager_->viewer_leave("s1").ok());
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_EQ(manager_->channels()[0].viewers, 1u);
  EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kRunning);
  EXPECT_TRUE(manager_->viewer_leave("s2").ok());
  EXPECT_THAT(asked(), ElementsAre("one stop"));
  EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kIdle);
}

TEST_F(ChannelManagerTest, ARunningProducerMovesOn) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"two"}).ok());
  run_until("28T21:00:00");
  EXPECT_THAT(asked(), ElementsAre("two D.mp4 1800s", "two E.mp4 0s", "two F.mp4 0s"));
  run_until("28T23:30:00");
  EXPECT_THAT(asked(), ElementsAre("two stop")) << "nothing follows";
}

TEST_F(ChannelManagerTest, MediaMayBeginAfterItsBeginning) {
  begin("28T06:00:10", R"({"channel": "one", "date": "2026-03-28", "program": [
      {"in": 5.5, "out": 65.5, "duration": 60, "source": "a.mp4"},
      {"in": 3, "out": 13, "duration": 60, "source": "b.mp4"}]})");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  run_until("28T07:00:00");
  const auto calls = record_->calls();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].started->position, 15'500ms);
  EXPECT_EQ(calls[1].started->position, 3s);
  EXPECT_EQ(calls[2].started, std::nullopt);
}

TEST_F(ChannelManagerTest, ALateTriggerJoinsWhereTheClockIs) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  asked();
  source_->advance(30min + 7s);
  trigger();
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00 +7s"));
  EXPECT_THAT(asked(), ElementsAre("one B.mp4 7s"));
}

TEST_F(ChannelManagerTest, AJoinBetweenBoundaryAndTriggerIsNotSwitchedTwice) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  source_->advance(30min + 1s);
  EXPECT_EQ(manager_->viewer_join("s2", {"one"})->plan.now->title, "B");
  trigger();
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 1800s", "one B.mp4 1s"));
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00 +1s"));
}

TEST_F(ChannelManagerTest, AGapStopsAndStarts) {
  begin("28T20:00:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"gap"}).ok());
  run_until("28T21:00:00");
  EXPECT_THAT(asked(), ElementsAre("gap G.mp4 3600s", "gap stop", "gap H.mp4 0s"));
}

TEST_F(ChannelManagerTest, OffTheAirIsAnAnswer) {
  begin("28T20:20:00");
  const auto gap = manager_->viewer_join("s1", {"gap"});
  ASSERT_TRUE(gap.ok());
  EXPECT_FALSE(gap->plan.on_air());
  EXPECT_EQ(gap->plan.next->title, "H");
  EXPECT_FALSE(gap->started);
  EXPECT_EQ(gap->plan.until, utc("28T20:45:00"));
  const auto nothing = manager_->viewer_join("s2", {"nothing"});
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->plan.on_air());
  EXPECT_EQ(nothing->plan.until, std::nullopt);
  EXPECT_THAT(asked(), IsEmpty());
  run_until("28T20:50:00");
  EXPECT_THAT(asked(), ElementsAre("gap H.mp4 0s"));
  EXPECT_TRUE(manager_->viewer_leave("s2").ok());
}

TEST_F(ChannelManagerTest, RefusesWhatMakesNoSense) {
  begin("28T19:30:00");
  const auto unknown = manager_->viewer_join("s1", {"One"});
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(unknown.status().message(), HasSubstr("'One'; did you mean 'one'?"));
  EXPECT_EQ(manager_->viewer_leave("s1").message(), "Session 's1' has not joined");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  const auto again = manager_->viewer_join("s1", {"two"});
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(again.status().message(), "Session 's1' has joined already");
  EXPECT_EQ(manager_->channels()[1].viewers, 0u);
}

// Steps of the clock.

TEST_F(ChannelManagerTest, AStepForwardCountsTheProgrammesThatWereNotAired) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  ASSERT_TRUE(manager_->viewer_join("s2", {"gap"}).ok());
  asked();
  step(100min);  // 21:10
  EXPECT_THAT(logged(), ElementsAre("one 1 skipped 28T20:00 28T20:00", "one C 28T21:00 +600s",
                                    "gap H 28T20:45 +1500s", "two 1 skipped 28T20:30 28T20:30",
                                    "two F 28T21:00 +600s"));
  EXPECT_THAT(asked(), UnorderedElementsAre("one C.mp4 600s", "gap H.mp4 1500s"))
      << "a producer goes to the present programme at once";
  run_until("28T23:30:00");
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(ChannelManagerTest, AStepBackLogsNothingTwice) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  run_until("28T20:10:00");
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00"));
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 1800s", "one B.mp4 0s"));
  step(-30min);  // 19:40: the clock says that A is on
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 2400s"));
  run_until("28T20:40:00");
  EXPECT_THAT(asked(), ElementsAre("one B.mp4 0s")) << "the producer moves on again";
  EXPECT_THAT(logged(), ElementsAre("two E 28T20:30")) << "but 20:00 is logged already";
  run_until("28T23:30:00");
  EXPECT_THAT(logged(), ElementsAre("gap H 28T20:45", "one C 28T21:00", "two F 28T21:00"));
}

TEST_F(ChannelManagerTest, AClockThatIsHeldGoesBackToNothing) {
  begin("28T20:10:00", evening(), nullptr, Over::kDisciplined);
  step(-20min);  // 19:50 by the machine; the station's clock waits for it
  EXPECT_THAT(logged(), IsEmpty());
  run_until("28T20:29:59");
  EXPECT_THAT(logged(), IsEmpty()) << "20:00 has been before, and does not come again";
  run_until("28T20:40:00");
  EXPECT_THAT(logged(), ElementsAre("two E 28T20:30"));
}

TEST_F(ChannelManagerTest, AStepBackBeforeTheBeginningLosesNothing) {
  begin("28T20:10:00");
  step(-20min);  // 19:50: the manager was made on a clock that was fast
  run_until("28T20:20:00");
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00"));
}

TEST_F(ChannelManagerTest, AStepBackOntoABoundaryCountsIt) {
  begin("28T20:10:00");
  step(-10min);
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00"));
}

TEST_F(ChannelManagerTest, AStepBackBetweenTwoTriggersCounts) {
  begin("28T20:10:00");
  source_->step_utc(-20min);
  source_->advance(25min);  // 20:15
  trigger();
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00 +900s"));
}

TEST_F(ChannelManagerTest, ASkippedProgrammeIsLoggedWhenItAirsAfterAll) {
  begin("28T19:30:00");
  step(2h);
  EXPECT_THAT(logged(), ElementsAre("one 1 skipped 28T20:00 28T20:00", "one C 28T21:00 +1800s",
                                    "gap 1 skipped 28T20:45 28T20:45",
                                    "two 1 skipped 28T20:30 28T20:30", "two F 28T21:00 +1800s"));
  step(-2h);
  run_until("28T23:30:00");
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00", "two E 28T20:30", "gap H 28T20:45"));
}

// case 14-asrun-after-forward-step
TEST_F(ChannelManagerTest, NothingWasAiredWhenTheGuideEndedBeforeAStepForward) {
  begin("28T19:30:00");
  step(24h * 540);
  EXPECT_THAT(logged(),
              ElementsAre("one 2 skipped 28T20:00 28T21:00", "gap 1 skipped 28T20:45 28T20:45",
                          "two 2 skipped 28T20:30 28T21:00"));
}

TEST_F(ChannelManagerTest, AStepOfYearsIsOneMove) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  step(24h * 365 * 50);
  EXPECT_THAT(logged(), ::testing::SizeIs(3));
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 1800s", "one stop"));
}

TEST_F(ChannelManagerTest, ASmallStepLeavesAProducerAlone) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  source_->advance(5min);
  step(-900ms);
  step(500ms);
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 1800s"));
  step(-700ms);  // 1.1 s in all
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 2098s"));
}

TEST_F(ChannelManagerTest, AStepWithinAProgrammeMovesItsProducer) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  step(10min);
  step(-20min);
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 1800s", "one A.mp4 2400s", "one A.mp4 1200s"));
}

TEST_F(ChannelManagerTest, AMachineThatSleptGoesOnWithWhatIsOn) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  source_->suspend(45min);
  trigger();
  EXPECT_THAT(asked(), ElementsAre("one A.mp4 1800s", "one B.mp4 900s"));
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00 +900s"));
}

TEST_F(ChannelManagerTest, EveryProgrammeIsAiredOnceOrSkippedWhateverTheSteps) {
  struct Planned {
    const char* channel;
    UtcTime start;
  };
  const Planned all[] = {{"one", utc("28T20:00:00")},
                         {"one", utc("28T21:00:00")},
                         {"two", utc("28T20:30:00")},
                         {"two", utc("28T21:00:00")},
                         {"gap", utc("28T20:45:00")}};
  int skipped = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    log_.clear();
    begin("28T19:30:00");
    std::uint32_t state = seed;
    const auto next = [&state](std::uint32_t below) {
      state = state * 1'664'525u + 1'013'904'223u;
      return (state >> 8) % below;
    };
    for (int i = 0; i < 30; ++i) {
      const nanoseconds size = std::chrono::seconds(next(3'600));
      if (next(3) == 0) source_->step_utc(next(2) == 0 ? -size : size);
      source_->advance(std::chrono::seconds(next(600)));
      if (next(2) == 0) trigger();
    }
    trigger();
    run_until("28T23:30:00");
    trigger();
    for (const Planned& planned : all) {
      int aired = 0, passed_over = 0;
      for (const AsRunEntry& entry : log_) {
        if (entry.channel != planned.channel) continue;
        aired += entry.aired() && entry.planned_start == planned.start;
        passed_over += !entry.aired() && entry.planned_start <= planned.start &&
                       planned.start <= *entry.last_planned_start;
      }
      EXPECT_LE(aired, 1) << planned.channel << " " << text(planned.start);
      EXPECT_GE(aired + passed_over, 1) << planned.channel << " " << text(planned.start);
      skipped += aired == 0;
    }
    manager_.reset();
  }
  EXPECT_GT(skipped, 10);
}

// The cost of a boundary.

TEST_F(ChannelManagerTest, ABoundaryCostsTheSameWithAnyNumberOfChannels) {
  struct Counter final : MasterClockObserver {
    int events = 0;
    void event_scheduled(const masterclock::ScheduledEvent&) override { ++events; }
  };
  std::vector<std::pair<int, std::uint64_t>> costs;
  for (const int channels : {1, 10, 1'000}) {
    const auto counter = std::make_shared<Counter>();
    std::vector<std::string> ids{"one"};
    std::vector<Slot> slots{{"one", "A", "28T19:00:00", "28T20:00:00"},
                            {"one", "B", "28T20:00:00", "28T21:00:00"}};
    for (int i = 1; i < channels; ++i) ids.push_back("other" + std::to_string(i));
    for (int i = 1; i < channels; ++i) {
      slots.push_back(
          {ids[static_cast<std::size_t>(i)].c_str(), "Z", "28T19:00:00", "28T23:00:00"});
    }
    ManualTimeSource source(utc("28T19:30:00"));
    masterclock::CountingTimeSource counting(source);
    masterclock::MasterClockOptions watched;
    watched.observer = counter;
    MasterClock clock(counting, watched);
    ScheduleService schedule(clock);
    ASSERT_TRUE(schedule.load(directory_.write("guide", guide_of(ids, slots)).string()).ok());
    ChannelManager manager(clock, schedule);
    source.advance(30min);
    const int events = counter->events;
    const std::uint64_t reads = counting.utc_reads() + counting.steady_reads();
    clock.trigger_scheduled_events();
    costs.emplace_back(counter->events - events,
                       counting.utc_reads() + counting.steady_reads() - reads);
  }
  EXPECT_EQ(costs[0].first, 1) << "the next boundary of the same channel";
  EXPECT_EQ(costs[1], costs[0]);
  EXPECT_EQ(costs[2], costs[0]);
}

TEST_F(ChannelManagerTest, ASlowProducerDelaysNoOtherChannel) {
  // The producer of channel one starts only after that of channel two has.
  struct Waiting final : Producer {
    Waiting(std::string_view name, std::counting_semaphore<>& its_two_started)
        : channel(name), two_started(its_two_started) {}
    absl::Status start(const ProducerRequest&) override {
      if (channel == "two") two_started.release();
      if (channel == "one" && !two_started.try_acquire_for(1min)) {
        return absl::DeadlineExceededError("channel two has not started");
      }
      return absl::OkStatus();
    }
    absl::Status stop() override { return absl::OkStatus(); }
    ProducerState state() const override { return ProducerState::kRunning; }
    const std::string channel;
    std::counting_semaphore<>& two_started;
  };
  std::counting_semaphore<> two_started(0);
  begin("28T20:59:00", evening(),
        [&](std::string_view channel) { return std::make_unique<Waiting>(channel, two_started); });
  ASSERT_TRUE(manager_->viewer_join("s2", {"two"}).ok());
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  run_until("28T21:00:00");  // both channels change
  EXPECT_THAT(errors_, IsEmpty());
  manager_.reset();
}

// The calendar.

TEST_F(ChannelManagerTest, TheNightTheClocksGoForwardIsSixHoursAndThreeQuarters) {
  begin("28T23:00:00", guide_of({"one"}, {{"one", "Night", "28T23:15:00", "29T06:00:00"},
                                          {"one", "Morning", "29T06:00:00", "29T07:00:00"}}));
  run_until("29T00:59:59");
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0].planned_duration, 6h + 45min);
  logged();
  const auto before = manager_->viewer_join("s1", {"one"});
  run_until("29T01:00:01");
  const auto after = manager_->viewer_join("s2", {"one"});
  EXPECT_EQ(after->plan.now->join.offset - before->plan.now->join.offset, 2s)
      << "02:00:01 follows 00:59:59";
  run_until("29T07:00:00");
  EXPECT_THAT(logged(), ElementsAre("one Morning 29T06:00"));
  EXPECT_THAT(asked(), ElementsAre("one Night.mp4 6299s", "one Morning.mp4 0s", "one stop"));
}

TEST_F(ChannelManagerTest, MidnightIsAnInstantLikeAnother) {
  begin("28T23:59:44.999999999",
        guide_of({"one"}, {{"one", "Late", "28T23:59:45", "29T00:00:00"},
                           {"one", "Early", "29T00:00:00", "29T00:00:15"}}));
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  run_until("29T01:00:00");
  EXPECT_THAT(logged(), ElementsAre("one Late 28T23:59:45", "one Early 29T00:00"));
  EXPECT_THAT(asked(), ElementsAre("one Late.mp4 0s", "one Early.mp4 0s", "one stop"));
}

// What fails.

TEST_F(ChannelManagerTest, AProducerThatFailsTakesNothingElseDown) {
  using Mood = MoodyProducer::Mood;
  const struct {
    Mood mood;
    const char* says;
  } cases[] = {{Mood::kRefuses, "no tape"}, {Mood::kThrows, "the producer threw: no more tape"}};
  for (const auto& c : cases) {
    std::atomic<Mood> mood = c.mood;
    begin("28T19:30:00", evening(),
          [&mood](std::string_view) { return std::make_unique<MoodyProducer>(mood); });
    errors_.clear();
    const auto refused = manager_->viewer_join("s1", {"one"});
    EXPECT_EQ(refused.status().message(), c.says);
    EXPECT_EQ(manager_->channels()[0].viewers, 0u);
    EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kIdle);

    mood = Mood::kGood;
    ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
    EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kRunning);
    mood = c.mood;
    run_until("28T20:30:00");
    EXPECT_THAT(logged(), ElementsAre("one B 28T20:00", "two E 28T20:30"));
    EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kIdle);
    EXPECT_EQ(manager_->channels()[0].error.message(), c.says);
    EXPECT_EQ(errors_, std::vector<std::string>(2, std::string("one: ") + c.says))
        << "once for the viewer, once at the boundary";

    mood = Mood::kGood;
    EXPECT_TRUE(manager_->viewer_join("s2", {"one"}).ok()) << "the next viewer tries again";
    EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kRunning);
    EXPECT_TRUE(manager_->channels()[0].error.ok());
    manager_.reset();
  }
}

TEST_F(ChannelManagerTest, AProducerThatBrokeOffIsTriedAgainForTheNextViewer) {
  std::atomic<int> starts = 0;
  std::atomic<ProducerState> state = ProducerState::kIdle;
  begin("28T20:05:00", evening(),
        [&](std::string_view) { return std::make_unique<PuppetProducer>(starts, state); });
  EXPECT_TRUE(manager_->viewer_join("a", {"one"})->started);
  EXPECT_FALSE(manager_->viewer_join("b", {"one"})->started);
  state = ProducerState::kFailed;
  EXPECT_TRUE(manager_->viewer_join("c", {"one"})->started);
  EXPECT_EQ(state, ProducerState::kRunning);
  EXPECT_FALSE(manager_->viewer_join("d", {"one"})->started);
  state = ProducerState::kFinished;  // nothing is left of the media
  EXPECT_FALSE(manager_->viewer_join("e", {"one"})->started);
  EXPECT_EQ(starts, 2);
  manager_.reset();  // its producer refers to `state`
}

// case: a channel must show something.
TEST_F(ChannelManagerTest, AFillerReplacesAProducerThatFailsUntilItRunsAgain) {
  using Mood = MoodyProducer::Mood;
  std::atomic<Mood> mood = Mood::kRefuses;
  attempts_ = 10;
  filler_ = [](const PlayoutPlan& plan, int) {
    ProducerRequest filler;
    filler.slate = "Next: " + std::string(plan.next->title);
    return filler;
  };
  std::mutex mutex;
  std::vector<std::string> shown;
  begin("28T19:30:00", evening(), [&](std::string_view) {
    return std::make_unique<MoodyProducer>(mood, [&](const ProducerRequest& request) {
      const std::lock_guard lock(mutex);
      shown.push_back(request.slate.empty()
                          ? request.media.string() + " " + std::to_string(request.position / 1s)
                          : request.slate);
    });
  });
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok()) << "the viewer sees the filler";
  EXPECT_THAT(shown, ElementsAre("Next: B"));
  run_until("28T19:30:40");  // tries at 19:30:10 and 19:30:30
  EXPECT_THAT(errors_, ElementsAre("one: no tape", "one: no tape", "one: no tape"));
  mood = Mood::kGood;
  run_until("28T19:31:10");
  EXPECT_THAT(shown, ElementsAre("Next: B", "Next: B", "Next: B", "A.mp4 1870"));
  ASSERT_EQ(log_.size(), 2u);
  EXPECT_EQ(log_[0].filler_reason, "no tape");
  EXPECT_EQ(log_[0].title, "A");
  EXPECT_FALSE(log_[0].aired());
  EXPECT_TRUE(log_[1].resumed);
  EXPECT_EQ(log_[1].real_start, utc("28T19:31:10"));
  run_until("28T20:10:00");
  EXPECT_THAT(shown, ElementsAre("Next: B", "Next: B", "Next: B", "A.mp4 1870", "B.mp4 0"));
  manager_.reset();
}

TEST_F(ChannelManagerTest, AFillerFollowsMediaThatEndsEarly) {
  std::atomic<int> starts = 0;
  std::atomic<ProducerState> state = ProducerState::kIdle;
  std::atomic<int> fillers = 0;
  filler_ = [&](const PlayoutPlan&, int) {
    ++fillers;
    return ProducerRequest();
  };
  begin("28T20:05:00", evening(),
        [&](std::string_view) { return std::make_unique<PuppetProducer>(starts, state); });
  ASSERT_TRUE(manager_->viewer_join("a", {"one"}).ok());
  state = ProducerState::kFinished;
  while (starts < 2) std::this_thread::yield();  // the thread of the channel notices
  manager_->wait_for_producers();
  EXPECT_EQ(fillers, 1);
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0].filler_reason, "the media ended");
  EXPECT_FALSE(manager_->viewer_join("b", {"one"})->started) << "there is no more of the media";
  run_until("28T20:59:59");
  EXPECT_EQ(starts, 2);
  run_until("28T21:00:00");
  EXPECT_EQ(starts, 3) << "the next programme";
  manager_.reset();
}

TEST_F(ChannelManagerTest, AFillerThatFailsIsReplacedAndThenTriedAgain) {
  std::atomic<int> starts = 0;
  std::atomic<ProducerState> state = ProducerState::kIdle;
  std::mutex mutex;
  std::vector<int> failures;
  attempts_ = 10;
  filler_ = [&](const PlayoutPlan&, int filler_failures) {
    const std::lock_guard lock(mutex);
    failures.push_back(filler_failures);
    return ProducerRequest();
  };
  const auto filler_ends = [&](int expected_starts) {
    state = ProducerState::kFailed;
    while (starts < expected_starts) std::this_thread::yield();
    manager_->wait_for_producers();
  };
  begin("28T20:05:00", evening(),
        [&](std::string_view) { return std::make_unique<PuppetProducer>(starts, state); });
  ASSERT_TRUE(manager_->viewer_join("a", {"one"}).ok());
  state = ProducerState::kFinished;  // of the media
  while (starts < 2) std::this_thread::yield();
  manager_->wait_for_producers();
  filler_ends(3);
  EXPECT_THAT(failures, ElementsAre(0, 1)) << "at once";
  state = ProducerState::kFailed;
  while (errors() < 2) std::this_thread::yield();
  while (!clock_->next_event_time() || *clock_->next_event_time() != utc("28T20:05:10")) {
    std::this_thread::yield();
  }
  run_until("28T20:05:10");
  EXPECT_EQ(starts, 4);
  EXPECT_THAT(failures, ElementsAre(0, 1, 2)) << "10 s later";
  manager_.reset();
}

TEST_F(ChannelManagerTest, TheNextProgrammeIsPreparedBeforeItsBoundary) {
  struct Preparing final : Producer {
    Preparing(std::mutex& its_mutex, std::vector<std::string>& its_calls)
        : mutex(its_mutex), calls(its_calls) {}
    void add(const std::string& call) {
      const std::lock_guard lock(mutex);
      calls.push_back(call);
    }
    absl::Status start(const ProducerRequest& request) override {
      add("start " + request.media.string());
      return absl::OkStatus();
    }
    void prepare(const ProducerRequest& next) override {
      add("prepare " + next.media.string() + " " + std::to_string(next.position.count()));
    }
    absl::Status stop() override { return absl::OkStatus(); }
    ProducerState state() const override { return ProducerState::kRunning; }
    std::mutex& mutex;
    std::vector<std::string>& calls;
  };
  std::mutex mutex;
  std::vector<std::string> calls;
  begin("28T19:30:00");
  manager_.reset();
  ChannelManagerOptions options;
  options.preroll = 2s;
  options.media = [](std::string_view, const NowPlaying& now) {
    return absl::StatusOr<std::filesystem::path>(now.title);
  };
  options.producers = [&](std::string_view) { return std::make_unique<Preparing>(mutex, calls); };
  manager_ = std::make_unique<ChannelManager>(*clock_, *schedule_, std::move(options));
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  run_until("28T19:59:57");
  EXPECT_THAT(calls, ElementsAre("start A"));
  run_until("28T19:59:58");
  while (mutex.lock(), calls.size() < 2) mutex.unlock();
  mutex.unlock();
  run_until("28T20:00:00");
  EXPECT_THAT(calls, ElementsAre("start A", "prepare B 0", "start B"));
  manager_.reset();
}

TEST_F(ChannelManagerTest, ALogThatFailsIsReported) {
  begin("28T19:30:00");
  log_status_ = absl::UnavailableError("log: No space left on device");
  run_until("28T20:00:00");
  EXPECT_THAT(errors_, ElementsAre("one: log: No space left on device"));
}

// A boundary of 10,000 channels does not delay the end of the program.
TEST_F(ChannelManagerTest, AProgramThatEndsLeavesTheRestOfABoundary) {
  begin("28T19:30:00");
  manager_.reset();
  ChannelManagerOptions options;
  options.stopped = [this] { return log_.size() == 2; };
  options.as_run = [this](const AsRunEntry& entry) {
    log_.push_back(entry);
    return absl::OkStatus();
  };
  const ChannelManager manager(*clock_, *schedule_, std::move(options));
  run_until("28T21:00:00");
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00", "two E 28T20:30"));
  EXPECT_EQ(clock_->next_event_time(), std::nullopt) << "the other channels wait for nothing";
}

TEST_F(ChannelManagerTest, MediaThatIsMissingIsTheViewersError) {
  begin("28T19:30:00");
  manager_.reset();
  ChannelManagerOptions options;
  options.producers = recording_producers(record_);
  options.media = [](std::string_view, const NowPlaying& now) {
    return absl::StatusOr<std::filesystem::path>(absl::NotFoundError("no " + std::string(now.title)));
  };
  ChannelManager manager(*clock_, *schedule_, std::move(options));
  EXPECT_EQ(manager.viewer_join("s1", {"one"}).status().message(), "no A");
  EXPECT_EQ(manager.viewer_leave("s1").code(), absl::StatusCode::kNotFound);
}

TEST_F(ChannelManagerTest, LeavesNothingBehind) {
  begin("28T19:30:00");
  ASSERT_TRUE(manager_->viewer_join("s1", {"one"}).ok());
  ASSERT_TRUE(manager_->viewer_join("s2", {"two"}).ok());
  manager_.reset();
  EXPECT_THAT(asked(),
              UnorderedElementsAre("one A.mp4 1800s", "two D.mp4 1800s", "one stop", "two stop"));
  EXPECT_EQ(clock_->next_event_time(), std::nullopt);
  source_->step_utc(1h);
  trigger();
  EXPECT_THAT(logged(), IsEmpty());
}

// An observer is called without a lock, and so may call the manager and the clock.
TEST_F(ChannelManagerTest, AnObserverOfTheClockMayAskTheManager) {
  struct Guest final : MasterClockObserver {
    ChannelManager* manager = nullptr;
    MasterClock* clock = nullptr;
    int visits = 0;
    void event_scheduled(const masterclock::ScheduledEvent&) override {
      if (manager == nullptr) return;
      const std::string session = "guest " + std::to_string(++visits);
      EXPECT_TRUE(manager->viewer_join(session, {"one"}).ok());
      EXPECT_EQ(manager->channels()[0].viewers, 1u);
      EXPECT_TRUE(manager->viewer_leave(session).ok());
      clock->trigger_scheduled_events();
    }
  };
  const auto guest = std::make_shared<Guest>();
  begin("28T19:30:00", evening(), nullptr, Over::kMachine, guest);
  guest->clock = clock_.get();
  guest->manager = manager_.get();
  run_until("28T21:00:00");
  EXPECT_EQ(guest->visits, 6)
      << "gap at 20:45 and 21:30, one at 21:00 and 22:00, two at 21:00 and 23:00";
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00", "two E 28T20:30", "gap H 28T20:45",
                                    "one C 28T21:00", "two F 28T21:00"));
  step(-30min);
  run_until("28T23:30:00");
  EXPECT_THAT(logged(), IsEmpty());
  guest->manager = nullptr;
  manager_.reset();
  EXPECT_EQ(clock_->next_event_time(), std::nullopt);
}

TEST_F(ChannelManagerTest, NeedsNeitherProducersNorLog) {
  begin("28T19:30:00");
  ChannelManager plain(*clock_, *schedule_);
  ASSERT_TRUE(plain.viewer_join("s1", {"one"}).ok());
  run_until("28T21:30:00");
  EXPECT_EQ(plain.channels()[0].viewers, 1u);
}

// The real thing: ffmpeg is started, moved on at the boundary, and stopped.
TEST_F(ChannelManagerTest, RealFfmpegFollowsTheSchedule) {
  if (std::system("ffmpeg -version > /dev/null 2>&1 && ffprobe -version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "ffmpeg is not installed";
  }
  for (const char* name : {"a", "b"}) {
    const std::string command =
        "ffmpeg -nostdin -v error -y -f lavfi -i testsrc=duration=60:size=64x64:rate=5 -c:v "
        "libx264 -preset ultrafast " +
        (directory_.path() / name).string() + ".mp4";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  std::filesystem::create_directory(directory_.path() / "out");
  begin("28T19:59:30", guide_of({"one"}, {{"one", "a", "28T19:59:00", "28T20:00:00"},
                                          {"one", "b", "28T20:00:00", "28T20:01:00"},
                                          {"one", "none", "28T20:01:00", "28T20:02:00"}}));
  manager_.reset();
  errors_.clear();
  ChannelManagerOptions options;
  options.producers = [](std::string_view) {
    return std::make_unique<FfmpegProducer>(FfmpegOptions{.paced = true});
  };
  options.media = [library = MediaLibrary::open(directory_.path()).value()](
                      std::string_view channel, const NowPlaying& now) {
    return library.find(channel, now);
  };
  options.output = [this](std::string_view, const NowPlaying&) {
    return directory_.path() / "out" / "one.ts";
  };
  options.on_error = [this](std::string_view, const absl::Status& error) {
    const std::lock_guard lock(errors_mutex_);
    errors_.push_back(std::string(error.message()));
  };
  manager_ = std::make_unique<ChannelManager>(*clock_, *schedule_, std::move(options));
  const auto joined = manager_->viewer_join("s1", {"one"});
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kRunning);
  run_until("28T20:00:00");
  EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kRunning);
  EXPECT_THAT(errors_, IsEmpty());
  run_until("28T20:01:00");
  EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kIdle);
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("looked for 'none.mp4' and 'one.mp4'")));
  step(-30s);
  EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kRunning);
  EXPECT_TRUE(manager_->viewer_leave("s1").ok());
  EXPECT_EQ(manager_->channels()[0].producer, ProducerState::kIdle);
}

// Viewers come and go on several threads while the clock runs and is stepped.
TEST_F(ChannelManagerTest, RealThreadsAgree) {
  begin("28T19:30:00");
  std::atomic<bool> done{false};
  std::atomic<int> unexpected{0};
  std::vector<std::thread> viewers;
  for (int thread = 0; thread < 3; ++thread) {
    viewers.emplace_back([&, thread] {
      const char* const channels[] = {"one", "two", "gap"};
      for (int i = 0; i < 300; ++i) {
        const std::string session = std::to_string(thread) + "/" + std::to_string(i);
        if (!manager_->viewer_join(session, {channels[i % 3]}).ok()) ++unexpected;
        (void)manager_->channels();
        if (!manager_->viewer_leave(session).ok()) ++unexpected;
      }
      done = true;
    });
  }
  while (!done && source_->now_utc() < utc("28T23:30:00")) {
    source_->advance(1s);
    clock_->trigger_scheduled_events();
  }
  for (std::thread& viewer : viewers) viewer.join();
  run_until("28T23:30:00");
  EXPECT_EQ(unexpected, 0);
  EXPECT_THAT(logged(), ElementsAre("one B 28T20:00", "two E 28T20:30", "gap H 28T20:45",
                                    "one C 28T21:00", "two F 28T21:00"));
  for (const ChannelStatus& channel : manager_->channels()) {
    EXPECT_EQ(channel.viewers, 0u);
    EXPECT_EQ(channel.producer, ProducerState::kIdle);
  }
}

}  // namespace
}  // namespace on_air::channel_manager_test
