// Which file a programme is: the media behind a guide.
//
// One FILE stands for every programme. In a DIR a programme that names its source (ffplayout) is
// looked for by the path that it names, below DIR, then by that path's file name anywhere below
// DIR. One that does not (XMLTV) is looked for in DIR by its title, then by its channel's id, as a
// file name:
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

// `text` as a file name: ASCII letters in lower case, what is neither letter nor digit as one
// hyphen, none at the ends. Letters beyond ASCII stay as they are.
[[nodiscard]] std::string file_name_of(std::string_view text);

// Threads: const throughout. The directory is looked at anew for every programme.
class MediaLibrary {
 public:
  // Errors: NotFound, "PATH: no such file or directory".
  [[nodiscard]] static absl::StatusOr<MediaLibrary> open(std::filesystem::path path);

  // Errors: NotFound, "DIR: no media for ...", naming what was looked for.
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
