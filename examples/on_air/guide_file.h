// A guide from a file of whichever kind it turns out to be.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_FILE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_FILE_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "guide.h"
#include "masterclock/time/local_clock.h"

namespace on_air {

// Reads an XMLTV guide or an ffplayout playlist. What the file holds decides, not what it is
// called. The zone and the day start are for playlists, whose clips have no times of their own.
//
// Threads: any.
// Errors:  NotFound or Unavailable, "FILE: what", when it cannot be read; InvalidArgument,
//          "FILE:LINE: what", when it can and is no guide.
[[nodiscard]] absl::StatusOr<Guide> load_guide(const std::string& path,
                                               const masterclock::AnyWallClock& wall,
                                               std::chrono::seconds day_start);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_FILE_H_
