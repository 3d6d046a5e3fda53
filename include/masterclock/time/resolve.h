// What to do with a wall-clock reading that names no instant, or two.
//
// When clocks go forward some readings never occur (a gap); when they go back some occur twice (a
// fold). Trusted libraries disagree about what such a reading means (RFC 5545 drops it, java.time and
// Temporal shift it, date takes the transition), so the caller chooses:
//
//   policy         in a fold          in a gap, say 02:30 when 02:00 becomes 03:00
//   kReject        FailedPrecondition FailedPrecondition; both name both candidates
//   kEarlier       the first pass     read with the offset after the gap: an hour early, 01:30
//   kLater         the second pass    read with the offset before the gap: an hour late, 03:30
//   kCompatible    the first pass     as kLater: what most calendars do
//   kSnap          the first pass     the instant of the change itself: 03:00
//
// Use kReject where a person is there to ask, kCompatible for what was scheduled before anybody
// thought of the change, kSnap where nothing may start later than its slot.
#ifndef MASTERCLOCK_TIME_RESOLVE_H_
#define MASTERCLOCK_TIME_RESOLVE_H_

#include "masterclock/version.h"

namespace masterclock::inline v0_2 {

enum class Resolve { kReject, kCompatible, kEarlier, kLater, kSnap };

}  // namespace masterclock

#endif  // MASTERCLOCK_TIME_RESOLVE_H_
