// Joins a viewer to a list of items that run back to back, once or in a loop.
//
// The first item with a length begins at the origin. `join` shows the list once: no item is on
// after the last item. `join_looping` repeats the list in both directions: 5 s before the origin is
// 5 s before the end of the list. An item of length 0 is never on.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   const std::chrono::nanoseconds lengths[] = {25s, 5s, 20s};
//   const auto list = masterclock::ItemList::make(lengths).value();
//   assert(list.join(29s, masterclock::k25)->item == 1);
//   assert(!list.join(50s, masterclock::k25));                    // after the end
//   assert(list.join_looping(50s, masterclock::k25)->item == 0);  // the second cycle
//   assert(list.join_looping(-5s, masterclock::k25)->join.offset == 15s);
#ifndef MASTERCLOCK_FRAMES_PLAYLIST_H_
#define MASTERCLOCK_FRAMES_PLAYLIST_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/internal/int128.h"
#include "masterclock/internal/printable.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Units: SI nanoseconds. Offset and frame count from the start of the item.
struct ItemJoin {
  std::size_t item = 0;    // the index of the item
  std::int64_t cycle = 0;  // completed repetitions of the list; negative before the origin
  JoinPoint join;          // until_next_frame may exceed `remaining`
  std::chrono::nanoseconds remaining{};  // until the end of the item; more than zero
  friend bool operator==(const ItemJoin&, const ItemJoin&) = default;
};

[[nodiscard]] inline std::string to_string(const ItemJoin& join) {
  return "item " + std::to_string(join.item) + " of cycle " + std::to_string(join.cycle) + ": " +
         to_string(join.join);
}

// Threads: immutable; any number of threads may ask one list.
// Cost:    O(log n) a join; 8 bytes an item, allocated by make().
class ItemList {
 public:
  // Errors: InvalidArgument for a negative length; OutOfRange for a total of more than 292 years.
  [[nodiscard]] static absl::StatusOr<ItemList> make(
      std::span<const std::chrono::nanoseconds> lengths) {
    ItemList list;
    list.ends_.reserve(lengths.size());
    std::int64_t end = 0;
    for (const std::chrono::nanoseconds length : lengths) {
      const auto item = [&] { return "item " + std::to_string(list.ends_.size()); };
      if (length.count() < 0) {
        return absl::InvalidArgumentError("Invalid item list: " + item() + " has a length of " +
                                          std::to_string(length.count()) + " ns");
      }
      if (__builtin_add_overflow(end, length.count(), &end)) {
        return absl::OutOfRangeError("Invalid item list: " + item() + " ends after 292 years");
      }
      list.ends_.push_back(end);
    }
    return list;
  }

  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  [[nodiscard]] std::chrono::nanoseconds total() const noexcept {
    return std::chrono::nanoseconds(ends_.empty() ? 0 : ends_.back());
  }
  // Returns the start of an item since the origin. Requires item < size().
  [[nodiscard]] std::chrono::nanoseconds begin_of(std::size_t item) const noexcept {
    return std::chrono::nanoseconds(item == 0 ? 0 : ends_[item - 1]);
  }

  // Returns the item that is on when the list runs once, and no item after the end. A time before
  // the origin joins the start of the first item.
  [[nodiscard]] std::optional<ItemJoin> join(std::chrono::nanoseconds since_origin,
                                             FrameRate rate) const noexcept {
    if (since_origin >= total() || total().count() == 0) return std::nullopt;
    return join_in_cycle(std::max(since_origin, std::chrono::nanoseconds(0)), 0, rate);
  }

  // Returns the item that is on when the list repeats, and no item when no item has a length.
  [[nodiscard]] std::optional<ItemJoin> join_looping(std::chrono::nanoseconds since_origin,
                                                     FrameRate rate) const noexcept {
    if (total().count() == 0) return std::nullopt;
    const auto [cycle, offset] =
        internal::floor_divide<std::int64_t>(since_origin.count(), total().count());
    return join_in_cycle(std::chrono::nanoseconds(offset), cycle, rate);
  }

 private:
  ItemList() = default;

  // Requires 0 <= offset < total().
  [[nodiscard]] ItemJoin join_in_cycle(std::chrono::nanoseconds offset, std::int64_t cycle,
                                       FrameRate rate) const noexcept {
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), offset.count());
    const auto item = static_cast<std::size_t>(end - ends_.begin());
    return {item, cycle, join_at_offset(offset - begin_of(item), rate),
            std::chrono::nanoseconds(*end) - offset};
  }

  std::vector<std::int64_t> ends_;  // of each item, since the origin
};

// Returns the join into a list that begins at `start`, in SI time as join_at of one programme.
[[nodiscard]] inline std::optional<ItemJoin> join_at(const ItemList& items, UtcTime start,
                                                     UtcTime now, FrameRate rate) noexcept {
  return items.join(si_elapsed(start, now), rate);
}
// Returns the join into a list that repeats, also before `start`.
[[nodiscard]] inline std::optional<ItemJoin> join_looping_at(const ItemList& items, UtcTime start,
                                                             UtcTime now, FrameRate rate) noexcept {
  return items.join_looping(si_elapsed(start, now), rate);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_FRAMES_PLAYLIST_H_
