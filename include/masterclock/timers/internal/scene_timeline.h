// Finds the scene at a position of a list of scenes, and the positions at which the scene changes.
//
// A position is a number of nanoseconds since the first cycle began. A loop has positions beyond its
// total, and reaches each of them by one division.
#ifndef MASTERCLOCK_TIMERS_INTERNAL_SCENE_TIMELINE_H_
#define MASTERCLOCK_TIMERS_INTERNAL_SCENE_TIMELINE_H_

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
#include "masterclock/time/duration_text.h"
#include "masterclock/timers/rundown_values.h"

namespace masterclock::inline v0_2::internal {

// A scene, or the gap before a scene: [begin, end) of each cycle.
struct SceneSegment {
  std::size_t scene = 0;
  bool gap = false;
  std::int64_t begin = 0, end = 0;
  friend bool operator==(const SceneSegment&, const SceneSegment&) = default;
};

class SceneTimeline {
 public:
  // Has no scene and length 0.
  SceneTimeline() = default;

  // Errors: InvalidArgument, with each fault in the scenes.
  [[nodiscard]] static absl::StatusOr<SceneTimeline> make(std::vector<Scene> scenes, bool looping) {
    if (scenes.empty()) return absl::InvalidArgumentError("Invalid rundown: no scenes");
    SceneTimeline timeline;
    timeline.looping_ = looping;
    std::string faults;
    for (Scene& scene : scenes) {
      if (const std::string fault = timeline.append(scene); !fault.empty()) {
        faults += (faults.empty() ? "Invalid rundown: scene " : "; scene ") +
                  std::to_string(&scene - scenes.data()) + " " + internal::quoted(scene.name) +
                  " " + fault;
      }
    }
    if (!faults.empty()) return absl::InvalidArgumentError(faults);
    timeline.scenes_ = std::move(scenes);
    timeline.make_slices();
    timeline.find_changes();
    return timeline;
  }

  [[nodiscard]] std::span<const Scene> scenes() const noexcept { return scenes_; }
  [[nodiscard]] bool looping() const noexcept { return looping_; }
  // Returns the length of a cycle: the end of the last scene.
  [[nodiscard]] std::int64_t total() const noexcept { return total_; }
  [[nodiscard]] std::int64_t start_of(std::size_t scene) const noexcept { return starts_[scene]; }

  // Returns the first scene of that name.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept {
    const auto found = std::find_if(scenes_.begin(), scenes_.end(),
                                    [&](const Scene& scene) { return scene.name == name; });
    if (found == scenes_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - scenes_.begin());
  }

  // Requires 0 <= in_cycle < total().
  [[nodiscard]] SceneSegment segment_at(std::int64_t in_cycle) const noexcept {
    const std::size_t next = first_start_after(in_cycle);
    const std::int64_t end = next == 0 ? 0 : end_of(next - 1);
    if (in_cycle < end) return {next - 1, false, starts_[next - 1], end};
    return {next, true, end, starts_[next]};
  }

  // Returns the position at which the timeline next enters a scene or finishes.
  // Requires 0 <= in_cycle < total().
  [[nodiscard]] Int128 next_entry(std::int64_t in_cycle) const noexcept {
    const std::size_t next = first_start_after(in_cycle);
    if (next < starts_.size()) return starts_[next];
    return looping_ ? Int128{total_} + starts_.front() : total_;
  }

  // Returns the name of the scene at a position. Null in a gap and after the end.
  [[nodiscard]] const std::string* name_at(Int128 position) const noexcept {
    if (!looping_ && position >= total_) return nullptr;
    const SceneSegment segment = segment_at(static_cast<std::int64_t>(position % total_));
    return segment.gap ? nullptr : &scenes_[segment.scene].name;
  }

  // Returns the first position after `after` at which the name changes.
  [[nodiscard]] std::optional<Int128> next_change(Int128 after) const noexcept {
    if (changes_.empty() || (!looping_ && after >= total_)) return std::nullopt;
    const auto next = first_change_after(after % total_);
    const Int128 cycle = after / total_ * total_;
    return next == changes_.end() ? cycle + total_ + changes_.front() : cycle + *next;
  }

