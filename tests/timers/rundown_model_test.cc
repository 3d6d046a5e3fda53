// Compares Rundown with a model that moves nanosecond by nanosecond, under a million random operations.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/timers/rundown.h"

namespace masterclock::rundown_model_test {
namespace {

using std::chrono::nanoseconds;

constexpr int kNoScene = -1;
enum class Result { kChanged, kUnchanged, kRefused, kNotFound };

class Model {
 public:
  struct Item {
    std::string name;
    int begin = 0, end = 0;
  };

  RundownState state = RundownState::kUnconfigured;
  std::vector<Item> items;
  bool looping = false;
  int position = 0;
  std::int64_t cycle = 0, behind = 0, now = 0;
  bool taken = false, held = false, forced = false, until_boundary = false;
  int held_scene = kNoScene, held_end = 0;
  std::string slate;
  std::vector<OnAirChange> changes;

  [[nodiscard]] int total() const { return items.empty() ? 0 : items.back().end; }
  [[nodiscard]] bool in_show() const {
    return state == RundownState::kRunning || state == RundownState::kPaused;
  }
  [[nodiscard]] int scene() const {
    if (!in_show() && !taken) return kNoScene;
    return held ? held_scene : scene_at(position);
  }
  [[nodiscard]] std::optional<std::string> on_air() const {
    if (forced) return slate;
    if (scene() == kNoScene) return std::nullopt;
    return items[static_cast<std::size_t>(scene())].name;
  }

  void tick() {
    ++now;
    if (state == RundownState::kPaused) ++behind;
    if (state != RundownState::kRunning) return;
    if (held && position == held_end) {
      ++behind;
      return;
    }
    ++position;
    if (held) return;
    if (settle() && forced && until_boundary) {
      forced = false;
      first_cycle_ = cycle;
    }
    note();
  }

  // Ends a time without a command. Only the last of the whole cycles in it is kept.
  void end_of_span() {
    std::erase_if(changes, [&](const OnAirChange& change) {
      return change.at > span_ && change.cycle > first_cycle_ && change.cycle < cycle - 1;
    });
    begin_span();
  }
  void begin_span() {
    span_ = SteadyTime(nanoseconds(now));
    first_cycle_ = cycle;
  }
  void commanded() {
    note();
    begin_span();
  }

  std::vector<OnAirChange> advance() {
    end_of_span();
    std::vector<OnAirChange> all = std::move(changes);
    changes.clear();
    if (!all.empty()) returned_ = all.back().scene;
    return all;
  }

