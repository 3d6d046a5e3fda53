#include "ffmpeg_producer.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string_view>
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
constexpr std::chrono::milliseconds kGrace{300};  // Ctrl-C ends the program within a second

nanoseconds half_a_frame(FrameRate rate) { return frame_start(1, rate) / 2; }

bool is_picture(const std::filesystem::path& output) {
  const std::string kind = output.extension().string();
  return kind == ".png" || kind == ".jpg" || kind == ".jpeg";
}

// Returns the number of frames in the last "frame=123" of ffmpeg's progress report.
std::int64_t frames_produced(std::string_view progress) {
  constexpr std::string_view kFrame = "frame=";
  const std::size_t at = progress.rfind(kFrame);
  if (at == std::string_view::npos) return 0;
  return std::strtoll(std::string(progress.substr(at + kFrame.size(), 20)).c_str(), nullptr, 10);
}

// Returns whether the child produced a whole file. ffmpeg may end with status 0 when it cannot write
// the end of its file.
bool ended_well(const ChildProcess& child) {
  if (!child.succeeded()) return false;
  const std::string last = child.complaint();
  return !last.starts_with("Error writing trailer of ") &&
         !last.starts_with("Error closing file ") &&
         !last.starts_with("av_interleaved_write_frame()");
}

// `limit` makes the filters accept a pause: they then count from the next frame.
constexpr const char* kRealTime = ",realtime=limit=0.5";
constexpr const char* kRealTimeSound = ",arealtime=limit=0.5";

std::vector<std::string> first_words() {
  return {"ffmpeg",    "-nostdin", "-hide_banner",  "-loglevel", "error", "-nostats",
          "-progress", "pipe:1",   "-stats_period", "0.1",       "-y"};
}

