// Runs a show as scenes on a timeline: the scene on the air, the time in it, and the changes to come.
//
// Scenes are half-open, [start, end). A scene without a `start` follows the previous one directly.
// Gaps are allowed. The rundown computes its position from one anchor: a pause costs and gains no
// time, a loop keeps its overshoot, and a jump of years is one division.
//
//              configure            start             pause
//   kUnconfigured ------> kIdle ------------> kRunning <----> kPaused     stop: kStopped, from both
//                           ^                    |     resume             fail: kError, from any
//                           +------- reset ------+---> kFinished          configure: kIdle, always
//
// An operator has four different ways to intervene:
//   take      The timeline goes to a scene, or to the next one (skip).
//   force     A scene, of the rundown or not, is on the air instead of the timeline's scene: the
//             emergency slate. The timeline runs on. Works in any state. Ends at `release`; with
//             kBoundary also at take or skip, and when the timeline next enters a scene or finishes.
//   hold      The current scene stays on past its end, or the current gap lasts. `go` continues the
//             timeline, and the following scenes keep their planned duration.
//   pause     The timeline stops.
//
// Rundown sends nothing. `advance` returns the changes on the air since the last call: each once, in
// order, with its exact instant. A caller that switches a mixer uses the last change; an as-run log
// uses all.
//
// Every member takes the instant `now` of steady time. A `now` before the last command counts as the
// instant of that command. Commands at one instant make one change.
//
// Threads: one at a time; the actor that owns the rundown.
// Cost:    a reading is O(log scenes), and allocates only for a long scene name. A command is O(changes
//          since the last command), and `take` also searches for the name. The changes wait in memory
//          for `advance`.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   masterclock::Rundown rundown;
//   masterclock::SteadyTime t{};
//   assert(rundown.configure(t, {{"intro", 1s}, {"main", 1500ms}}).ok());
//   assert(rundown.start(t).ok());
//   assert(rundown.pause(t + 500ms).ok() && rundown.resume(t + 800ms).ok());
//   assert(rundown.reading(t + 1s).position == 700ms);
//   const auto changes = rundown.advance(t + 10s);
//   assert(changes.size() == 3 && *changes[1].scene == "main" && changes[1].at == t + 1300ms);
#ifndef MASTERCLOCK_TIMERS_RUNDOWN_H_
#define MASTERCLOCK_TIMERS_RUNDOWN_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/internal/saturating.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/internal/on_air_log.h"
#include "masterclock/timers/internal/rundown_anchor.h"
#include "masterclock/timers/internal/scene_timeline.h"
#include "masterclock/timers/rundown_values.h"

namespace masterclock::inline v0_2 {

class Rundown {
 public:
  // Goes to kIdle at position 0, from any state. Ends a scene forced until a boundary, and keeps a
  // scene forced until released.
  //
  // Errors: InvalidArgument for no scenes, a duration that is not positive, or a scene that starts
  //         before the previous one ends. The message names every fault. On an error the current
  //         rundown goes on.
  absl::Status configure(SteadyTime now, std::vector<Scene> scenes, RundownOptions options = {}) {
    absl::StatusOr<internal::SceneTimeline> timeline =
        internal::SceneTimeline::make(std::move(scenes), options.looping);
    if (!timeline.ok()) return timeline.status();
    apply(now, anchor_.place(now), [&] {
      anchor_.timeline = *std::move(timeline);
      anchor_.rewind(RundownState::kIdle);
      anchor_.end_boundary_force();
    });
    return absl::OkStatus();
  }

  // The commands return true if the command had an effect. They return false if the rundown was
  // already in that state (pause while paused, resume while running, stop after the end).
  //
  // Errors: FailedPrecondition where the state does not allow the command, with the state's name;
  //         NotFound for a scene.
  absl::StatusOr<bool> start(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (before.state != RundownState::kIdle) return refusal("start", before.state);
    return apply(now, before, [&] {
      anchor_.state = RundownState::kRunning;
      const bool enters = !anchor_.taken && anchor_.outside_gaps();
      if (enters) anchor_.end_boundary_force();
      anchor_.taken = false;
    });
  }

  absl::StatusOr<bool> pause(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (before.state == RundownState::kPaused) return false;
    if (before.state != RundownState::kRunning) return refusal("pause", before.state);
    return apply(now, before, [&] { anchor_.state = RundownState::kPaused; });
  }