  void configure(std::vector<Item> scenes, bool loop) {
    items = std::move(scenes);
    looping = loop;
    rewind(RundownState::kIdle);
    end_boundary();
  }
  void rewind(RundownState to) {
    state = to;
    position = 0;
    cycle = behind = 0;
    taken = held = false;
  }
  Result start() {
    if (state != RundownState::kIdle) return Result::kRefused;
    state = RundownState::kRunning;
    if (!taken && scene_at(position) != kNoScene) end_boundary();
    taken = false;
    return Result::kChanged;
  }
  Result take(const std::string& name) {
    if (!in_show() && state != RundownState::kIdle) return Result::kRefused;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].name != name) continue;
      const bool on = in_show() || taken;
      if (on && !held && position == items[i].begin && !(forced && until_boundary)) {
        return Result::kUnchanged;
      }
      jump(static_cast<int>(i), cycle);
      return Result::kChanged;
    }
    return Result::kNotFound;
  }
  Result skip() {
    if (!in_show() && state != RundownState::kIdle) return Result::kRefused;
    int next = 0;
    if (in_show() || taken) {
      // The scene after the present one; in a gap, the first scene that begins after it.
      next = scene() + 1;
      if (scene() == kNoScene) {
        const int gap_end = held ? held_end : position;
        while (items[static_cast<std::size_t>(next)].begin < gap_end) ++next;
      }
    }
    if (next < static_cast<int>(items.size())) {
      jump(next, cycle);
    } else if (looping) {
      jump(0, cycle + 1);
    } else {
      return Result::kUnchanged;
    }
    return Result::kChanged;
  }
  Result hold() {
    if (!in_show()) return Result::kRefused;
    if (held) return Result::kUnchanged;
    held_scene = scene();
    held_end = position + 1;
    while (held_end < total() && scene_at(held_end) == held_scene) ++held_end;
    held = true;
    return Result::kChanged;
  }
  Result go() {
    if (!in_show()) return Result::kRefused;
    if (!held) return Result::kUnchanged;
    held = false;
    if (position == held_end && settle()) end_boundary();
    return Result::kChanged;
  }
  Result correct(int by) {
    if (state != RundownState::kRunning || held) return Result::kRefused;
    const int scene_before = scene(), position_before = position;
    const std::int64_t cycle_before = cycle;
    for (; by > 0 && state == RundownState::kRunning; --by) {
      ++position;
      if (settle()) end_boundary();
    }
    for (; by < 0 && (position > 0 || cycle > 0); ++by) {
      if (position == 0) {
        --cycle;
        position = total();
      }
      --position;
    }
    if (position == position_before && cycle == cycle_before) return Result::kUnchanged;
    const bool same = scene() == scene_before && cycle == cycle_before;
    if (!same && scene() != kNoScene) end_boundary();
    return Result::kChanged;
  }
  Result force(const std::string& name, bool boundary) {
    if (forced && slate == name && until_boundary == boundary) return Result::kUnchanged;
    forced = true;
    slate = name;
    until_boundary = boundary;
    return Result::kChanged;
  }
  Result release() {
    if (!forced) return Result::kUnchanged;
    forced = false;
    return Result::kChanged;
  }
  Result go_from(RundownState from, RundownState to) {
    if (state == to) return Result::kUnchanged;
    if (state != from) return Result::kRefused;
    state = to;
    return Result::kChanged;
  }
  Result stop() {
    if (!in_show()) return Result::kUnchanged;
    rewind(RundownState::kStopped);
    return Result::kChanged;
  }
  Result reset() {
    if (state == RundownState::kUnconfigured) return Result::kUnchanged;
    if (state == RundownState::kIdle && !taken) return Result::kUnchanged;
    rewind(RundownState::kIdle);
    return Result::kChanged;
  }
  Result fail() {
    if (state == RundownState::kError) return Result::kUnchanged;
    if (state == RundownState::kUnconfigured) return Result::kRefused;
    state = RundownState::kError;
    taken = held = false;
    return Result::kChanged;
  }

  [[nodiscard]] RundownReading reading() const {
    RundownReading reading;
    reading.state = state;
    reading.position = nanoseconds(position);
    reading.cycle = cycle;
    if (scene() != kNoScene) {
      const Item& item = items[static_cast<std::size_t>(scene())];
      reading.scene = static_cast<std::size_t>(scene());
      reading.into_scene = nanoseconds(position - item.begin);
      reading.scene_left = nanoseconds(item.end - position);
    }
    reading.on_air = on_air();
    reading.forced = forced;
    reading.held = held;
    if (total() > 0) reading.progress = static_cast<double>(position) / total();
    reading.behind = nanoseconds(behind);
    if (state == RundownState::kRunning && !looping && !held) {
      reading.expected_end = SteadyTime(nanoseconds(now + total() - position));
    }
    return reading;
  }

  // Runs a copy until the scene on the air differs.
  [[nodiscard]] std::optional<SteadyTime> next_change() const {
    Model later = *this;
    for (int i = 0; i < 3 * total() + 3; ++i) {
      later.tick();
      if (later.on_air() != on_air()) return SteadyTime(nanoseconds(later.now));
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] int scene_at(int at) const {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (at >= items[i].begin && at < items[i].end) return static_cast<int>(i);
    }
    return kNoScene;
  }
  [[nodiscard]] bool begins(int at) const {
    for (const Item& item : items) {
      if (item.begin == at) return true;
    }
    return false;
  }
  // Ends the cycle at its end. Returns true if the timeline enters a scene or finishes.
  bool settle() {
    if (position == total()) {
      if (!looping) {
        state = RundownState::kFinished;
        return true;
      }
      position = 0;
      ++cycle;
    }
    return begins(position);
  }
  void jump(int to, std::int64_t in_cycle) {
    const int begin = items[static_cast<std::size_t>(to)].begin;
    if (in_show()) behind -= (in_cycle - cycle) * total() + begin - position;
    taken = state == RundownState::kIdle;
    held = false;
    position = begin;
    cycle = in_cycle;
    end_boundary();
  }
  void end_boundary() {
    if (until_boundary) forced = false;
  }
  void note() {
    const SteadyTime at{nanoseconds(now)};
    if (!changes.empty() && changes.back().at == at) changes.pop_back();
    if (on_air() != (changes.empty() ? returned_ : changes.back().scene)) {
      changes.push_back({at, on_air(), cycle});
    }
  }

  std::optional<std::string> returned_;
  SteadyTime span_ = SteadyTime::min();
  std::int64_t first_cycle_ = 0;
};

Result result_of(const absl::StatusOr<bool>& answer) {
  if (answer.ok()) return *answer ? Result::kChanged : Result::kUnchanged;
  if (answer.status().code() == absl::StatusCode::kNotFound) return Result::kNotFound;
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition) << answer.status();
  return Result::kRefused;
}

class Comparison {
 public:
  explicit Comparison(std::uint64_t seed) : random_(seed) {}

