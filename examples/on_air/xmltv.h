// Reads XMLTV guides, the format of most public listings.
//
// A <tv> element holds <channel id> elements with display names, and <programme start stop channel
// clumpidx> elements with titles. Of several display names or titles, the first with text counts.
// White space is folded. A channel that only programmes name is listed after the others. A channel
// without programmes is listed, and is off the air.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XMLTV_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XMLTV_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "guide_reading.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace on_air {

// Reads a time as grabbers write it: YYYYMMDDhhmmss or its leading fields, each missing field being
// the earliest possible, then an offset. The time may have a fraction of a second, and may be
// 240000, the end of its day. Blanks around the time and the offset do not matter.
//
// An offset is +01, +0100, +01:00 or +01:00:00, alone or after UTC or GMT. Or it is a name in any
// case: Z, UTC, BST, CET, EDT and others (the table is in xmltv.cc), or a military letter. Names with
// several meanings (IST) are errors, unless `assumed` uses the name at that time.
//
// A time without an offset is local in `assumed`. Of a time that occurs twice, it is the first. A time
// that the clocks skip counts with the offset before. Without `assumed` it is UTC, as the format says.
//
// Errors: InvalidArgument with the reason; OutOfRange outside 1677 to 2262.
// Source: xmltv.dtd, "Date and time format"; Date::Manip 6, which reads times for XMLTV.
[[nodiscard]] absl::StatusOr<masterclock::UtcTime> parse_xmltv_time(
    std::string_view text, std::optional<masterclock::Zone> assumed = std::nullopt);

// Reads an XMLTV file, in any encoding that its first line names and iconv(3) knows. `file` is its
// name in messages.
//
// Errors: InvalidArgument, "FILE:LINE: reason".
[[nodiscard]] absl::StatusOr<GuideFile> parse_xmltv(std::string bytes, std::string_view file,
                                                    const GuideReading& reading = {});

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XMLTV_H_
