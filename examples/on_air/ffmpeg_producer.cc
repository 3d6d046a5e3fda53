#include "ffmpeg_producer.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "common/printable.h"
#include "masterclock/frames/frame_index.h"

namespace on_air {
namespace {

using common::ChildProcess;
using common::printable;
using masterclock::frame_index;
using masterclock::frame_start;
using masterclock::FrameRate;
using std::chrono::nanoseconds;

constexpr nanoseconds kEarlier = std::chrono::seconds(1);  // an MPEG-TS seek lands near the time
constexpr std::chrono::milliseconds kInterruptedGrace{500};

nanoseconds half_a_frame(FrameRate rate) { return frame_start(1, rate) / 2; }

bool is_picture(const std::filesystem::path& output) {
  const std::string kind = output.extension().string();
  return kind == ".png" || kind == ".jpg" || kind == ".jpeg";
}

// Returns the number of frames in the last "frame=123" of ffmpeg's progress report.
std::int64_t frames_produced(const std::string& progress) {
  const std::size_t at = progress.rfind("frame=");
  return at == std::string::npos ? 0 : std::strtoll(progress.c_str() + at + 6, nullptr, 10);
}

}  // namespace

absl::StatusOr<SeekPlan> plan_seek(const ProducerRequest& request, const MediaInfo& info) {
  const FrameRate rate = request.rate.value_or(info.rate);
  const std::int64_t asked = frame_index(std::max(request.position, nanoseconds(0)), rate);
  const nanoseconds begin = frame_start(asked, rate);
  const std::int64_t more = std::max<std::int64_t>(request.frames.value_or(1), 1) - 1;
  const std::int64_t last =
      asked + std::min(more, std::numeric_limits<std::int64_t>::max() - asked);
  // The middle of the last frame must be inside, because lengths are rounded to ticks of the file.
  if (frame_start(last, rate) > info.length - half_a_frame(rate)) {
    std::string what = printable(request.media.string()) + ": lasts " +
                       ffmpeg_seconds(info.length) + " s, too short for a join at " +
                       ffmpeg_seconds(begin) + " s (frame " + std::to_string(asked) + ")";
    if (last > asked) what += " and " + std::to_string(*request.frames) + " frames";
    return absl::OutOfRangeError(what);
  }
  SeekPlan plan;
  plan.frame = frame_index(begin, info.rate);
  plan.shown = info.begin + frame_start(plan.frame, info.rate);
  plan.earliest = plan.shown - half_a_frame(info.rate);
  return plan;
}

std::vector<std::string> ffmpeg_arguments(const ProducerRequest& request, const MediaInfo& info,
                                          const SeekPlan& plan,
                                          std::optional<nanoseconds> read_from,
                                          FfmpegOptions options) {
  const bool picture = is_picture(request.output);
  const std::string shown = ffmpeg_seconds(plan.shown);
  std::vector<std::string> line = {"ffmpeg",   "-nostdin",  "-hide_banner", "-loglevel", "error",
                                   "-nostats", "-progress", "pipe:1",       "-y",        "-copyts"};
  const auto add = [&line](std::initializer_list<std::string> words) {
    line.insert(line.end(), words);
  };
  if (read_from) {
    add({"-seek_timestamp", "1", "-noaccurate_seek", "-ss", ffmpeg_seconds(*read_from)});
  }
  const auto safely = safe_input_options();
  line.insert(line.end(), safely.begin(), safely.end());
  add({"-i", "file:" + request.media.string(), "-map", "0:" + std::to_string(info.video_stream)});

  std::string pictures =
      "trim=start=" + ffmpeg_seconds(plan.earliest) + ",setpts=PTS-" + shown + "/TB";
  if (request.rate && *request.rate != info.rate) {
    pictures += ",fps=fps=" + std::to_string(request.rate->numerator) + "/" +
                std::to_string(request.rate->denominator) + ":start_time=0";
  }
  // Counts in the filter: -frames:v would end the sound when the last picture arrives.
  const std::optional<std::int64_t> frames =
      picture ? std::optional<std::int64_t>(1) : request.frames;
  if (frames) pictures += ",trim=end_frame=" + std::to_string(*frames);
  if (options.paced) pictures += ",realtime";
  add({"-vf", pictures});

  if (info.sound && !picture) {
    std::string sound = "atrim=start=" + shown;
    if (frames) {
      const FrameRate rate = request.rate.value_or(info.rate);
      sound += ":end=" + ffmpeg_seconds(plan.shown + frame_start(*frames, rate));
    }
    sound += ",asetpts=PTS-" + shown + "/TB";
    if (options.paced) sound += ",arealtime";
    add({"-map", "0:a:0", "-af", sound});
  }

  const std::string kind = request.output.extension().string();
  if (kind == ".mp4" || kind == ".mov" || kind == ".mkv" || kind == ".ts") {
    add({"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"});
  }
  if (picture) add({"-f", "image2", "-update", "1"});
  if (request.output.empty()) {
    add({"-f", "null", "-"});
  } else {
    add({"file:" + request.output.string()});
  }
  return line;
}

absl::Status FfmpegProducer::start(const ProducerRequest& request) {
  (void)stop();
  media_ = request.media;
  absl::StatusOr<MediaInfo> info = probe_media(request.media, options_.interrupt_fd);
  if (!info.ok()) return info.status();
  absl::StatusOr<SeekPlan> plan = plan_seek(request, *info);
  if (!plan.ok()) return plan.status();

  std::optional<nanoseconds> read_from;
  if (info->indexed) {
    if (plan->frame > 0) read_from = plan->earliest;
  } else {
    const auto key = key_frame_before(request.media, *info, plan->earliest, options_.interrupt_fd);
    if (!key.ok()) return key.status();
    if (*key && **key - kEarlier > info->begin) read_from = **key - kEarlier;
  }
  auto child = ChildProcess::start(ffmpeg_arguments(request, *info, *plan, read_from, options_));
  if (!child.ok()) return child.status();
  set_child(*std::move(child));
  return absl::OkStatus();
}

absl::Status FfmpegProducer::stop() {
  const std::shared_ptr<ChildProcess> running = child();
  if (running != nullptr) running->stop();
  set_child(nullptr);
  return absl::OkStatus();
}

ProducerState FfmpegProducer::state() const {
  const std::shared_ptr<ChildProcess> now = child();
  if (now == nullptr) return ProducerState::kIdle;
  if (now->running()) return ProducerState::kRunning;
  return now->succeeded() ? ProducerState::kFinished : ProducerState::kFailed;
}

absl::Status FfmpegProducer::wait() {
  const std::shared_ptr<ChildProcess> running = child();
  if (running == nullptr) return absl::FailedPreconditionError("ffmpeg has not been started");
  if (!running->wait(options_.interrupt_fd)) {
    running->stop(kInterruptedGrace);
    return absl::CancelledError("interrupted");
  }
  if (!running->succeeded()) {
    return absl::InternalError(printable(media_.string()) + ": ffmpeg: " + running->complaint());
  }
  if (frames_produced(running->output()) == 0) {
    return absl::InternalError(printable(media_.string()) + ": no picture came out of ffmpeg");
  }
  return absl::OkStatus();
}

std::shared_ptr<ChildProcess> FfmpegProducer::child() const {
  const std::lock_guard lock(mutex_);
  return child_;
}

void FfmpegProducer::set_child(std::shared_ptr<ChildProcess> child) {
  const std::lock_guard lock(mutex_);
  child_.swap(child);
}

}  // namespace on_air
