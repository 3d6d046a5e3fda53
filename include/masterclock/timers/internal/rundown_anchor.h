// Holds the state of a rundown at its last command, and computes the state that follows at an instant.
#ifndef MASTERCLOCK_TIMERS_INTERNAL_RUNDOWN_ANCHOR_H_
#define MASTERCLOCK_TIMERS_INTERNAL_RUNDOWN_ANCHOR_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "masterclock/internal/int128.h"
#include "masterclock/time/time_points.h"
#include "masterclock/timers/internal/scene_timeline.h"
#include "masterclock/timers/rundown_values.h"

namespace masterclock::inline v0_2::internal {

struct ForcedScene {
  std::string name;
  ForceUntil until = ForceUntil::kReleased;
  friend bool operator==(const ForcedScene&, const ForcedScene&) = default;
};

// The state of a rundown at an instant. `position` counts within `cycle`.
struct RundownPlace {
  RundownState state = RundownState::kUnconfigured;
  std::int64_t position = 0, cycle = 0;
  Int128 behind = 0;
  bool forced = false;
  std::optional<SceneSegment> segment;  // none where no scene of the timeline can be on the air

  // Returns true in the states between start and end.
  [[nodiscard]] bool in_show() const noexcept {
    return state == RundownState::kRunning || state == RundownState::kPaused;
  }
};

struct RundownAnchor {
  SceneTimeline timeline;
  SteadyTime at = SteadyTime::min();
  RundownState state = RundownState::kUnconfigured;
  std::int64_t position = 0, cycle = 0;
  Int128 behind = 0;
  bool taken = false;  // in kIdle, the scene at the position is on the air
  std::optional<SceneSegment> held;
  std::optional<ForcedScene> forced;

  [[nodiscard]] RundownPlace place(SteadyTime now) const noexcept {
    RundownPlace place{state, position, cycle, behind, forced.has_value(), std::nullopt};
    if (state == RundownState::kPaused) place.behind += elapsed(now);
    if (state == RundownState::kRunning) run(moved(now), place);
    if (place.in_show() || taken)
      place.segment = held ? *held : timeline.segment_at(place.position);
    return place;
  }

  // Returns the name of the scene on the air. Null for no request.
  [[nodiscard]] const std::string* on_air(const RundownPlace& place) const noexcept {
    if (place.forced) return &forced->name;
    if (!place.segment || place.segment->gap) return nullptr;
    return &timeline.scenes()[place.segment->scene].name;
  }

  // Returns the instant at which a running timeline has a position, counted from the anchor's cycle.
  // None after the end of time.
  [[nodiscard]] std::optional<SteadyTime> instant(Int128 to) const noexcept {
    const Int128 ns = at.time_since_epoch().count() + (to - position);
    if (ns > SteadyTime::max().time_since_epoch().count()) return std::nullopt;
    return SteadyTime(std::chrono::nanoseconds(static_cast<std::int64_t>(ns)));
  }

  [[nodiscard]] std::optional<SteadyTime> next_change(SteadyTime now) const noexcept {
    if (!changes_without_command()) return std::nullopt;
    Int128 after = moved(now);
    if (forced) {
      const Int128 entry = timeline.next_entry(position);
      const std::string* name = timeline.name_at(entry);
      if (entry > after && (name == nullptr || *name != forced->name)) return instant(entry);
      after = std::max(after, entry);
    }
    const std::optional<Int128> next = timeline.next_change(after);
    return next ? instant(*next) : std::nullopt;
  }

  // Calls `visit` with each instant in (from, until] at which the scene on the air may change, and with
  // that scene's name. Of the cycles wholly inside, visits only the last.
  template <class Visit>
  void for_each_change(SteadyTime from, SteadyTime until, Visit visit) const {
    if (!changes_without_command()) return;
    Int128 after = moved(from);
    const Int128 last = moved(until);
    const auto at_position = [&](Int128 to) { visit(*instant(to), timeline.name_at(to)); };
    if (forced) {
      const Int128 entry = timeline.next_entry(position);
      if (entry > after && entry <= last) at_position(entry);
      after = std::max(after, entry);
    }
    timeline.for_each_change(after, last, at_position);
  }

  // Moves the anchor to `now`, where the state is `there`.
  void move_anchor(SteadyTime now, const RundownPlace& there) noexcept {
    at = std::max(at, now);
    state = there.state;
    position = there.position;
    cycle = there.cycle;
    behind = there.behind;
    if (!there.forced) forced.reset();
  }

  // Changes the state at the anchor: goes to position 0 of the first cycle.
  void rewind(RundownState to) noexcept {
    state = to;
    position = cycle = 0;
    behind = 0;
    taken = false;
    held.reset();
  }
  // Goes to the start of a scene, as an operator's command.
  void take(std::size_t scene, std::int64_t in_cycle) noexcept {
    const std::int64_t start = timeline.start_of(scene);
    if (state == RundownState::kIdle) {
      taken = true;
    } else {
      behind -= (Int128{in_cycle} - cycle) * timeline.total() + start - position;
    }
    position = start;
    cycle = in_cycle;
    held.reset();
    end_boundary_force();
  }
  // Goes to a position, counted from the first cycle. Finishes at the end.
  void move_to(Int128 to) noexcept {
    if (timeline.looping()) {
      cycle = saturate(to / timeline.total());
      position = static_cast<std::int64_t>(to % timeline.total());
    } else {
      position = static_cast<std::int64_t>(to);
      if (position == timeline.total()) state = RundownState::kFinished;
    }
  }
  // Returns true if the timeline is in a scene or has finished.
  [[nodiscard]] bool outside_gaps() const noexcept {
    return state == RundownState::kFinished || !timeline.segment_at(position).gap;
  }
  void end_boundary_force() noexcept {
    if (forced && forced->until == ForceUntil::kBoundary) forced.reset();
  }

 private:
  [[nodiscard]] Int128 elapsed(SteadyTime now) const noexcept {
    const Int128 anchor = at.time_since_epoch().count();
    return std::max<Int128>(now.time_since_epoch().count() - anchor, 0);
  }
  // Returns the position of a running timeline at `now`, counted from the anchor's cycle.
  [[nodiscard]] Int128 moved(SteadyTime now) const noexcept { return position + elapsed(now); }

  [[nodiscard]] bool changes_without_command() const noexcept {
    return state == RundownState::kRunning && !held &&
           !(forced && forced->until == ForceUntil::kReleased);
  }

  // Moves the running timeline of `place` to a position, counted from the anchor's cycle.
  void run(Int128 to, RundownPlace& place) const noexcept {
    if (held) {
      const auto waited = std::max<Int128>(to - held->end, 0);
      place.position = static_cast<std::int64_t>(to - waited);
      place.behind += waited;
      return;
    }
    if (forced && forced->until == ForceUntil::kBoundary) {
      place.forced = to < timeline.next_entry(position);
    }
    if (to < timeline.total()) {
      place.position = static_cast<std::int64_t>(to);
    } else if (timeline.looping()) {
      place.position = static_cast<std::int64_t>(to % timeline.total());
      place.cycle = saturate(cycle + to / timeline.total());
    } else {
      place.position = timeline.total();
      place.state = RundownState::kFinished;
    }
  }
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIMERS_INTERNAL_RUNDOWN_ANCHOR_H_