  void run(int operations) {
    model_.now = source_.now_steady().time_since_epoch().count();
    model_.begin_span();
    for (int i = 0; i < operations && !::testing::Test::HasFatalFailure(); ++i) {
      SCOPED_TRACE("operation " + std::to_string(i));
      pass_time();
      operate();
      look();
    }
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  std::string any_name() { return std::string(1, static_cast<char>('A' + below(4))); }
  [[nodiscard]] SteadyTime now() const { return source_.now_steady(); }

  void pass_time() {
    if (below(8) == 0) source_.step_utc(std::chrono::seconds(below(7'200) - 3'600));
    const int steps = below(40) == 0 ? below(200) : below(3) == 0 ? 0 : below(8);
    source_.advance(nanoseconds(steps));
    for (int i = 0; i < steps; ++i) model_.tick();
    ASSERT_EQ(now().time_since_epoch().count(), model_.now);
  }

  void operate() {
    using State = RundownState;
    switch (below(20)) {
      case 0: return configure();
      case 1: return command(rundown_.start(now()), [&](Model& model) { return model.start(); });
      case 2:
        return command(rundown_.pause(now()), [&](Model& model) {
          return model.go_from(State::kRunning, State::kPaused);
        });
      case 3:
      case 4:
        return command(rundown_.resume(now()), [&](Model& model) {
          return model.go_from(State::kPaused, State::kRunning);
        });
      case 5:
        if (below(6) != 0) return;
        return command(rundown_.stop(now()), [&](Model& model) { return model.stop(); });
      case 6:
        if (below(3) != 0) return;
        return command(rundown_.reset(now()), [&](Model& model) { return model.reset(); });
      case 7:
        if (below(8) != 0) return;
        return command(rundown_.fail(now()), [&](Model& model) { return model.fail(); });
      case 8:
      case 9: {
        const std::string name = any_name();
        return command(rundown_.take(now(), name), [&](Model& model) { return model.take(name); });
      }
      case 10: return command(rundown_.skip(now()), [&](Model& model) { return model.skip(); });
      case 11: return command(rundown_.hold(now()), [&](Model& model) { return model.hold(); });
      case 12: return command(rundown_.go(now()), [&](Model& model) { return model.go(); });
      case 13:
      case 14: {
        const std::string name = any_name();
        const bool boundary = below(3) != 0;
        const ForceUntil until = boundary ? ForceUntil::kBoundary : ForceUntil::kReleased;
        return command(rundown_.force(now(), name, until),
                       [&](Model& model) { return model.force(name, boundary); });
      }
      case 15:
      case 16:
        return command(rundown_.release(now()), [&](Model& model) { return model.release(); });
      case 17: {
        const int by = below(30) - 15;
        return command(rundown_.correct(now(), nanoseconds(by)),
                       [&](Model& model) { return model.correct(by); });
      }
      default: {
        const std::vector<OnAirChange> expected = model_.advance();
        ASSERT_EQ(rundown_.advance(now()), expected);
      }
    }
  }

  // A command without effect changes nothing, and does not divide the time into two.
  template <class Command>
  void command(const absl::StatusOr<bool>& answer, Command model_command) {
    Model after = model_;
    after.end_of_span();
    const Result expected = model_command(after);
    ASSERT_EQ(result_of(answer), expected);
    if (expected != Result::kChanged) return;
    after.commanded();
    model_ = std::move(after);
  }

  void configure() {
    const bool wrong = below(4) == 0;
    if (!wrong && below(3) != 0 && model_.state != RundownState::kUnconfigured) return;
    std::vector<Scene> scenes;
    std::vector<Model::Item> items;
    int end = 0;
    for (int i = below(5) + 1; i > 0; --i) {
      const int begin = end + (below(3) == 0 ? below(4) : 0);
      end = begin + below(6) + 1;
      items.push_back({std::string(1, static_cast<char>('A' + below(3))), begin, end});
      scenes.push_back({items.back().name, nanoseconds(end - begin), nanoseconds(begin)});
      if (items.size() > 1 && begin == items[items.size() - 2].end && below(2) == 0) {
        scenes.back().start.reset();
      }
    }
    if (wrong) {
      if (below(3) == 0) {
        scenes.clear();
      } else if (below(2) == 0) {
        scenes.back().duration = nanoseconds(-below(3));
      } else {
        scenes.back().start = nanoseconds(items.back().begin - (items.size() > 1 ? 20 : end));
      }
    }
    const bool looping = below(2) == 0;
    const absl::Status status = rundown_.configure(now(), scenes, {.looping = looping});
    ASSERT_EQ(status.code(), wrong ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kOk)
        << status;
    if (wrong) return;
    model_.end_of_span();
    model_.configure(std::move(items), looping);
    model_.commanded();
  }

  void look() {
    ASSERT_EQ(rundown_.reading(now()), model_.reading());
    if (below(8) == 0) {
      ASSERT_EQ(rundown_.next_change(now()), model_.next_change());
    }
  }

  std::mt19937_64 random_;
  testing::ManualTimeSource source_{UtcTime()};
  Rundown rundown_;
  Model model_;
};

TEST(RundownModel, EqualsAModelThatMovesByNanoseconds) {
  for (std::uint64_t seed = 1; seed <= 500 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Comparison(seed).run(2'000);
  }
}

}  // namespace
}  // namespace masterclock::rundown_model_test