  // Calls `visit` with each position in (after, until] at which the name changes. Of the cycles wholly
  // inside, visits only the last.
  template <class Visit>
  void for_each_change(Int128 after, Int128 until, Visit visit) const {
    if (changes_.empty() || (!looping_ && after >= total_)) return;
    const Int128 last = until / total_;
    auto next = first_change_after(after % total_);
    for (Int128 cycle = after / total_;; next = changes_.begin()) {
      for (; next != changes_.end(); ++next) {
        const Int128 position = cycle * total_ + *next;
        if (position > until) return;
        visit(position);
      }
      if (!looping_) return;
      cycle = std::max(cycle + 1, last - 1);
    }
  }

 private:
  // Returns the fault of a scene, or an empty text.
  std::string append(Scene& scene) {
    const std::int64_t start = scene.start ? scene.start->count() : total_;
    const std::int64_t before = total_;
    starts_.push_back(start);
    scene.start = std::chrono::nanoseconds(start);
    if (scene.duration.count() <= 0) return "has a duration of " + to_string(scene.duration);
    if (__builtin_add_overflow(start, scene.duration.count(), &total_)) {
      total_ = before;
      return "ends after 292 years";
    }
    if (start >= before) return "";
    total_ = std::max(total_, before);
    if (before == 0) return "starts before the rundown";
    return "starts at " + to_string(*scene.start) + ", before the previous scene ends at " +
           to_string(std::chrono::nanoseconds(before));
  }

  [[nodiscard]] std::int64_t end_of(std::size_t scene) const noexcept {
    return starts_[scene] + scenes_[scene].duration.count();
  }

  // Searches among the starts of one slice only.
  [[nodiscard]] std::size_t first_start_after(std::int64_t in_cycle) const noexcept {
    const auto slice = static_cast<std::size_t>(in_cycle / slice_);
    const auto begin = starts_.begin();
    return static_cast<std::size_t>(std::upper_bound(begin + first_of_slice_[slice],
                                                     begin + first_of_slice_[slice + 1], in_cycle) -
                                    begin);
  }
  [[nodiscard]] std::vector<std::int64_t>::const_iterator first_change_after(
      Int128 in_cycle) const noexcept {
    return std::upper_bound(changes_.begin(), changes_.end(), static_cast<std::int64_t>(in_cycle));
  }

  // Divides the cycle into as many slices of one length as there are scenes. A slice has one scene start
  // on average, so that a reading among 10,000 scenes costs little more than a reading among two.
  void make_slices() {
    const auto count = static_cast<std::int64_t>(starts_.size());
    slice_ = (total_ - 1) / count + 1;
    first_of_slice_.push_back(0);
    for (std::int64_t slice = 1, scene = 0; slice <= count; ++slice) {
      while (scene < count && starts_[static_cast<std::size_t>(scene)] / slice_ < slice) ++scene;
      first_of_slice_.push_back(scene);
    }
  }

  void find_changes() {
    const std::string* before = looping_ ? &scenes_.back().name : nullptr;
    const auto enter = [&](std::int64_t in_cycle, const std::string* name) {
      const bool same = before && name ? *before == *name : before == name;
      if (!same) changes_.push_back(in_cycle);
      before = name;
    };
    std::int64_t end = 0;
    for (std::size_t i = 0; i < scenes_.size(); ++i) {
      if (starts_[i] > end) enter(end, nullptr);
      enter(starts_[i], &scenes_[i].name);
      end = end_of(i);
    }
    if (!looping_) enter(end, nullptr);
  }

  std::vector<Scene> scenes_;          // each with its start
  std::vector<std::int64_t> starts_;   // of the scenes, ascending
  std::vector<std::int64_t> changes_;  // positions of a cycle at which the name changes, ascending
  std::vector<std::int64_t> first_of_slice_;  // the first scene that starts in the slice or later
  std::int64_t slice_ = 1;                    // length of a slice
  std::int64_t total_ = 0;
  bool looping_ = false;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_TIMERS_INTERNAL_SCENE_TIMELINE_H_
