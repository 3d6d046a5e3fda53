// XMLTV guides: the format of most public listings.
//
// A <tv> element holds <channel id> elements with display names, and <programme start stop channel>
// elements with titles. Of several display names or titles the first is taken. A channel that only
// programmes name is listed too, after the others; one without programmes is listed, and off the
// air.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_XMLTV_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_XMLTV_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "guide.h"
#include "masterclock/time/time_points.h"

namespace on_air {

// Reads a time as XMLTV writes it: YYYYMMDDhhmmss or as many of its leading fields as are known
// (the rest is then the earliest possible), blanks if any, and an offset if any: +0100, +01:00, Z,
// or a name (UTC, GMT, BST, CET, CEST, EST, EDT and others: the table is in xmltv.cc). Without one
// it is UTC.
//
// Threads: any.
// Errors:  InvalidArgument saying what is wrong; OutOfRange outside 1677 to 2262.
// Source:  xmltv.dtd, "Date and time format".
[[nodiscard]] absl::StatusOr<masterclock::UtcTime> parse_xmltv_time(std::string_view text);

// Reads the text of an XMLTV file, in any encoding that its first line names and iconv(3) knows.
// `file` is what errors call it.
//
// Threads: any.
// Errors:  InvalidArgument, "FILE:LINE: what".
[[nodiscard]] absl::StatusOr<Guide> parse_xmltv(std::string_view bytes, std::string_view file);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_XMLTV_H_
