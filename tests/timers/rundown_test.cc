#include "masterclock/timers/rundown.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "masterclock/testing/manual_time_source.h"

namespace masterclock::rundown_test {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr SteadyTime kT{1'000s};

// A lasts 1 s, B 1.5 s and C 0.7 s.
std::vector<Scene> abc() { return {{"A", 1s}, {"B", 1'500ms}, {"C", 700ms}}; }

// Returns a rundown of A, B and C that started at kT.
Rundown running(bool looping = false) {
  Rundown rundown;
  EXPECT_TRUE(rundown.configure(kT, abc(), {.looping = looping}).ok());
  EXPECT_TRUE(rundown.start(kT).value());
  return rundown;
}

// Names the changes, with their instants since kT in milliseconds.
std::string text_of(const std::vector<OnAirChange>& changes) {
  std::string text;
  for (const OnAirChange& change : changes) {
    absl::StrAppend(&text, text.empty() ? "" : " ", (change.at - kT) / 1ms, ":",
                    change.scene.value_or("-"));
  }
  return text;
}

TEST(Rundown, APauseDoesNotShiftThePosition) {
  std::mt19937_64 random(5);
  Rundown rundown = running(true);
  SteadyTime now = kT;
  nanoseconds on{};
  for (int i = 0; i < 100; ++i) {
    const nanoseconds runs(random() % 5'000'000'000), stands(random() % 5'000'000'000);
    ASSERT_TRUE(rundown.pause(now += runs).value());
    ASSERT_TRUE(rundown.resume(now += stands).value());
    on += runs;
  }
  EXPECT_EQ(rundown.reading(now).position + rundown.reading(now).cycle * 3'200ms, on);
  EXPECT_EQ(rundown.reading(now).behind, now - kT - on);
}

TEST(Rundown, ALoopKeepsItsOvershoot) {
  Rundown rundown;
  ASSERT_TRUE(rundown.configure(kT, {{"A", 7ns}, {"B", 11ns}}, {.looping = true}).ok());
  ASSERT_TRUE(rundown.start(kT).ok());
  for (const nanoseconds later : {25ns, 18'000'000'007ns, nanoseconds(24h * 36'525)}) {
    EXPECT_EQ(rundown.reading(kT + later).position, later % 18);
    EXPECT_EQ(rundown.reading(kT + later).cycle, later / 18ns);
  }
}

TEST(Rundown, AStepOfUtcDoesNotAffectIt) {
  testing::ManualTimeSource source{UtcTime(1h)};
  Rundown rundown;
  ASSERT_TRUE(rundown.configure(source.now_steady(), abc()).ok());
  ASSERT_TRUE(rundown.start(source.now_steady()).ok());
  source.step_utc(-30min);
  source.advance(1s);
  source.step_utc(2h);
  EXPECT_EQ(rundown.reading(source.now_steady()).position, 1s);
  EXPECT_EQ(rundown.advance(source.now_steady()).back().scene, "B");
}

TEST(Rundown, TakeForceHoldAndPauseAreFourDifferentActions) {
  Rundown take = running(), force = running(), hold = running(), pause = running();
  ASSERT_TRUE(take.take(kT + 200ms, "C").value());
  ASSERT_TRUE(force.force(kT + 200ms, "C", ForceUntil::kReleased));
  ASSERT_TRUE(hold.hold(kT + 200ms).value());
  ASSERT_TRUE(pause.pause(kT + 200ms).value());
  struct Case {
    const char* name;
    Rundown* rundown;
    nanoseconds position;
    const char* on_air;
    const char* changes;
  };
  const Case cases[] = {
      {"take", &take, 3'200ms, "-", "0:A 200:C 900:-"},
      {"force", &force, 2'200ms, "C", "0:A 200:C"},
      {"hold", &hold, 1s, "A", "0:A"},
      {"pause", &pause, 200ms, "A", "0:A"},
  };
  for (const Case& one : cases) {
    const RundownReading reading = one.rundown->reading(kT + 2'200ms);
    EXPECT_EQ(reading.position, one.position) << one.name;
    EXPECT_EQ(reading.on_air.value_or("-"), one.on_air) << one.name;
    EXPECT_EQ(text_of(one.rundown->advance(kT + 2'200ms)), one.changes) << one.name;
  }
  EXPECT_TRUE(force.release(kT + 3s));
  EXPECT_TRUE(hold.go(kT + 3s).value());
  EXPECT_TRUE(pause.resume(kT + 3s).value());
  EXPECT_EQ(text_of(force.advance(kT + 9s)), "3200:-");  // C is on for the timeline, too
  EXPECT_EQ(text_of(hold.advance(kT + 9s)), "3000:B 4500:C 5200:-");
  EXPECT_EQ(text_of(pause.advance(kT + 9s)), "3800:B 5300:C 6000:-");
}

TEST(Rundown, ConfigureNamesEveryFaultAndKeepsTheCurrentRundown) {
  Rundown rundown = running();
  const absl::Status faults = rundown.configure(
      kT + 1s, {{"A", 0s}, {"B", 2s}, {"C\n", 1s, 1s}, {"D", nanoseconds::max()}, {"E", 1s, -1s}});
  EXPECT_EQ(faults.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      faults.message(),
      "Invalid rundown: scene 0 'A' has a duration of 0s; scene 2 'C\\x0a' starts at 1s, before "
      "the previous scene ends at 2s; scene 3 'D' ends after 292 years; scene 4 'E' starts at "
      "-1s, before the previous scene ends at 2s");
  EXPECT_EQ(rundown.configure(kT, {}).message(), "Invalid rundown: no scenes");
  EXPECT_EQ(rundown.configure(kT, {{"A", 1s, -1ns}}).message(),
            "Invalid rundown: scene 0 'A' starts before the rundown");
  EXPECT_EQ(rundown.reading(kT + 1s).on_air, "B");
  ASSERT_TRUE(rundown.configure(kT + 2s, {{"X", 1s, 500ms}, {"Y", 1s}}).ok());
  ASSERT_EQ(rundown.scenes().size(), 2u);
  EXPECT_EQ(rundown.scenes()[1], (Scene{"Y", 1s, 1'500ms}));
  EXPECT_EQ(text_of(rundown.advance(kT + 5s)), "0:A 1000:B 2000:-");
}

TEST(Rundown, ARefusalNamesTheState) {
  Rundown rundown;
  EXPECT_EQ(rundown.start(kT).status(),
            absl::FailedPreconditionError("cannot start: the rundown is unconfigured"));
  EXPECT_EQ(rundown.fail(kT).status(),
            absl::FailedPreconditionError("cannot fail: the rundown is unconfigured"));
  rundown = running();
  EXPECT_EQ(rundown.take(kT, "nowhere\x1b").status(),
            absl::NotFoundError("the rundown has no scene 'nowhere\\x1b'"));
  EXPECT_EQ(rundown.hold(kT + 9s).status(),
            absl::FailedPreconditionError("cannot hold: the rundown is finished"));
}

TEST(Rundown, ConfigureKeepsASceneForcedUntilReleased) {
  for (const ForceUntil until : {ForceUntil::kReleased, ForceUntil::kBoundary}) {
    Rundown rundown = running();
    ASSERT_TRUE(rundown.force(kT, "Slate", until));
    ASSERT_TRUE(rundown.configure(kT + 1ms, abc()).ok());
    EXPECT_EQ(rundown.reading(kT + 1ms).forced, until == ForceUntil::kReleased);
  }
}

TEST(Rundown, AForceUntilTheBoundaryEndsWhereTheTimelineEntersASceneOrFinishes) {
  struct Case {
    const char* name;
    std::function<void(Rundown&)> act;
    const char* changes;
  };
  const Case cases[] = {
      {"next scene", [](Rundown&) {}, "0:A 100:S 1000:B 2500:C 3200:-"},
      {"take", [](Rundown& r) { (void)r.take(kT + 200ms, "A"); },
       "0:A 100:S 200:A 1200:B 2700:C 3400:-"},
      {"skip", [](Rundown& r) { (void)r.skip(kT + 200ms); }, "0:A 100:S 200:B 1700:C 2400:-"},
      {"held, then go", [](Rundown& r) { (void)r.hold(kT + 200ms), (void)r.go(kT + 4s); },
       "0:A 100:S 4000:B 5500:C 6200:-"},
      {"corrected past the end", [](Rundown& r) { (void)r.correct(kT + 200ms, 1h); },
       "0:A 100:S 200:-"},
      {"corrected within the scene", [](Rundown& r) { (void)r.correct(kT + 200ms, 300ms); },
       "0:A 100:S 700:B 2200:C 2900:-"},
      {"stop does not enter a scene", [](Rundown& r) { (void)r.stop(kT + 200ms); }, "0:A 100:S"},
  };
  for (const Case& one : cases) {
    Rundown rundown = running();
    ASSERT_TRUE(rundown.force(kT + 100ms, "S", ForceUntil::kBoundary));
    one.act(rundown);
    EXPECT_EQ(text_of(rundown.advance(kT + 1h)), one.changes) << one.name;
  }
}

TEST(Rundown, BehindCountsPauseHoldAndTakeAndNoCorrection) {
  Rundown rundown = running();
  EXPECT_EQ(rundown.reading(kT + 500ms).behind, 0s);
  EXPECT_EQ(rundown.reading(kT + 500ms).expected_end, kT + 3'200ms);
  ASSERT_TRUE(rundown.pause(kT + 500ms).ok());
  EXPECT_EQ(rundown.reading(kT + 700ms).behind, 200ms);
  EXPECT_EQ(rundown.reading(kT + 700ms).expected_end, std::nullopt);
  ASSERT_TRUE(rundown.resume(kT + 800ms).ok());
  EXPECT_EQ(rundown.reading(kT + 900ms).expected_end, kT + 3'500ms);
  ASSERT_TRUE(rundown.hold(kT + 1s).ok());  // position 700 ms; the scene ends at kT + 1300 ms
  EXPECT_EQ(rundown.reading(kT + 1'300ms).behind, 300ms);
  EXPECT_EQ(rundown.reading(kT + 1'500ms).behind, 500ms);
  EXPECT_EQ(rundown.reading(kT + 1'500ms).expected_end, std::nullopt);
  ASSERT_TRUE(rundown.go(kT + 1'500ms).ok());
  ASSERT_TRUE(rundown.correct(kT + 1'600ms, 1s).ok());  // position 2100 ms
  EXPECT_EQ(rundown.reading(kT + 1'600ms).behind, 500ms);
  EXPECT_EQ(rundown.reading(kT + 1'600ms).expected_end, kT + 2'700ms);
  ASSERT_TRUE(rundown.take(kT + 1'600ms, "C").ok());  // 400 ms ahead of position 2100 ms
  EXPECT_EQ(rundown.reading(kT + 1'600ms).behind, 100ms);
  EXPECT_EQ(rundown.reading(kT + 9s).behind, 100ms);
  ASSERT_TRUE(rundown.reset(kT + 10s).ok());
  EXPECT_EQ(rundown.reading(kT + 10s).behind, 0s);
}

TEST(Rundown, AdvanceReturnsEachChangeOnceUpToNow) {
  Rundown rundown = running();
  EXPECT_EQ(text_of(rundown.advance(kT - 1ns)), "");
  EXPECT_EQ(text_of(rundown.advance(kT)), "0:A");
  EXPECT_EQ(text_of(rundown.advance(kT)), "");
  EXPECT_EQ(text_of(rundown.advance(kT + 1s - 1ns)), "");
  EXPECT_EQ(text_of(rundown.advance(kT + 1s)), "1000:B");
  // A command at an instant that the last call covered.
  ASSERT_TRUE(rundown.force(kT + 1s, "Slate", ForceUntil::kReleased));
  EXPECT_EQ(text_of(rundown.advance(kT + 1s)), "1000:Slate");
  ASSERT_TRUE(rundown.release(kT + 5s));
  EXPECT_EQ(text_of(rundown.advance(kT + 4s)), "");
  EXPECT_EQ(text_of(rundown.advance(kT + 5s)), "5000:-");
}

TEST(Rundown, CommandsAtOneInstantMakeOneChange) {
  Rundown rundown = running();
  ASSERT_TRUE(rundown.take(kT, "B").value());
  ASSERT_TRUE(rundown.take(kT, "C").value());
  EXPECT_EQ(text_of(rundown.advance(kT)), "0:C");
  ASSERT_TRUE(rundown.force(kT + 1ms, "Slate", ForceUntil::kReleased));
  ASSERT_TRUE(rundown.release(kT + 1ms));
  EXPECT_EQ(text_of(rundown.advance(kT + 1ms)), "");
}

TEST(Rundown, OfWholeCyclesAdvanceReturnsTheLast) {
  Rundown rundown = running(true);
  EXPECT_EQ(text_of(rundown.advance(kT + 1'200ms)), "0:A 1000:B");
  const std::vector<OnAirChange> changes = rundown.advance(kT + 3'200ms * 1'000 + 1s);
  EXPECT_EQ(text_of(changes), "2500:C 3196800:A 3197800:B 3199300:C 3200000:A 3201000:B");
  EXPECT_EQ(changes[0].cycle, 0);
  EXPECT_EQ(changes[1].cycle, 999);
  EXPECT_EQ(changes[4].cycle, 1'000);
}

TEST(Rundown, CorrectMovesThroughBoundaries) {
  struct Case {
    const char* name;
    bool looping;
    nanoseconds by, position;
    std::int64_t cycle;
    RundownState state;
    const char* changes;
  };
  const Case cases[] = {
      {"over B into C", false, 2s, 2'700ms, 0, RundownState::kRunning, "0:A 700:C"},
      {"to the exact end", false, 2'500ms, 3'200ms, 0, RundownState::kFinished, "0:A 700:-"},
      {"past the end", false, 1h, 3'200ms, 0, RundownState::kFinished, "0:A 700:-"},
      {"before the beginning", false, -1h, 0ms, 0, RundownState::kRunning, "0:A"},
      {"around the loop", true, 3'200ms * 5 + 2s, 2'700ms, 5, RundownState::kRunning, "0:A 700:C"},
      {"before the loop", true, -1h, 0ms, 0, RundownState::kRunning, "0:A"},
  };
  for (const Case& one : cases) {
    Rundown rundown = running(one.looping);
    ASSERT_TRUE(rundown.correct(kT + 700ms, one.by).value()) << one.name;
    const RundownReading reading = rundown.reading(kT + 700ms);
    EXPECT_EQ(reading.position, one.position) << one.name;
    EXPECT_EQ(reading.cycle, one.cycle) << one.name;
    EXPECT_EQ(reading.state, one.state) << one.name;
    EXPECT_EQ(text_of(rundown.advance(kT + 700ms)), one.changes) << one.name;
  }
  Rundown rundown = running();
  EXPECT_FALSE(rundown.correct(kT + 1ms, 0ns).value());
  ASSERT_TRUE(rundown.hold(kT + 1ms).ok());
  EXPECT_EQ(rundown.correct(kT + 1ms, 1s).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Rundown, AHoldInAGapDelaysTheNextScene) {
  Rundown rundown;
  ASSERT_TRUE(rundown.configure(kT, {{"A", 1s, 500ms}, {"B", 1s, 2s}}).ok());
  ASSERT_TRUE(rundown.start(kT).ok());
  ASSERT_TRUE(rundown.hold(kT + 100ms).value());
  EXPECT_EQ(rundown.reading(kT + 9s).position, 500ms);
  EXPECT_EQ(rundown.reading(kT + 9s).on_air, std::nullopt);
  EXPECT_EQ(rundown.next_change(kT), std::nullopt);
  ASSERT_TRUE(rundown.go(kT + 9s).value());
  EXPECT_EQ(text_of(rundown.advance(kT + 20s)), "9000:A 10000:- 10500:B 11500:-");
}

TEST(Rundown, APausedRundownThatIsHeldAtItsEndFinishesAtGo) {
  Rundown rundown;
  ASSERT_TRUE(rundown.configure(kT, {{"A", 1s}}).ok());
  ASSERT_TRUE(rundown.start(kT).ok());
  ASSERT_TRUE(rundown.hold(kT).value());
  ASSERT_TRUE(rundown.pause(kT + 2s).value());
  EXPECT_EQ(rundown.reading(kT + 3s).on_air, "A");
  ASSERT_TRUE(rundown.go(kT + 3s).value());
  EXPECT_EQ(rundown.reading(kT + 3s).state, RundownState::kFinished);
}

TEST(Rundown, NextChangeIsTheInstantOfTheNextSwitch) {
  Rundown rundown;
  EXPECT_EQ(rundown.next_change(kT), std::nullopt);
  ASSERT_TRUE(
      rundown.configure(kT, {{"Cam", 1s}, {"Cam", 1s}, {"Ad", 1s}}, {.looping = true}).ok());
  EXPECT_EQ(rundown.next_change(kT), std::nullopt);
  ASSERT_TRUE(rundown.start(kT).ok());
  EXPECT_EQ(rundown.next_change(kT), kT + 2s);
  EXPECT_EQ(rundown.next_change(kT + 2s), kT + 3s);
  ASSERT_TRUE(rundown.force(kT, "Cam", ForceUntil::kBoundary));  // ends unseen at 1 s
  EXPECT_EQ(rundown.next_change(kT), kT + 2s);
  ASSERT_TRUE(rundown.force(kT, "Ad", ForceUntil::kBoundary));
  EXPECT_EQ(rundown.next_change(kT), kT + 1s);
  ASSERT_TRUE(rundown.force(kT, "Ad", ForceUntil::kReleased));
  EXPECT_EQ(rundown.next_change(kT), std::nullopt);
  ASSERT_TRUE(rundown.configure(kT, {{"Cam", 1s}, {"Cam", 1s}}, {.looping = true}).ok());
  ASSERT_TRUE(rundown.release(kT));
  ASSERT_TRUE(rundown.start(kT).ok());
  EXPECT_EQ(rundown.next_change(kT), std::nullopt);
}

TEST(Rundown, TenThousandScenesSwitchOnceEachAtTheirExactInstants) {
  std::mt19937_64 random(11);
  std::vector<Scene> scenes;
  std::vector<OnAirChange> expected;
  SteadyTime at = kT;
  for (int i = 0; i < 10'000; ++i) {
    const nanoseconds duration(random() % 10'000'000'000 + 1);
    scenes.push_back({absl::StrCat("scene ", i), duration});
    expected.push_back({at, scenes.back().name, 0});
    at += duration;
  }
  expected.push_back({at, std::nullopt, 0});
  Rundown rundown;
  ASSERT_TRUE(rundown.configure(kT, scenes).ok());
  ASSERT_TRUE(rundown.start(kT).ok());
  std::vector<OnAirChange> changes = rundown.advance(kT);
  for (std::optional<SteadyTime> next = kT; (next = rundown.next_change(*next));) {
    for (OnAirChange& change : rundown.advance(*next)) changes.push_back(std::move(change));
  }
  EXPECT_EQ(changes, expected);
}

TEST(Rundown, AReadingFindsTheSceneAmongScenesOfAnyLength) {
  std::mt19937_64 random(13);
  for (int round = 0; round < 50; ++round) {
    std::vector<Scene> scenes;
    std::vector<nanoseconds> edges;
    nanoseconds end{};
    for (std::uint64_t i = random() % 300 + 1; i > 0; --i) {
      const nanoseconds start = end + nanoseconds(random() % 3 == 0 ? random() % 100 : 0);
      end = start + nanoseconds(random() % (std::uint64_t{1} << (random() % 50)) + 1);
      scenes.push_back({absl::StrCat(i), end - start, start});
      edges.insert(edges.end(), {start, end - 1ns});
    }
    Rundown rundown;
    ASSERT_TRUE(rundown.configure(kT, scenes, {.looping = true}).ok());
    ASSERT_TRUE(rundown.start(kT).ok());
    for (int i = 0; i < 1'000; ++i) {
      nanoseconds position = edges[random() % edges.size()] + nanoseconds(random() % 3) - 1ns;
      if (random() % 2 == 0) position = nanoseconds(random());
      position = (position % end + end) % end;
      std::optional<std::size_t> expected;
      for (std::size_t scene = 0; scene < scenes.size(); ++scene) {
        const nanoseconds into = position - *scenes[scene].start;
        if (into >= 0ns && into < scenes[scene].duration) expected = scene;
      }
      ASSERT_EQ(rundown.reading(kT + position).scene, expected);
    }
  }
}

TEST(Rundown, IsTotalAtTheEndsOfTime) {
  constexpr SteadyTime kLeast = SteadyTime::min(), kMost = SteadyTime::max();
  for (const bool looping : {false, true}) {
    for (const nanoseconds duration : {1ns, nanoseconds::max() / 2, nanoseconds::max() - 1ns}) {
      Rundown rundown;
      ASSERT_TRUE(rundown.configure(kLeast, {{"A", duration}, {"B", 1ns}}, {looping}).ok());
      ASSERT_TRUE(rundown.start(kLeast).ok());
      const RundownReading last = rundown.reading(kMost);
      EXPECT_EQ(last.state, looping ? RundownState::kRunning : RundownState::kFinished);
      EXPECT_LE(last.position, duration + 1ns);
      EXPECT_GE(last.position, 0ns);
      EXPECT_LE(rundown.advance(kMost).size(), 8u);
      ASSERT_EQ(rundown.skip(kMost).ok(), looping);
      for (const nanoseconds by : {nanoseconds::max(), nanoseconds::min()}) {
        ASSERT_EQ(rundown.correct(kMost, by).ok(), looping);
        EXPECT_GE(rundown.reading(kMost).position, 0ns);
        EXPECT_GE(rundown.reading(kMost).cycle, 0);
      }
      EXPECT_EQ(rundown.next_change(kMost), std::nullopt);
    }
  }
  // An end after the end of time is never reached.
  Rundown rundown;
  ASSERT_TRUE(rundown.configure(kT, {{"A", nanoseconds::max()}}).ok());
  ASSERT_TRUE(rundown.start(kT).ok());
  EXPECT_EQ(rundown.next_change(kT), std::nullopt);
  EXPECT_EQ(rundown.reading(kT).expected_end, kMost);
  EXPECT_EQ(rundown.reading(kMost).on_air, "A");
  ASSERT_TRUE(rundown.pause(kLeast).value());  // counts as kT
  EXPECT_EQ(rundown.reading(kMost).position, 0ns);
  EXPECT_EQ(rundown.reading(kMost).behind, kMost - kT);
}

TEST(Rundown, ACopyIsASnapshot) {
  Rundown rundown = running();
  const Rundown copy = rundown;
  ASSERT_TRUE(rundown.stop(kT + 100ms).ok());
  EXPECT_EQ(copy.reading(kT + 200ms).position, 200ms);
}

TEST(RundownValues, PrintAndCompare) {
  std::ostringstream text;
  text << RundownState::kUnconfigured << ' ' << RundownState::kError << ' ' << ForceUntil::kBoundary
       << ' ' << RundownOptions{.looping = true} << ' ' << Scene{"A", 1s, 2s};
  EXPECT_EQ(text.str(), "unconfigured error boundary looping 'A' for 1s at 2s");
  Rundown rundown = running();
  ASSERT_TRUE(rundown.force(kT + 1s, "Slate", ForceUntil::kReleased));
  EXPECT_EQ(to_string(rundown.reading(kT + 1s)),
            "running at 1s of cycle 0, on air: 'Slate', forced");
  EXPECT_EQ(to_string(OnAirChange{SteadyTime(3s), std::nullopt, 4}),
            "no request at steady 3s, cycle 4");
  EXPECT_EQ(rundown.reading(kT + 1s), rundown.reading(kT + 1s));
  EXPECT_NE(rundown.reading(kT + 1s), rundown.reading(kT + 2s));
}

}  // namespace
}  // namespace masterclock::rundown_test
