// What must be known of a media file before anybody seeks in it, as ffprobe tells it.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_PROBE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_PROBE_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "masterclock/frames/frame_rate.h"

namespace on_air {

// Times in the file count from wherever its maker began: `begin` is the first picture's.
struct MediaInfo {
  masterclock::FrameRate rate;        // of the pictures
  std::chrono::nanoseconds begin{};   // of the first picture, on the file's own timeline
  std::chrono::nanoseconds length{};  // of the pictures
  int video_stream = 0;               // its index in the file
  bool sound = false;
  bool indexed = false;  // the file knows where its key frames are (mp4, mkv)
};

// Threads: any; runs ffprobe and waits for it, some 50 ms.
// Errors:  NotFound when the file or ffprobe is missing; InvalidArgument, "FILE: what", when the
//          file is no media or has no pictures or no known length; Cancelled when `interrupt_fd`,
//          if any, became readable first.
[[nodiscard]] absl::StatusOr<MediaInfo> probe_media(const std::filesystem::path& file,
                                                    int interrupt_fd = -1);

// The same from ffprobe's report, for which it is asked by probe_media.
[[nodiscard]] absl::StatusOr<MediaInfo> parse_probe(std::string_view report,
                                                    const std::filesystem::path& file);

// The last key frame that is shown at `time` (on the file's own timeline) or earlier. Nothing when
// there is none within a minute before: whoever seeks then reads from the start.
//
// Threads: any; runs ffprobe and waits for it.
// Errors:  as probe_media.
[[nodiscard]] absl::StatusOr<std::optional<std::chrono::nanoseconds>> key_frame_before(
    const std::filesystem::path& file, const MediaInfo& info, std::chrono::nanoseconds time,
    int interrupt_fd = -1);

// `time` as ffmpeg reads it: seconds with six decimals, to the nearest microsecond.
[[nodiscard]] std::string ffmpeg_seconds(std::chrono::nanoseconds time);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_PROBE_H_
