// Reads ffplayout playlists: the clips of one channel's day, as that playout engine keeps them.
//
//   {"channel": "Channel 1", "date": "2024-02-01",
//    "program": [{"in": 0, "out": 10.0, "duration": 10.0, "source": "a.mp4"}, ...]}
//
// Clips have no times of day. The first clip begins at the channel's day start on that date, in the
// channel's zone. Each next clip begins when the clip before has run for out - in seconds. The
// clocks may change in the day without moving a clip, because only lengths count.
//
// Each field follows the rules of ffplayout's own reader:
//
//   channel   text; "Channel 1" where it is absent
//   date      text, YYYY-MM-DD
//   in, out   numbers of seconds
//   source    text; null is a clip without media, which still takes its time
//   title     text; null or absent is none, and the source stands in
//
// Other fields are ignored: duration, category, audio, custom_filter, and unknown ones. A day start
// that the clocks skip is moved as Resolve::kCompatible says.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_FFPLAYOUT_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_FFPLAYOUT_H_

#include <chrono>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "guide_reading.h"

namespace on_air {

// Reads the text of a playlist. `file` is its name in messages. `date` replaces the date in the text,
// because ffplayout goes by the name of the file.
//
// A clip that makes no sense is left out. It keeps its time where `in` and `out`, or else `duration`,
// give its length. Without a length the clips after it begin earlier.
//
// Errors: InvalidArgument, "FILE:LINE: what". The path of a field leads: program[17].out.
[[nodiscard]] absl::StatusOr<GuideFile> parse_ffplayout(
    std::string_view text, std::string_view file, const GuideReading& reading = {},
    std::optional<std::chrono::year_month_day> date = std::nullopt);

// Reads YYYY-MM-DD. Nothing when it is no date, or one outside 1677 to 2262.
[[nodiscard]] std::optional<std::chrono::year_month_day> parse_date(std::string_view text);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_FFPLAYOUT_H_