void add_output(std::vector<std::string>& line, const ProducerRequest& request,
                FfmpegOptions options) {
  const auto add = [&line](std::initializer_list<std::string> words) {
    line.insert(line.end(), words);
  };
  const std::string kind = request.output.extension().string();
  if (kind == ".mp4" || kind == ".mov" || kind == ".mkv" || kind == ".ts") {
    add({"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"});
  }
  if (is_picture(request.output)) add({"-f", "image2", "-update", "1"});
  // A viewer gets each picture when it is on, not when a buffer is full.
  if (options.paced) add({"-tune", "zerolatency", "-flush_packets", "1"});
  if (request.output.empty()) {
    add({"-f", "null", "-"});
  } else {
    add({"file:" + request.output.string()});
  }
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

std::vector<std::string> slate_arguments(const ProducerRequest& request, FfmpegOptions options) {
  // Characters that have a meaning in a filter become similar ones.
  std::string text;
  for (const char c : request.slate) {
    switch (c) {
      case '\'': text += "\u2019"; break;
      case ':': text += "\u2236"; break;
      case '\\': text += '/'; break;
      default: text += c == '\n' || static_cast<unsigned char>(c) >= 0x20 ? c : ' ';
    }
  }
  std::vector<std::string> line = first_words();
  const FrameRate rate = request.rate.value_or(masterclock::k25);
  const std::string frames_per_second =
      std::to_string(rate.numerator) + "/" + std::to_string(rate.denominator);
  line.insert(line.end(),
              {"-f", "lavfi", "-i", "color=c=0x101820:size=1280x720:rate=" + frames_per_second});
  line.insert(line.end(), {"-vf",
                           "drawtext=expansion=none:fontcolor=white:fontsize=48:line_spacing=24:"
                           "x=(w-text_w)/2:y=(h-text_h)/2:text='" +
                               text + "'" + (options.paced ? kRealTime : "")});
  add_output(line, request, options);
  return line;
}

std::vector<std::string> ffmpeg_arguments(const ProducerRequest& request, const MediaInfo& info,
                                          const SeekPlan& plan,
                                          std::optional<nanoseconds> read_from,
                                          FfmpegOptions options) {
  const bool picture = is_picture(request.output);
  const std::string shown = ffmpeg_seconds(plan.shown);
  std::vector<std::string> line = first_words();
  const auto add = [&line](std::initializer_list<std::string> words) {
    line.insert(line.end(), words);
  };
  add({"-copyts"});
  if (request.loop) add({"-stream_loop", "-1"});
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
  if (options.paced) pictures += kRealTime;
  add({"-vf", pictures});

  if (info.sound && !picture) {
    std::string sound = "atrim=start=" + shown;
    if (frames) {
      const FrameRate rate = request.rate.value_or(info.rate);
      sound += ":end=" + ffmpeg_seconds(plan.shown + frame_start(*frames, rate));
    }
    sound += ",asetpts=PTS-" + shown + "/TB";
    if (options.paced) sound += kRealTimeSound;
    add({"-map", "0:a:0", "-af", sound});
  }
  add_output(line, request, options);
  return line;
}

absl::StatusOr<FfmpegProducer::Launch> FfmpegProducer::plan(const ProducerRequest& request) const {
  if (!request.slate.empty()) return Launch{slate_arguments(request, options_), {}};
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
  return Launch{ffmpeg_arguments(request, *info, *plan, read_from, options_), info->rate};
}

absl::Status FfmpegProducer::start(const ProducerRequest& request) {
  if (is_prepared(request)) {
    std::shared_ptr<ChildProcess> next = std::move(prepared_->child);
    prepared_.reset();
    next->resume();
    const std::shared_ptr<ChildProcess> last = child();
    set_child(std::move(next));
    if (last != nullptr) last->stop(kGrace);
  } else {
    forget_prepared();
    const absl::StatusOr<Launch> launch = plan(request);
    (void)stop();  // as late as possible: the plan takes time
    if (!launch.ok()) return launch.status();
    auto child = ChildProcess::start(launch->arguments);
    if (!child.ok()) return child.status();
    set_child(*std::move(child));
  }
  media_ = request.media;
  output_ = request.output;
  return absl::OkStatus();
}

void FfmpegProducer::prepare(const ProducerRequest& next) {
  forget_prepared();
  if (!next.output.empty() && next.output == output_) return;
  const absl::StatusOr<Launch> launch = plan(next);
  if (!launch.ok()) return;
  auto child = ChildProcess::start(launch->arguments, {.pause_when = [](std::string_view progress) {
                                     return frames_produced(progress) > 0;
                                   }});
  if (child.ok()) prepared_ = Prepared{next, launch->rate, *std::move(child)};
}

void FfmpegProducer::forget_prepared() {
  if (prepared_) prepared_->child->stop(kGrace);
  prepared_.reset();
}

bool FfmpegProducer::is_prepared(const ProducerRequest& request) const {
  if (!prepared_ || !prepared_->child->running()) return false;
  ProducerRequest same_frame = request;
  const FrameRate rate = request.rate.value_or(prepared_->rate);
  if (rate.valid() &&
      frame_index(request.position, rate) == frame_index(prepared_->request.position, rate)) {
    same_frame.position = prepared_->request.position;
  }
  return same_frame == prepared_->request;
}

absl::Status FfmpegProducer::stop() {
  forget_prepared();
  const std::shared_ptr<ChildProcess> running = child();
  if (running != nullptr) running->stop(kGrace);
  set_child(nullptr);
  return absl::OkStatus();
}

ProducerState FfmpegProducer::state() const {
  const std::shared_ptr<ChildProcess> now = child();
  if (now == nullptr) return ProducerState::kIdle;
  if (now->running()) return ProducerState::kRunning;
  return ended_well(*now) ? ProducerState::kFinished : ProducerState::kFailed;
}

std::string FfmpegProducer::failure() const {
  const std::shared_ptr<ChildProcess> ended = child();
  return printable(media_.string()) +
         ": ffmpeg: " + (ended == nullptr ? "not started" : printable(ended->complaint()));
}

absl::Status FfmpegProducer::wait() {
  const std::shared_ptr<ChildProcess> running = child();
  if (running == nullptr) return absl::FailedPreconditionError("ffmpeg has not been started");
  if (!running->wait(options_.interrupt_fd)) {
    running->stop(kGrace);
    return absl::CancelledError("interrupted");
  }
  if (!ended_well(*running)) return absl::InternalError(failure());
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
