#include "media_probe.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "common/child_process.h"
#include "common/printable.h"

namespace on_air {
namespace {

using common::ChildProcess;
using common::printable;

using masterclock::FrameRate;
using masterclock::internal::Int128;
using nlohmann::json;
using std::chrono::nanoseconds;

constexpr std::size_t kLongestReport = 4'000'000;
constexpr std::chrono::milliseconds kInterruptedGrace{100};

absl::Status bad_media(const std::filesystem::path& file, const std::string& what) {
  return absl::InvalidArgumentError(printable(file.string()) + ": " + what);
}

absl::StatusOr<std::string> ffprobe(std::vector<std::string> arguments,
                                    const std::filesystem::path& file, int interrupt_fd) {
  arguments.insert(arguments.begin(), {"ffprobe", "-v", "error"});
  const std::vector<std::string> safely = safe_input_options();
  arguments.insert(arguments.end(), safely.begin(), safely.end());
  arguments.push_back("file:" + file.string());  // a name with a colon is a file too
  absl::StatusOr<std::unique_ptr<ChildProcess>> child =
      ChildProcess::start(arguments, {.keep = kLongestReport});
  if (!child.ok()) return child.status();
  if (!(*child)->wait(interrupt_fd)) {
    (*child)->stop(kInterruptedGrace);
    return absl::CancelledError("interrupted");
  }
  if (!(*child)->succeeded()) {
    std::string complaint = (*child)->complaint();
    const std::string prefix = "file:" + file.string() + ": ";
    if (complaint.starts_with(prefix)) complaint.erase(0, prefix.size());
    return bad_media(file, complaint);
  }
  return (*child)->output();
}

// Reads "a/b", two positive integers. Returns an invalid rate for other text.
FrameRate ratio(const json& object, const char* key) {
  const std::string text = object.value(key, "");
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {};
  const FrameRate rate{std::strtoll(text.c_str(), nullptr, 10),
                       std::strtoll(text.c_str() + slash + 1, nullptr, 10)};
  return rate.valid() ? rate : FrameRate{};
}

// Returns `ticks` of `base` seconds each, to the nearest nanosecond.
nanoseconds from_ticks(std::int64_t ticks, FrameRate base) {
  const Int128 scaled = Int128{ticks} * base.numerator * 1'000'000'000 * 2;
  const Int128 twice = Int128{base.denominator} * 2;
  const Int128 shifted = scaled + base.denominator;
  return nanoseconds(static_cast<std::int64_t>(shifted / twice - (shifted % twice < 0 ? 1 : 0)));
}

// Reads "30.030000". Returns nothing for other text.
std::optional<nanoseconds> from_seconds(const json& object, const char* key) {
  const std::string text = object.value(key, "");
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(seconds >= 0 && seconds < 9e9)) return std::nullopt;
  return std::chrono::round<nanoseconds>(std::chrono::duration<double>(seconds));
}

bool is_cover_picture(const json& stream) {
  return stream.contains("disposition") && stream["disposition"].value("attached_pic", 0) == 1;
}

}  // namespace

std::vector<std::string> safe_input_options() {
  return {"-protocol_whitelist", "file", "-format_whitelist",
          "mov,matroska,mpegts,mpeg,mxf,gxf,avi,asf,flv,ogg,nut"};
}

absl::StatusOr<MediaInfo> parse_probe(std::string_view report, const std::filesystem::path& file) {
  const json root = json::parse(report, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("streams") || !root.contains("format")) {
    return bad_media(file, "the report of ffprobe has an unknown form");
  }
  const json& format = root["format"];
  MediaInfo info;
  const json* video = nullptr;
  for (const json& stream : root["streams"]) {
    const std::string type = stream.value("codec_type", "");
    if (type == "audio") info.sound = true;
    if (type == "video" && video == nullptr && !is_cover_picture(stream)) video = &stream;
  }
  if (video == nullptr) return bad_media(file, "has no pictures");
  info.video_stream = video->value("index", 0);
  info.rate = ratio(*video, "r_frame_rate");
  if (!info.rate.valid()) info.rate = ratio(*video, "avg_frame_rate");
  const FrameRate base = ratio(*video, "time_base");
  if (!info.rate.valid() || !base.valid()) return bad_media(file, "has no known frame rate");
  info.begin = from_ticks(video->value("start_pts", std::int64_t{0}), base);
  if (video->contains("duration_ts")) {
    info.length = from_ticks(video->value("duration_ts", std::int64_t{0}), base);
  } else if (const auto length = from_seconds(format, "duration")) {
    info.length = *length;
  }
  if (info.length <= nanoseconds(0)) return bad_media(file, "has no known length");
  const std::string kind = format.value("format_name", "");
  info.indexed =
      kind.find("mp4") != std::string::npos || kind.find("matroska") != std::string::npos;
  return info;
}

absl::StatusOr<MediaInfo> probe_media(const std::filesystem::path& file, int interrupt_fd) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return absl::NotFoundError(printable(file.string()) + ": no such file");
  }
  if (std::filesystem::is_directory(file, error)) return bad_media(file, "is a directory");
  // A pipe can be read only once, and has no positions.
  if (!std::filesystem::is_regular_file(file, error)) {
    return bad_media(file, "is not a regular file");
  }
  absl::StatusOr<std::string> report = ffprobe(
      {"-show_entries",
       "format=format_name,duration:stream=index,codec_type,start_pts,time_base,duration_ts,"
       "r_frame_rate,avg_frame_rate:stream_disposition=attached_pic",
       "-of", "json"},
      file, interrupt_fd);
  if (!report.ok()) return report.status();
  return parse_probe(*report, file);
}

absl::StatusOr<std::optional<nanoseconds>> key_frame_before(const std::filesystem::path& file,
                                                            const MediaInfo& info, nanoseconds time,
                                                            int interrupt_fd) {
  using namespace std::chrono_literals;
  for (const nanoseconds look_back : {4s, 15s, 60s}) {
    const nanoseconds from = std::max(time - look_back, info.begin);
    absl::StatusOr<std::string> report =
        ffprobe({"-read_intervals", ffmpeg_seconds(from) + "%" + ffmpeg_seconds(time + 1s),
                 "-select_streams", std::to_string(info.video_stream), "-show_entries",
                 "packet=pts_time,flags", "-of", "json"},
                file, interrupt_fd);
    if (!report.ok()) return report.status();
    const json root = json::parse(*report, nullptr, /*allow_exceptions=*/false);
    std::optional<nanoseconds> found;
    if (root.is_object() && root.contains("packets")) {
      for (const json& packet : root["packets"]) {
        const auto shown = from_seconds(packet, "pts_time");
        if (shown && *shown <= time && packet.value("flags", "").starts_with('K')) {
          found = std::max(found.value_or(*shown), *shown);
        }
      }
    }
    if (found || from == info.begin) return found;
  }
  return std::optional<nanoseconds>();
}

std::string ffmpeg_seconds(nanoseconds time) {
  const std::int64_t micros = std::chrono::round<std::chrono::microseconds>(time).count();
  const std::uint64_t size =
      micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
  const std::string fraction = std::to_string(size % 1'000'000);
  return (micros < 0 ? "-" : "") + std::to_string(size / 1'000'000) + "." +
         std::string(6 - fraction.size(), '0') + fraction;
}

}  // namespace on_air