  absl::StatusOr<bool> resume(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (before.state == RundownState::kRunning) return false;
    if (before.state != RundownState::kPaused) return refusal("resume", before.state);
    return apply(now, before, [&] { anchor_.state = RundownState::kRunning; });
  }

  // Goes to position 0 with no scene of the timeline on the air. Returns false before the start and
  // after the end.
  absl::StatusOr<bool> stop(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (!before.in_show()) return false;
    return apply(now, before, [&] { anchor_.rewind(RundownState::kStopped); });
  }

  // Goes to kIdle at position 0. Returns false in kUnconfigured.
  absl::StatusOr<bool> reset(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (before.state == RundownState::kUnconfigured) return false;
    if (before.state == RundownState::kIdle && !anchor_.taken) return false;
    return apply(now, before, [&] { anchor_.rewind(RundownState::kIdle); });
  }

  // Goes to kError, keeps the position, and takes the timeline's scene off the air.
  absl::StatusOr<bool> fail(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (before.state == RundownState::kError) return false;
    if (before.state == RundownState::kUnconfigured) return refusal("fail", before.state);
    return apply(now, before, [&] {
      anchor_.state = RundownState::kError;
      anchor_.taken = false;
      anchor_.held.reset();
    });
  }

  // Goes to the first scene of that name, and ends a hold. In kIdle the scene is on the air and time
  // stands still.
  absl::StatusOr<bool> take(SteadyTime now, std::string_view scene) {
    const internal::RundownPlace before = anchor_.place(now);
    if (!before.in_show() && before.state != RundownState::kIdle) {
      return refusal("take", before.state);
    }
    const std::optional<std::size_t> target = anchor_.timeline.find(scene);
    if (!target) return absl::NotFoundError("the rundown has no scene " + internal::quoted(scene));
    const bool there = before.segment && before.position == anchor_.timeline.start_of(*target);
    const bool ends_force = before.forced && anchor_.forced->until == ForceUntil::kBoundary;
    if (there && !anchor_.held && !ends_force) return false;
    return apply(now, before, [&] { anchor_.take(*target, anchor_.cycle); });
  }

  // Goes to the next scene, and ends a hold. Returns false at the last scene, unless looping.
  absl::StatusOr<bool> skip(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (!before.in_show() && before.state != RundownState::kIdle) {
      return refusal("skip", before.state);
    }
    std::size_t target = 0;
    if (before.segment) target = before.segment->scene + (before.segment->gap ? 0 : 1);
    const bool again = target == anchor_.timeline.scenes().size();
    if (again && !anchor_.timeline.looping()) return false;
    return apply(now, before, [&] {
      anchor_.take(again ? 0 : target,
                   again ? internal::saturating_sum(anchor_.cycle, 1) : anchor_.cycle);
    });
  }

  absl::StatusOr<bool> hold(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (!before.in_show()) return refusal("hold", before.state);
    if (anchor_.held) return false;
    return apply(now, before, [&] { anchor_.held = before.segment; });
  }

  absl::StatusOr<bool> go(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    if (!before.in_show()) return refusal("go", before.state);
    if (!anchor_.held) return false;
    return apply(now, before, [&] {
      const bool waited = anchor_.position == anchor_.held->end;
      anchor_.held.reset();
      if (!waited) return;
      anchor_.move_to(internal::Int128{anchor_.cycle} * anchor_.timeline.total() +
                      anchor_.position);
      if (anchor_.outside_gaps()) anchor_.end_boundary_force();
    });
  }

  // Puts a scene of any name on the air, in any state. Returns false if that scene is already
  // forced with the same `until`.
  bool force(SteadyTime now, std::string scene, ForceUntil until) {
    const internal::RundownPlace before = anchor_.place(now);
    internal::ForcedScene wanted{std::move(scene), until};
    if (before.forced && *anchor_.forced == wanted) return false;
    return apply(now, before, [&] { anchor_.forced = std::move(wanted); });
  }

  // Returns the air to the timeline. Returns false if no scene is forced.
  bool release(SteadyTime now) {
    const internal::RundownPlace before = anchor_.place(now);
    return before.forced && apply(now, before, [&] { anchor_.forced.reset(); });
  }

