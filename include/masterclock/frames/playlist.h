// Where a viewer comes in when the programme is a list: one item after another, once or for ever.
//
// Items stand back to back from an origin. In order, the first that has a length begins at the
// origin and nothing is on after the last. Looping, the list repeats in both directions: 5 s before
// the origin is 5 s before the end of the list. An item of no length is never on. Nothing to show
// is an answer.
//
// Threads: immutable once made; any number of threads may ask one.
// Cost:    a join is O(log n) whatever the lengths, and takes two or three cache misses for lengths
//          of one order: the time line is cut in equal slices that know their first item. Nine
//          bytes an item, allocated by make().
//
// ## Example
//
//   using namespace std::chrono_literals;
//   const std::chrono::nanoseconds lengths[] = {25s, 5s, 20s};
//   const auto list = masterclock::ItemList::make(lengths).value();
//   assert(list.join(29s, masterclock::k25)->item == 1);
//   assert(!list.join(50s, masterclock::k25));                    // over
//   assert(list.join_looping(50s, masterclock::k25)->item == 0);  // once more
//   assert(list.join_looping(-5s, masterclock::k25)->join.offset == 15s);
#ifndef MASTERCLOCK_FRAMES_PLAYLIST_H_
#define MASTERCLOCK_FRAMES_PLAYLIST_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/frames/frame_index.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// Units: SI nanoseconds. Offset and frame count from the start of the item.
struct ItemJoin {
  std::size_t item = 0;    // its place in the list, from 0
  std::int64_t cycle = 0;  // how often the list was over before; negative before the origin
  JoinPoint join;          // until_next_frame may reach past the item's end
  std::chrono::nanoseconds remaining{};  // of the item; more than zero
  friend bool operator==(const ItemJoin&, const ItemJoin&) = default;
};

class ItemList {
 public:
  // Errors: InvalidArgument for a negative length, OutOfRange past 292 years or 2^32 - 2 items.
  [[nodiscard]] static absl::StatusOr<ItemList> make(
      std::span<const std::chrono::nanoseconds> lengths);

  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  [[nodiscard]] std::chrono::nanoseconds total() const noexcept {
    return std::chrono::nanoseconds(ends_.empty() ? 0 : ends_.back());
  }
  // When an item begins, since the origin. Requires item < size().
  [[nodiscard]] std::chrono::nanoseconds begin_of(std::size_t item) const noexcept {
    return std::chrono::nanoseconds(item == 0 ? 0 : ends_[item - 1]);
  }

  // What is on `since_origin`, the list shown once. Before the origin: the start of the first item,
  // as join_at has it. Nothing after the end.
  [[nodiscard]] std::optional<ItemJoin> join(std::chrono::nanoseconds since_origin,
                                             FrameRate rate) const noexcept {
    if (since_origin >= total() || total().count() == 0) return std::nullopt;
    return join_in_cycle(std::max(since_origin, std::chrono::nanoseconds(0)), 0, rate);
  }

  // What is on `since_origin`, the list repeated for ever. Nothing if no item has a length.
  [[nodiscard]] std::optional<ItemJoin> join_looping(std::chrono::nanoseconds since_origin,
                                                     FrameRate rate) const noexcept {
    if (total().count() == 0) return std::nullopt;
    const auto [cycle, offset] =
        internal::floor_divide<std::int64_t>(since_origin.count(), total().count());
    return join_in_cycle(std::chrono::nanoseconds(offset), cycle, rate);
  }

 private:
  ItemList() = default;

  void cut_in_slices();

  // Requires 0 <= offset < total().
  [[nodiscard]] ItemJoin join_in_cycle(std::chrono::nanoseconds offset, std::int64_t cycle,
                                       FrameRate rate) const noexcept {
    const auto slice = static_cast<std::size_t>(offset.count() >> slice_bits_);
    const auto end = std::upper_bound(ends_.begin() + slices_[slice],
                                      ends_.begin() + slices_[slice + 1], offset.count());
    const auto item = static_cast<std::size_t>(end - ends_.begin());
    return {item, cycle, join_at_offset(offset - begin_of(item), rate),
            std::chrono::nanoseconds(*end) - offset};
  }

  std::vector<std::int64_t> ends_;     // of each item, since the origin
  std::vector<std::uint32_t> slices_;  // how many items have ended when each slice begins
  int slice_bits_ = 0;                 // a slice lasts 2^slice_bits_ ns
};

inline absl::StatusOr<ItemList> ItemList::make(std::span<const std::chrono::nanoseconds> lengths) {
  ItemList list;
  if (lengths.size() >= std::numeric_limits<std::uint32_t>::max()) {
    return absl::OutOfRangeError("Invalid item list: " + std::to_string(lengths.size()) +
                                 " items are more than can be counted");
  }
  list.ends_.reserve(lengths.size());
  std::int64_t end = 0;
  for (const std::chrono::nanoseconds length : lengths) {
    const std::string item = std::to_string(list.ends_.size());
    if (length.count() < 0) {
      return absl::InvalidArgumentError("Invalid item list: item " + item + " lasts " +
                                        std::to_string(length.count()) + " ns");
    }
    if (__builtin_add_overflow(end, length.count(), &end)) {
      return absl::OutOfRangeError("Invalid item list: with item " + item +
                                   " it lasts longer than 292 years");
    }
    list.ends_.push_back(end);
  }
  list.cut_in_slices();
  return list;
}

// About one slice for eight items.
inline void ItemList::cut_in_slices() {
  const std::int64_t total_ns = total().count();
  const auto most = static_cast<std::int64_t>(ends_.size() / 8 + 1);
  while ((total_ns >> slice_bits_) >= most) ++slice_bits_;
  const auto slices = static_cast<std::size_t>(total_ns >> slice_bits_) + 1;
  slices_.reserve(slices + 1);
  std::uint32_t ended = 0;
  for (std::size_t slice = 0; slice < slices; ++slice) {
    const auto begin = static_cast<std::int64_t>(slice) << slice_bits_;
    while (ended < ends_.size() && ends_[ended] <= begin) ++ended;
    slices_.push_back(ended);
  }
  slices_.push_back(static_cast<std::uint32_t>(ends_.size()));
}

// The join into a list that begins, or began, at `start`; SI time, as join_at of one programme.
[[nodiscard]] inline std::optional<ItemJoin> join_at(const ItemList& items, UtcTime start,
                                                     UtcTime now, FrameRate rate) noexcept {
  return items.join(si_elapsed(start, now), rate);
}
// The same into a list that repeats for ever, before `start` too.
[[nodiscard]] inline std::optional<ItemJoin> join_looping_at(const ItemList& items, UtcTime start,
                                                             UtcTime now, FrameRate rate) noexcept {
  return items.join_looping(si_elapsed(start, now), rate);
}

}  // namespace masterclock

#endif  // MASTERCLOCK_FRAMES_PLAYLIST_H_
