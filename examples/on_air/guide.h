// A guide: what each channel says it will show, and what that means at every instant.
//
// Listings are not timelines. Real ones repeat entries, leave stops out, overlap, and hold
// programmes of no length. ChannelSchedule makes a timeline of them once, when it is made:
//
//   - a programme occupies [start, stop); one whose stop equals its start is never on the air
//   - a programme without a stop runs until the channel's next later start; the last one has no end
//   - of entries alike in start, stop and title one is kept
//   - where programmes overlap, the one that started last is on the air (of two with the same
//     start, the one listed later); when it ends while an earlier one still runs, that one resumes
//
// The result is a row of airings that never overlap. A programme that was interrupted has several;
// its own start stays the origin of "how far in are we".
//
// Threads: const throughout after construction, so any number of readers.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "masterclock/time/time_points.h"

namespace on_air {

// One entry of a listing.
struct Programme {
  std::string title;
  masterclock::UtcTime start;
  std::optional<masterclock::UtcTime> stop;  // absent: until the next one begins
  std::string source;                        // the media, where the listing names it
  std::chrono::nanoseconds media_in{};       // where in the media the programme begins

  friend bool operator==(const Programme&, const Programme&) = default;
};

// The end of what has no end.
inline constexpr masterclock::UtcTime kOpenEnd = masterclock::UtcTime::max();

// A stretch of [begin, end) during which one programme is on the air.
struct Airing {
  masterclock::UtcTime begin, end;  // end is kOpenEnd where nothing says when it ends
  std::size_t programme = 0;        // in ChannelSchedule::programmes()

  [[nodiscard]] bool open_ended() const noexcept { return end == kOpenEnd; }
  friend bool operator==(const Airing&, const Airing&) = default;
};

// One channel's timeline.
class ChannelSchedule {
 public:
  // Cost: O(n log n) in the number of entries, which may come in any order.
  ChannelSchedule(std::string id, std::string display_name, std::vector<Programme> listing);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& display_name() const noexcept { return display_name_; }

  // The entries that have a length, once each, by start; missing stops filled in.
  [[nodiscard]] std::span<const Programme> programmes() const noexcept { return programmes_; }
  [[nodiscard]] const Programme& programme(const Airing& airing) const {
    return programmes_[airing.programme];
  }

  // All airings in order. They do not overlap; there may be gaps, when the channel is off the air.
  [[nodiscard]] std::span<const Airing> airings() const noexcept { return airings_; }

  // What is on at `at`, or null. Cost, as of the next three: O(log n).
  [[nodiscard]] const Airing* on_air_at(masterclock::UtcTime at) const noexcept;

  // The first airing that begins later than `after`, or null.
  [[nodiscard]] const Airing* next_after(masterclock::UtcTime after) const noexcept;

  // The airings of which some part lies in [from, until).
  [[nodiscard]] std::span<const Airing> airings_between(masterclock::UtcTime from,
                                                        masterclock::UtcTime until) const noexcept;

  // The first instant later than `after` at which something begins or ends.
  [[nodiscard]] std::optional<masterclock::UtcTime> next_boundary(
      masterclock::UtcTime after) const noexcept;

 private:
  std::string id_;
  std::string display_name_;
  std::vector<Programme> programmes_;
  std::vector<Airing> airings_;
};

// The channels of a guide, in the order in which it names them. Ids are unique.
class Guide {
 public:
  Guide() = default;
  explicit Guide(std::vector<ChannelSchedule> channels);

  [[nodiscard]] std::span<const ChannelSchedule> channels() const noexcept { return channels_; }

  // Returns the channel of that id, or null.
  [[nodiscard]] const ChannelSchedule* find(std::string_view id) const noexcept;

  // The id that somebody who wrote `id` may have meant: an id or a display name that differs in
  // case or in a letter or two. Empty when nothing is near.
  [[nodiscard]] std::string_view nearest_id(std::string_view id) const;

 private:
  struct IdHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const noexcept {
      return std::hash<std::string_view>()(id);
    }
  };

  std::vector<ChannelSchedule> channels_;
  std::unordered_map<std::string, std::size_t, IdHash, std::equal_to<>> by_id_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_H_
