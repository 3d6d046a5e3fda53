// Finds the media file of a programme.
//
// The library is a FILE, which stands for every programme, or a DIR:
//
//   source  a programme with a source (ffplayout): that path below DIR, else the first file of that
//           name below DIR
//   title   a programme without one (XMLTV): its title as a file name in DIR, else the channel id
//
//   "The Late Late Show"  the-late-late-show.mp4   (or .mov .mkv .ts .m2ts .mpg .mxf)
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_LIBRARY_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_LIBRARY_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "schedule_service.h"

namespace on_air {

// Returns `text` as a file name. ASCII letters become lower case. A hyphen replaces each run of other
// ASCII characters that are no digits; none stands at an end. Other letters stay.
[[nodiscard]] std::string file_name_of(std::string_view text);

// Threads: any. Each call reads the directory.
class MediaLibrary {
 public:
  // Errors: NotFound "PATH: no such file or directory".
  [[nodiscard]] static absl::StatusOr<MediaLibrary> open(std::filesystem::path path);

  // Errors: NotFound "DIR: no media for ...", with the names that it tried.
  [[nodiscard]] absl::StatusOr<std::filesystem::path> find(std::string_view channel_id,
                                                           const NowPlaying& now) const;

 private:
  explicit MediaLibrary(std::filesystem::path path, bool directory)
      : path_(std::move(path)), directory_(directory) {}

  std::filesystem::path path_;
  bool directory_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_LIBRARY_H_
