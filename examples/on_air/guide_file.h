// Reads guides from files of any kind, and sees when they change.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_FILE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_FILE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "guide.h"
#include "guide_reading.h"
#include "masterclock/time/time_points.h"

namespace on_air {

struct LoadedGuide {
  Guide guide;
  std::vector<std::string> warnings;  // "FILE:LINE: reason"
};

// The guides of a station. Each path is one of these:
//
//   - an XMLTV guide or an ffplayout playlist, perhaps packed with gzip; the content decides, not
//     the name
//   - "-", standard input, or a pipe; both are read once
//   - a folder of ffplayout playlists, YYYY/MM/YYYY-MM-DD.json; the name gives the date, and a list
//     ends where the list of the next day begins
//
// Channels of the same id in several files are one channel.
//
// Threads: one at a time.
class GuideFiles {
 public:
  GuideFiles() = default;
  GuideFiles(std::vector<std::string> paths, GuideReading reading)
      : paths_(std::move(paths)), reading_(std::move(reading)) {}

  // Sets what ends a later reading, as `GuideReading::interrupted`.
  void set_interrupted(std::function<bool()> interrupted) {
    reading_.interrupted = std::move(interrupted);
  }

  // Reads the guides. A folder gives the playlists of the broadcast days of [from, until], and of one
  // day more at each side.
  //
  // A bad playlist in a folder is a warning, and so keeps no other day off the air. The list that was
  // read from it before stays. Under `strict` it is an error.
  //
  // Errors: NotFound or Unavailable, "FILE: what", when a file cannot be read; InvalidArgument,
  //         "FILE:LINE: what", when it is no guide, as xmltv.h and ffplayout.h say. The first load waits
  //         for the writer of a pipe. Later ones wait for nothing. Cancelled when
  //         `reading.interrupted` returns true.
  absl::StatusOr<LoadedGuide> load(masterclock::UtcTime from, masterclock::UtcTime until);

  // Returns whether `load` would read other files than the last time, or changed ones.
  [[nodiscard]] bool changed(masterclock::UtcTime from, masterclock::UtcTime until) const;

 private:
  struct Source {
    std::string path;
    std::optional<std::chrono::sys_days> date;  // of a playlist in a folder
    std::size_t argument = 0;                   // the place in paths_
    std::vector<std::int64_t> version;          // inode, size and time of change; empty: no file

    friend bool operator==(const Source&, const Source&) = default;
  };

  [[nodiscard]] std::vector<Source> sources(masterclock::UtcTime from,
                                            masterclock::UtcTime until) const;
  absl::StatusOr<GuideFile> read(const Source& source);
  absl::StatusOr<GuideFile> read_day(const Source& source);
  [[nodiscard]] absl::Status no_playlist(const std::string& folder, masterclock::UtcTime at) const;

  std::vector<std::string> paths_;
  GuideReading reading_;
  std::vector<Source> last_;
  bool loaded_ = false;
  std::map<std::string, GuideFile> pipes_;    // what was read from each, standard input included
  std::map<std::string, GuideListing> days_;  // what was read last, of folders
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_FILE_H_