  // Moves a running timeline by the correction of a TimecodeChase: not before the beginning, and past
  // the end to kFinished. A correction is no operator intervention: `behind` stays.
  absl::StatusOr<bool> correct(SteadyTime now, std::chrono::nanoseconds by) {
    const internal::RundownPlace before = anchor_.place(now);
    if (before.state != RundownState::kRunning) return refusal("correct", before.state);
    if (anchor_.held) {
      return absl::FailedPreconditionError("cannot correct the rundown: its scene is held");
    }
    const internal::Int128 begin = internal::Int128{before.cycle} * anchor_.timeline.total();
    const internal::Int128 from = begin + before.position;
    internal::Int128 to = std::max<internal::Int128>(from + by.count(), 0);
    if (!anchor_.timeline.looping()) to = std::min<internal::Int128>(to, anchor_.timeline.total());
    if (to == from) return false;
    return apply(now, before, [&] {
      const bool passes = to >= begin + anchor_.timeline.next_entry(anchor_.position);
      anchor_.move_to(to);
      const bool same = anchor_.cycle == before.cycle &&
                        anchor_.position >= before.segment->begin &&
                        anchor_.position < before.segment->end;
      if (passes || (!same && anchor_.outside_gaps())) anchor_.end_boundary_force();
    });
  }

  [[nodiscard]] RundownReading reading(SteadyTime now) const {
    const internal::RundownPlace at = anchor_.place(now);
    RundownReading reading;
    reading.state = at.state;
    reading.position = std::chrono::nanoseconds(at.position);
    reading.cycle = at.cycle;
    if (at.segment && !at.segment->gap) {
      reading.scene = at.segment->scene;
      reading.into_scene = std::chrono::nanoseconds(at.position - at.segment->begin);
      reading.scene_left = std::chrono::nanoseconds(at.segment->end - at.position);
    }
    if (const std::string* name = anchor_.on_air(at)) reading.on_air = *name;
    reading.forced = at.forced;
    reading.held = anchor_.held.has_value();
    if (anchor_.timeline.total() > 0) {
      reading.progress =
          static_cast<double>(at.position) / static_cast<double>(anchor_.timeline.total());
    }
    reading.behind = std::chrono::nanoseconds(internal::saturate(at.behind));
    if (at.state == RundownState::kRunning && !anchor_.timeline.looping() && !anchor_.held) {
      reading.expected_end = anchor_.instant(anchor_.timeline.total()).value_or(SteadyTime::max());
    }
    return reading;
  }

  // Returns the instant at which `on_air` next changes without a command. None if it never does.
  [[nodiscard]] std::optional<SteadyTime> next_change(SteadyTime now) const noexcept {
    return anchor_.next_change(now);
  }

  // Returns the changes up to and including `now` that no earlier call returned. Of the whole cycles
  // that passed without a command between two calls, returns only the last.
  std::vector<OnAirChange> advance(SteadyTime now) {
    note_until(now);
    return log_.take(now);
  }

  // Returns the scenes, each with its start.
  [[nodiscard]] std::span<const Scene> scenes() const noexcept { return anchor_.timeline.scenes(); }

 private:
  static absl::Status refusal(std::string_view command, RundownState state) {
    return absl::FailedPreconditionError("cannot " + std::string(command) + ": the rundown is " +
                                         to_string(state));
  }

  // Changes the state at `now`, where the state is `before`. Returns true.
  template <class Change>
  bool apply(SteadyTime now, const internal::RundownPlace& before, Change change) {
    note_until(now);
    anchor_.move_anchor(now, before);
    change();
    noted_ = anchor_.at;
    log_.note(noted_, anchor_.on_air(anchor_.place(noted_)), anchor_.cycle);
    return true;
  }

  // Notes the changes without a command up to `until`.
  void note_until(SteadyTime until) {
    if (until <= noted_) return;
    anchor_.for_each_change(noted_, until, [&](SteadyTime at, const std::string* name) {
      log_.note(at, name, anchor_.place(at).cycle);
      noted_ = at;
    });
    noted_ = until;
  }

  internal::RundownAnchor anchor_;
  internal::OnAirLog log_;
  SteadyTime noted_ = SteadyTime::min();  // the log has the changes up to here
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_RUNDOWN_H_
