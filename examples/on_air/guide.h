// Makes a timeline of each channel's listing, and answers questions about it.
//
// Real listings repeat entries, omit stops, overlap, and hold programmes of no length. The order of
// the lines in the file never decides. ChannelSchedule makes a timeline of a listing once:
//
//   - a programme occupies [start, stop); a programme whose stop equals its start is never on air
//   - a programme without a stop runs until the channel's next later start; the last has no end
//   - entries with the same start, stop and title count once
//   - the entries of a clump share its slot in equal parts, in the order of their clump index
//   - where programmes overlap, the later start is on air; it interrupts the earlier programme,
//     which resumes when the interruption ends
//   - of two programmes with the same start, the shorter is on air first; of two that also have the
//     same stop, the lesser title is on air
//
// The result is a row of airings that never overlap. An interrupted programme has several airings;
// offsets into it count from its own start.
//
// Threads: any number of readers; nothing changes after construction.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "masterclock/time/time_points.h"

namespace on_air {

// The place of an entry among those that share one slot: XMLTV's clumpidx "1/3".
struct Clump {
  std::int32_t index = 0, count = 1;

  friend auto operator<=>(const Clump&, const Clump&) = default;
};

// One entry of a listing.
struct Programme {
  std::string title;
  masterclock::UtcTime start;
  std::optional<masterclock::UtcTime> stop;  // absent: until the next programme begins
  std::string source;                        // the media, where the listing names it
  std::chrono::nanoseconds media_in{};       // where in the media the programme begins
  Clump clump{};                             // in a listing only; a schedule has separate slots

  friend bool operator==(const Programme&, const Programme&) = default;
};

// The end of an airing that has no end.
inline constexpr masterclock::UtcTime kOpenEnd = masterclock::UtcTime::max();

// A stretch of [begin, end) during which one programme is on the air.
struct Airing {
  masterclock::UtcTime begin, end;
  std::size_t programme = 0;  // in ChannelSchedule::programmes()

  [[nodiscard]] bool open_ended() const noexcept { return end == kOpenEnd; }
  [[nodiscard]] std::optional<masterclock::UtcTime> stop() const noexcept {
    return open_ended() ? std::nullopt : std::optional(end);
  }
  friend bool operator==(const Airing&, const Airing&) = default;
};

// One channel's timeline.
class ChannelSchedule {
 public:
  // Takes the entries in any order. Cost: O(n log n).
  ChannelSchedule(std::string id, std::string display_name, std::vector<Programme> listing);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& display_name() const noexcept { return display_name_; }

  // Returns each entry that has a length once, by start, with missing stops filled in.
  [[nodiscard]] std::span<const Programme> programmes() const noexcept { return programmes_; }
  [[nodiscard]] const Programme& programme(const Airing& airing) const {
    return programmes_[airing.programme];
  }

  // Returns all airings in order. The channel is off the air in the gaps between them.
  [[nodiscard]] std::span<const Airing> airings() const noexcept { return airings_; }

  // What one instant is in the timeline.
  struct Moment {
    const Airing* on = nullptr;                 // holds the instant; null: off the air
    const Airing* next = nullptr;               // the first that begins later; null: none
    std::optional<masterclock::UtcTime> until;  // when an airing begins or ends next; absent: never
  };

  // Cost: O(log n), as that of `airings_between`.
  [[nodiscard]] Moment at(masterclock::UtcTime instant) const noexcept;

  // Returns the airings of which some part lies in [from, until).
  [[nodiscard]] std::span<const Airing> airings_between(masterclock::UtcTime from,
                                                        masterclock::UtcTime until) const noexcept;

 private:
  std::string id_;
  std::string display_name_;
  std::vector<Programme> programmes_;
  std::vector<Airing> airings_;
};

// Finds the place of a channel by its id, without a copy of the id.
struct IdHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view id) const noexcept {
    return std::hash<std::string_view>()(id);
  }
};
using PlaceById = std::unordered_map<std::string, std::size_t, IdHash, std::equal_to<>>;

// The channels of a guide, in the order in which it names them. Ids are unique.
class Guide {
 public:
  Guide() = default;
  explicit Guide(std::vector<ChannelSchedule> channels);

  [[nodiscard]] std::span<const ChannelSchedule> channels() const noexcept { return channels_; }

  // Returns the channel of that id, or null. Cost: constant.
  [[nodiscard]] const ChannelSchedule* find(std::string_view id) const noexcept;

  // Returns the id that may have been meant, or an empty text. That channel's id or display name
  // differs from `id` in case, or in a letter or two.
  [[nodiscard]] std::string_view nearest_id(std::string_view id) const;

 private:
  std::vector<ChannelSchedule> channels_;
  PlaceById places_;  // in channels_
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_H_
