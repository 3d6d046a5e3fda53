// Reads by ffprobe the facts about a media file that a seek needs.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_PROBE_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_PROBE_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "masterclock/frames/frame_rate.h"

namespace on_air {

struct MediaInfo {
  masterclock::FrameRate rate;        // of the pictures
  std::chrono::nanoseconds begin{};   // of the first picture, on the timeline of the file
  std::chrono::nanoseconds length{};  // of the pictures
  int video_stream = 0;               // its index in the file
  bool sound = false;
  bool indexed = false;  // the file has an index of its key frames (mp4, mkv)
};

// Returns the input options with which ffmpeg and ffprobe open local files only, and containers only.
[[nodiscard]] std::vector<std::string> safe_input_options();

// Threads: any.
// Cost:    runs ffprobe, about 50 ms.
// Errors:  NotFound when the file or ffprobe is missing; InvalidArgument "FILE: what" when the file is
//          no media, or has no pictures or no known length; Cancelled when `interrupt_fd`, if any,
//          became readable.
[[nodiscard]] absl::StatusOr<MediaInfo> probe_media(const std::filesystem::path& file,
                                                    int interrupt_fd = -1);

// Reads the report of ffprobe that probe_media requests.
[[nodiscard]] absl::StatusOr<MediaInfo> parse_probe(std::string_view report,
                                                    const std::filesystem::path& file);

// Returns the last key frame at or before `time`, on the timeline of the file. Returns nothing when
// there is none within a minute: read from the start then.
//
// Threads: any.
// Cost:    runs ffprobe.
// Errors:  as probe_media.
[[nodiscard]] absl::StatusOr<std::optional<std::chrono::nanoseconds>> key_frame_before(
    const std::filesystem::path& file, const MediaInfo& info, std::chrono::nanoseconds time,
    int interrupt_fd = -1);

// Returns `time` as ffmpeg reads it: seconds with six decimals, to the nearest microsecond.
[[nodiscard]] std::string ffmpeg_seconds(std::chrono::nanoseconds time);

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_MEDIA_PROBE_H_
