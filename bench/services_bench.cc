// Measures two services without their sockets: what each page and each boundary costs.
//
// Every page that opens asks for the state of the scoreboard, and every running clock sends a message each second.
// The director's thread wakes at each boundary of a show, and an operator takes scenes in between.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/json_line.h"
#include "common/private_directory.h"
#include "director/director.h"
#include "director/show.h"
#include "director/store.h"
#include "masterclock/events/simulate.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "scoreboard/messages.h"
#include "scoreboard/scoreboard.h"
#include "scoreboard/store.h"

namespace bench {
namespace {

using masterclock::MasterClock;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using nlohmann::json;
using namespace std::chrono_literals;

// A clock on simulated time.
struct Time {
  ManualTimeSource source{UtcTime(24h * 20'000)};
  MasterClock clock{source};

  void pass(std::chrono::nanoseconds time) {
    masterclock::simulate_until(source, clock.scheduler(), source.now_utc() + time);
  }
};

// --- scoreboard ----------------------------------------------------------------------------------

constexpr std::chrono::hours kYear{24 * 365};

// A match whose clocks all run.
class Match {
 public:
  explicit Match(std::int64_t clocks) {
    auto folder =
        common::PrivateDirectory::make(std::filesystem::temp_directory_path(), "services_bench");
    if (!folder.ok()) return;
    folder_ = *std::move(folder);
    auto store = scoreboard::Store::open((folder_->path() / "match.db").string());
    if (!store.ok()) return;
    store_ = *std::move(store);
    auto opened = scoreboard::Scoreboard::open(
        time.clock, *store_,
        {.boot = "boot",
         .alive_every = kYear,
         .on_report = [this](const auto& report, const auto& info) {
           ++messages;
           benchmark::DoNotOptimize(scoreboard::report_message(report, info.direction));
         }});
    if (!opened.ok()) return;
    std::vector<masterclock::KeyedCommand> starts;
    for (std::int64_t id = 0; id < clocks; ++id) {
      const masterclock::ClockKey key{"play", id};
      const bool added =
          (*opened)->add_clock("add " + std::to_string(id), key, {.initial = kYear}).ok();
      if (!added) return;
      starts.push_back({key, masterclock::ClockCommand::start()});
    }
    if (!(*opened)->command("start", starts).ok()) return;
    board = *std::move(opened);
    time.pass(500ms);
  }
  Match(const Match&) = delete;
  Match& operator=(const Match&) = delete;
  ~Match() { board.reset(); }  // it writes to the store until it ends

  Time time;
  std::int64_t messages = 0;
  std::unique_ptr<scoreboard::Scoreboard> board;  // null after an error

 private:
  std::unique_ptr<common::PrivateDirectory> folder_;
  std::unique_ptr<scoreboard::Store> store_;
};

// The match with so many clocks. Each clock is a transaction, so a match is made once.
Match& match(std::int64_t clocks) {
  static std::map<std::int64_t, std::unique_ptr<Match>> all;
  auto& one = all[clocks];
  if (!one) one = std::make_unique<Match>(clocks);
  return *one;
}

// A page opens, and asks for the state.
void BM_Scoreboard_State(benchmark::State& state) {
  const Match& of = match(state.range(0));
  if (!of.board) return state.SkipWithError("no match");
  std::string text;
  for (auto _ : state) {
    text = common::json_line(of.board->state());
    benchmark::DoNotOptimize(text);
  }
  const bool complete = std::ssize(json::parse(text).at("clocks")) == state.range(0);
  if (!complete) state.SkipWithError("a clock is missing");
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(BM_Scoreboard_State)->Arg(2)->Arg(20)->Arg(200);

// A second passes: the message of each clock is made once.
void BM_Scoreboard_Second(benchmark::State& state) {
  Match& of = match(state.range(0));
  if (!of.board) return state.SkipWithError("no match");
  of.messages = 0;
  for (auto _ : state) of.time.pass(1s);
  if (of.messages != state.range(0) * state.iterations()) {
    state.SkipWithError("a message is missing");
  }
}
BENCHMARK(BM_Scoreboard_Second)->Arg(2)->Arg(20)->Arg(200);

// --- director ------------------------------------------------------------------------------------

// Scenes of a second each, again and again.
director::ShowPlan plan(std::int64_t scenes) {
  director::ShowPlan plan{{}, true};
  for (std::int64_t i = 0; i < scenes; ++i) {
    plan.scenes.push_back({"Camera " + std::to_string(i), 1s, {}});
  }
  return plan;
}

// A show that has begun, half a second ago.
struct Rehearsal {
  Time time;
  director::MemoryStore store;
  std::unique_ptr<director::Show> show;

  explicit Rehearsal(std::int64_t scenes) {
    auto opened = director::Show::open(store, "boot", time.source.read());
    show = *std::move(opened);
    (void)show->apply({.verb = director::Verb::kConfigure, .plan = plan(scenes)},
                      time.source.read());
    (void)show->apply({.verb = director::Verb::kStart}, time.source.read());
    time.source.advance(500ms);
    (void)show->changes(time.source.now_steady());
  }
};

// The director's thread wakes for another reason.
void BM_Director_AdvanceOfNone(benchmark::State& state) {
  Rehearsal rehearsal(state.range(0));
  const auto now = rehearsal.time.source.now_steady();
  std::size_t changes = 0;
  for (auto _ : state) changes += rehearsal.show->changes(now).size();
  if (changes != 0) state.SkipWithError("a scene was due");
}
BENCHMARK(BM_Director_AdvanceOfNone)->Arg(10)->Arg(1'000);

// One scene is due.
void BM_Director_AdvanceToAScene(benchmark::State& state) {
  Rehearsal rehearsal(state.range(0));
  auto now = rehearsal.time.source.now_steady();
  std::int64_t changes = 0;
  for (auto _ : state) {
    now += 1s;
    changes += std::ssize(rehearsal.show->changes(now));
  }
  if (changes != state.iterations()) state.SkipWithError("a scene is missing");
}
BENCHMARK(BM_Director_AdvanceToAScene)->Arg(10)->Arg(1'000);

// The whole director on simulated time, without a mixer.
struct Stage {
  Time time;
  director::MemoryStore store;
  std::int64_t lines = 0, messages = 0;
  std::unique_ptr<director::Director> director;

  explicit Stage(std::int64_t scenes) {
    director::DirectorOptions options{.boot = "boot"};
    options.as_run = [this](const std::string&) { ++lines; };
    options.on_state = [this](const json& shown) {
      ++messages;
      benchmark::DoNotOptimize(common::json_line(shown));
    };
    director = *director::Director::open(time.clock, store, std::move(options));
    (void)director->command({.verb = director::Verb::kConfigure, .plan = plan(scenes)});
    (void)director->command({.verb = director::Verb::kStart});
    time.pass(500ms);
    lines = messages = 0;
  }
};

// The show reaches the next scene: a line of the as-run log, and the message to the pages.
void BM_Director_Boundary(benchmark::State& state) {
  Stage stage(state.range(0));
  for (auto _ : state) stage.time.pass(1s);
  if (stage.lines != state.iterations() || stage.messages != state.iterations()) {
    state.SkipWithError("a line or a message is missing");
  }
}
BENCHMARK(BM_Director_Boundary)->Arg(10)->Arg(1'000);

// An operator takes the first scene and the last one in turn. The record stays in memory: an SQLite file would
// measure the disk.
void BM_Director_Take(benchmark::State& state) {
  Stage stage(state.range(0));
  const std::string scenes[] = {"Camera 0", "Camera " + std::to_string(state.range(0) - 1)};
  std::int64_t i = 0;
  for (auto _ : state) {
    stage.time.source.advance(1ms);
    const auto outcome =
        stage.director->command({.verb = director::Verb::kTake, .scene = scenes[++i % 2]});
    if (!outcome.applied.changed) return state.SkipWithError("a take without effect");
  }
  if (stage.lines != state.iterations()) state.SkipWithError("a line is missing");
}
BENCHMARK(BM_Director_Take)->Arg(10)->Arg(1'000);

}  // namespace
}  // namespace bench
