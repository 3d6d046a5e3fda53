// Says how guide files are read, and what a reader returns.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_READING_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_READING_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guide_listing.h"
#include "masterclock/zones/zone.h"

namespace on_air {

struct GuideReading {
  masterclock::Zone zone =
      {};  // of the station; places playlists, whose clips have no times of day
  std::chrono::seconds day_start = std::chrono::hours(6);  // on the station's wall
  std::optional<masterclock::Zone> assume_zone = {};  // of times without an offset; absent: UTC
  std::chrono::nanoseconds shift{};                   // is added to every time
  bool strict = false;                                // refuse a guide for one bad entry
  std::function<bool()> interrupted = {};  // is asked now and then; true ends the reading
};

// The contents of one file.
struct GuideFile {
  GuideListing listing;
  std::vector<std::string> warnings;  // "FILE:LINE: reason"
};

// Finds lines in one text. Questions in the order of their offsets cost one pass over the text.
class LineCounter {
 public:
  // The text must outlive the counter.
  explicit LineCounter(std::string_view text) : text_(text) {}

  // Returns the line that contains `offset`, counted from 1.
  std::size_t line_of(std::size_t offset);

 private:
  const std::string_view text_;
  std::size_t counted_to_ = 0, line_ = 1;
};

// Returns the text without blanks, tabs and line ends around it.
[[nodiscard]] std::string_view without_blanks(std::string_view text);

// Returns the text without white space at its ends, and with one blank for any run of white space
// within.
[[nodiscard]] std::string folded(std::string_view text);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_READING_H_
