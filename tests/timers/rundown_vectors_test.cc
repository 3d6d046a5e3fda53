// Compares Rundown with the group `rundown` of the vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "masterclock/timers/rundown.h"
#include "vectors.h"

namespace masterclock::rundown_vectors_test {
namespace {

using std::chrono::nanoseconds;
using timer_vectors::Json;
using timer_vectors::ns;
using timer_vectors::ns_or_none;
using timer_vectors::steady;

std::vector<Scene> scenes_of(const Json& list) {
  std::vector<Scene> scenes;
  for (const Json& scene : list) {
    scenes.push_back(
        {scene.at("name"), ns(scene.at("duration_ns")), ns_or_none(scene, "start_ns")});
  }
  return scenes;
}

RundownOptions options_of(const Json& configuration) {
  return {.looping = configuration.value("looping", false)};
}

std::optional<std::string> name_or_none(const Json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
}

std::string result_of(const absl::StatusOr<bool>& answer) {
  return answer.ok() ? (*answer ? "changed" : "unchanged") : "refused";
}

std::string perform(Rundown& rundown, const Json& step) {
  const SteadyTime at = steady(step.at("at_ns"));
  const std::string verb = step.at("do");
  if (verb == "configure") {
    const absl::Status status =
        rundown.configure(at, scenes_of(step.at("scenes")), options_of(step));
    return status.ok() ? "changed" : "refused";
  }
  if (verb == "start") return result_of(rundown.start(at));
  if (verb == "pause") return result_of(rundown.pause(at));
  if (verb == "resume") return result_of(rundown.resume(at));
  if (verb == "stop") return result_of(rundown.stop(at));
  if (verb == "reset") return result_of(rundown.reset(at));
  if (verb == "fail") return result_of(rundown.fail(at));
  if (verb == "take") return result_of(rundown.take(at, step.at("scene").get<std::string>()));
  if (verb == "skip") return result_of(rundown.skip(at));
  if (verb == "hold") return result_of(rundown.hold(at));
  if (verb == "go") return result_of(rundown.go(at));
  if (verb == "release") return result_of(rundown.release(at));
  if (verb == "force") {
    return result_of(rundown.force(
        at, step.at("scene"),
        step.at("until") == "boundary" ? ForceUntil::kBoundary : ForceUntil::kReleased));
  }
  return "unknown command " + verb;
}

void compare(const Rundown& rundown, const Json& expect, SteadyTime at) {
  const RundownReading reading = rundown.reading(at);
  EXPECT_EQ(to_string(reading.state), expect.at("state"));
  EXPECT_EQ(reading.position, ns(expect.at("position_ns")));
  EXPECT_EQ(reading.cycle, expect.at("cycle"));
  EXPECT_EQ(reading.scene ? std::optional(rundown.scenes()[*reading.scene].name) : std::nullopt,
            name_or_none(expect.at("scene")));
  EXPECT_EQ(reading.on_air, name_or_none(expect.at("on_air")));
  EXPECT_EQ(reading.into_scene, ns_or_none(expect, "into_scene_ns").value_or(nanoseconds(0)));
  EXPECT_EQ(reading.scene_left, ns_or_none(expect, "scene_left_ns").value_or(nanoseconds(0)));
  EXPECT_EQ(reading.held, expect.at("held"));
  EXPECT_EQ(reading.forced, expect.at("forced"));
  const std::int64_t ppm = expect.at("progress_ppm");
  EXPECT_NEAR(reading.progress * 1e6, static_cast<double>(ppm) + 0.5, 0.5 + 1e-6);
}

// Names the changes in one text.
std::string text_of(const std::vector<OnAirChange>& changes) {
  std::string text;
  for (const OnAirChange& change : changes) {
    text += std::to_string(change.at.time_since_epoch().count()) + " " +
            change.scene.value_or("(none)") + "\n";
  }
  return text;
}

// Performs the steps of a case, and calls `advance` and `next_change` at each instant of `calls` too.
std::vector<OnAirChange> changes_of(const Json& one, std::vector<std::int64_t> calls) {
  Rundown rundown;
  if (one.contains("configured")) {
    const Json& configured = one.at("configured");
    EXPECT_TRUE(
        rundown.configure(SteadyTime(), scenes_of(configured.at("scenes")), options_of(configured))
            .ok());
  }
  std::vector<OnAirChange> changes;
  const auto advance = [&](std::int64_t at) {
    for (OnAirChange& change : rundown.advance(SteadyTime(nanoseconds(at)))) {
      changes.push_back(std::move(change));
    }
  };
  std::sort(calls.begin(), calls.end());
  std::size_t call = 0;
  for (const Json& step : one.at("steps")) {
    const std::int64_t at = step.at("at_ns");
    while (call < calls.size() && calls[call] <= at) advance(calls[call++]);
    SCOPED_TRACE(step.dump());
    if (step.contains("expect")) {
      compare(rundown, step.at("expect"), steady(step.at("at_ns")));
    } else if (step.at("do") != "step_utc") {
      EXPECT_EQ(perform(rundown, step), step.at("result"));
    }
  }
  advance(one.at("steps").back().at("at_ns"));
  return changes;
}

class RundownRuns : public ::testing::TestWithParam<Json> {};
INSTANTIATE_TEST_SUITE_P(Vectors, RundownRuns,
                         ::testing::ValuesIn(timer_vectors::cases("rundown", "run")),
                         timer_vectors::name_of_case);

TEST_P(RundownRuns, AgreesAtEveryLookAndChange) {
  const Json& one = GetParam();
  std::string expected;
  std::vector<std::int64_t> instants;
  for (const Json& change : one.at("on_air_changes")) {
    instants.push_back(change.at("at_ns"));
    expected += std::to_string(instants.back()) + " " +
                name_or_none(change.at("on_air")).value_or("(none)") + "\n";
  }
  EXPECT_EQ(text_of(changes_of(one, instants)), expected) << one.at("why");
  const bool looping = one.contains("configured") && options_of(one.at("configured")).looping;
  if (!looping) {
    EXPECT_EQ(text_of(changes_of(one, {})), expected) << "with one call at the end";
  }
}

TEST(RundownVectors, ADirectorSendsEachSwitchOnce) {
  std::size_t cases = 0;
  for (const Json& one : timer_vectors::cases("rundown", "run")) {
    if (!one.contains("sends")) continue;
    ++cases;
    Rundown rundown;
    const Json& configured = one.at("configured");
    const std::vector<Scene> scenes = scenes_of(configured.at("scenes"));
    ASSERT_TRUE(rundown.configure(SteadyTime(), scenes, options_of(configured)).ok());
    for (const Json& step : one.at("steps")) {
      if (!step.contains("do")) continue;
      ASSERT_EQ(perform(rundown, step), step.at("result"));
    }
    Json sends = Json::array();
    std::optional<std::string> sent;
    for (const Json& poll : one.at("polls_ns")) {
      const std::vector<OnAirChange> changes = rundown.advance(steady(poll));
      if (changes.empty() || !changes.back().scene || changes.back().scene == sent) continue;
      sent = changes.back().scene;
      sends.push_back({{"at_ns", poll}, {"scene", *sent}});
    }
    EXPECT_EQ(sends, one.at("sends")) << one.at("why");
  }
  EXPECT_EQ(cases, 2u);
}

TEST(RundownVectors, AJumpIsADivision) {
  for (const Json& one : timer_vectors::cases("rundown", "far")) {
    Rundown rundown;
    const SteadyTime start = steady(one.at("start_at_ns"));
    const Json& configured = one.at("configured");
    ASSERT_TRUE(
        rundown.configure(start, scenes_of(configured.at("scenes")), options_of(configured)).ok());
    ASSERT_TRUE(rundown.start(start).ok());
    for (const Json& look : one.at("looks")) {
      const RundownReading reading = rundown.reading(steady(look.at("at_ns")));
      EXPECT_EQ(reading.position, ns(look.at("position_ns")));
      EXPECT_EQ(reading.cycle, look.at("cycle"));
      EXPECT_EQ(reading.on_air, name_or_none(look.at("scene")));
    }
  }
}

TEST(RundownVectors, AreComplete) {
  EXPECT_EQ(timer_vectors::cases("rundown").size(), 39u);
  EXPECT_EQ(timer_vectors::cases("rundown", "run").size() +
                timer_vectors::cases("rundown", "far").size() +
                timer_vectors::cases("rundown", "follow").size(),
            39u);
}

}  // namespace
}  // namespace masterclock::rundown_vectors_test
