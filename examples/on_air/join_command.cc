#include "join_command.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>
#include <utility>

#include "cli_options.h"
#include "common/data_error.h"
#include "common/printable.h"
#include "common/stop_signal.h"
#include "common/time_text.h"
#include "ffmpeg_producer.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "media_library.h"
#include "schedule_service.h"

namespace on_air {
namespace {

using common::in_quotes;
using common::printable;
using common::StopSignal;
using common::utc_text;

namespace fs = std::filesystem;

constexpr std::int64_t kMostFrames = 1'000'000'000;  // months at any rate

// A file that has its name only once it is whole. Until then it stands beside it, under a name of
// the same kind, and goes away with this object.
class UnfinishedFile {
 public:
  // Errors: when there can be no file of that name.
  static absl::StatusOr<std::unique_ptr<UnfinishedFile>> beside(const fs::path& wanted) {
    std::error_code error;
    const fs::path directory = wanted.has_parent_path() ? wanted.parent_path() : fs::path(".");
    const std::string name = printable(wanted.string());
    if (!fs::is_directory(directory, error)) {
      return absl::NotFoundError(name + ": no such directory: " + printable(directory.string()));
    }
    if (!wanted.has_filename()) return absl::InvalidArgumentError(name + ": is a directory");
    const fs::file_status there = fs::status(wanted, error);
    if (fs::exists(there) && !fs::is_regular_file(there)) {
      return absl::InvalidArgumentError(name + ": is not a regular file");
    }
    if (!wanted.has_extension()) {
      return absl::InvalidArgumentError(name + ": its name does not say what it is (.mp4, .png)");
    }
    return std::unique_ptr<UnfinishedFile>(new UnfinishedFile(
        wanted, directory / ("." + wanted.stem().string() + ".unfinished-" +
                             std::to_string(::getpid()) + wanted.extension().string())));
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;
  ~UnfinishedFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

  absl::Status finish() {
    std::error_code error;
    fs::rename(path_, wanted_, error);
    if (!error) return absl::OkStatus();
    return absl::UnavailableError(printable(wanted_.string()) + ": " + error.message());
  }

 private:
  UnfinishedFile(fs::path wanted, fs::path path)
      : wanted_(std::move(wanted)), path_(std::move(path)) {}
  const fs::path wanted_, path_;
};

absl::Status join(const masterclock::MasterClock& clock, const JoinOptions& options,
                  const GuideOptions& guide, std::ostream& out) {
  ScheduleService schedule(clock);
  if (absl::Status loaded = schedule.load(options.guide.paths, guide); !loaded.ok()) return loaded;
  print_warnings(schedule);
  const auto plan = schedule.get_playout_plan_now(options.channel);
  if (!plan.ok()) return plan.status();
  if (!plan->now) {
    return absl::NotFoundError("Channel " + in_quotes(options.channel) + " is off the air at " +
                               utc_text(plan->at));
  }
  const auto library = MediaLibrary::open(options.media);
  if (!library.ok()) return library.status();
  const auto media = library->find(options.channel, *plan->now);
  if (!media.ok()) return media.status();

  std::error_code ignored;
  if (fs::equivalent(*media, options.output, ignored)) {
    return absl::InvalidArgumentError(printable(options.output) + ": is the media itself");
  }
  StopSignal stop;
  auto output = UnfinishedFile::beside(options.output);
  if (!output.ok()) return output.status();
  ProducerRequest request;
  request.channel = options.channel;
  request.media = *media;
  request.position = plan->now->media_position;
  request.rate = options.rate;
  request.frames = options.frames;
  request.output = (*output)->path();
  FfmpegProducer producer({.interrupt_fd = stop.fd()});
  absl::Status made = producer.start(request);
  if (made.ok()) made = producer.wait();
  if (absl::IsCancelled(made)) return absl::CancelledError("interrupted; nothing was written");
  if (!made.ok()) return made;
  if (absl::Status finished = (*output)->finish(); !finished.ok()) return finished;
  out << plan->channel_id << ": " << in_quotes(plan->now->title) << ", "
      << ffmpeg_seconds(plan->now->join.offset) << " s in, from " << media->string() << " at "
      << ffmpeg_seconds(request.position) << " s to " << options.output << '\n';
  return absl::OkStatus();
}

}  // namespace

absl::Status run_join(const JoinOptions& options, std::ostream& out) {
  const absl::StatusOr<GuideOptions> guide = guide_options(options.guide);
  if (!guide.ok()) return guide.status();
  if (!options.at) return join(masterclock::MasterClock(), options, *guide, out);
  const absl::StatusOr<masterclock::UtcTime> at = to_utc(*options.at, guide->zone);
  if (!at.ok()) return at.status();
  masterclock::testing::ManualTimeSource source(*at);
  return join(masterclock::MasterClock(source), options, *guide, out);
}

void add_join(CLI::App& app, common::Command& chosen) {
  const auto options = std::make_shared<JoinOptions>();
  CLI::App& join = *app.add_subcommand("join", "real media from the join point on, by ffmpeg");
  add_guide_options(join, options->guide);
  join.add_option("--channel", options->channel, "which one")->required()->type_name("ID");
  join.add_option("--media", options->media, "the media, or where it is looked for")
      ->required()
      ->type_name("FILE|DIR");
  add_station_time(join, "--at", options->at, "when; now, unless given");
  join.add_option("--output", options->output,
                  "what to write: .mp4 .mov .mkv .ts, .png for a frame")
      ->required()
      ->type_name("FILE");
  join.add_option("--frames", options->frames, "how many; unless given, until the media ends")
      ->check(CLI::Range(std::int64_t{1}, kMostFrames, "N"))
      ->type_name("N");
  common::add_parsed(join, "--rate", options->rate,
                     "frames a second of the output; the media's own, unless given",
                     [](const std::string& text) { return masterclock::parse_frame_rate(text); })
      ->type_name("RATE");
  join.callback(
      [options, &chosen] { chosen = [options] { return run_join(*options, std::cout); }; });
}

}  // namespace on_air
