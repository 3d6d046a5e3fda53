// The two answers that a zone gives: what the wall says at an instant, and which instants a wall
// reading can mean.
//
// Threads: plain values. The abbreviation points into a table that lives as long as the process.
#ifndef MASTERCLOCK_ZONES_ZONE_OFFSET_H_
#define MASTERCLOCK_ZONES_ZONE_OFFSET_H_

#include "masterclock/version.h"

#include <chrono>
#include <string_view>

#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

// How local time stands to UTC on [begin, end). Whoever caches one asks again from `end` on.
struct ZoneOffset {
  std::chrono::seconds offset{};  // local = UTC + offset; positive east of Greenwich
  // Whether the wall is ahead of the zone's ordinary time. Dublin's summer is daylight time here
  // and its winter is not, although the tz database writes it down the other way round.
  bool daylight = false;
  std::string_view abbreviation;  // "GMT", "EDT", "+0530"
  UtcTime begin, end;             // the ends of the type's range where nothing changes any more
};

// Which instants a wall-clock reading can mean.
//
//   kUnique  one: earlier == later
//   kGap     none: the clocks went forward over it. `earlier` reads it with the offset after the gap,
//            `later` with the offset before, `transition` is the instant of the change
//   kFold    two: the clocks went back over it. `earlier` and `later` are the two passes,
//            `transition` is the instant at which the second pass may begin
struct LocalResolution {
  enum Kind { kUnique, kGap, kFold };
  Kind kind = kUnique;
  UtcTime earlier, later;
  UtcTime transition;  // meaningful in a gap or a fold; equal to `earlier` otherwise
};

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_ZONE_OFFSET_H_
