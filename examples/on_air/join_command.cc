#include "join_command.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "cli_options.h"
#include "common/output.h"
#include "common/printable.h"
#include "common/private_directory.h"
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

// A file that gets its name when it is complete. Until then it is in a private directory beside it.
class UnfinishedFile {
 public:
  // Errors: when there can be no file of that name.
  static absl::StatusOr<std::unique_ptr<UnfinishedFile>> beside(const fs::path& wanted) {
    std::error_code error;
    const fs::path folder = wanted.has_parent_path() ? wanted.parent_path() : fs::path(".");
    const std::string name = printable(wanted.string());
    if (!fs::is_directory(folder, error)) {
      return absl::NotFoundError(name + ": no such directory: " + printable(folder.string()));
    }
    if (!wanted.has_filename()) return absl::InvalidArgumentError(name + ": is a directory");
    const fs::file_status there = fs::status(wanted, error);
    if (fs::exists(there) && !fs::is_regular_file(there)) {
      return absl::InvalidArgumentError(name + ": is not a regular file");
    }
    if (!wanted.has_extension()) {
      return absl::InvalidArgumentError(name +
                                        ": has no extension that names its format (.mp4, .png)");
    }
    auto directory = common::PrivateDirectory::make(folder, "on_air");
    if (!directory.ok()) return directory.status();
    return std::unique_ptr<UnfinishedFile>(new UnfinishedFile(wanted, *std::move(directory)));
  }

  [[nodiscard]] fs::path path() const {
    return directory_->path() / ("output" + wanted_.extension().string());
  }

  absl::Status finish() {
    std::error_code error;
    fs::rename(path(), wanted_, error);
    if (!error) return absl::OkStatus();
    return absl::UnavailableError(printable(wanted_.string()) + ": " + error.message());
  }

 private:
  UnfinishedFile(fs::path wanted, std::unique_ptr<common::PrivateDirectory> directory)
      : wanted_(std::move(wanted)), directory_(std::move(directory)) {}
  const fs::path wanted_;
  const std::unique_ptr<common::PrivateDirectory> directory_;
};

// Lets ffmpeg write the output. Signals are blocked meanwhile: an interruption removes what there is.
absl::Status produce(const JoinOptions& options, ProducerRequest request) {
  const StopSignal stop;
  auto output = UnfinishedFile::beside(options.output);
  if (!output.ok()) return output.status();
  request.output = (*output)->path();
  FfmpegProducer producer({.interrupt_fd = stop.fd()});
  absl::Status made = producer.start(request);
  if (made.ok()) made = producer.wait();
  if (absl::IsCancelled(made)) return absl::CancelledError("interrupted; nothing was written");
  return made.ok() ? (*output)->finish() : made;
}

absl::Status join(const masterclock::MasterClock& clock, const JoinOptions& options,
                  const GuideOptions& guide) {
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
  ProducerRequest request;
  request.channel = options.channel;
  request.media = *media;
  request.position = plan->now->media_position;
  request.rate = options.rate;
  request.frames = options.frames;
  if (absl::Status made = produce(options, request); !made.ok()) return made;
  return common::write_stdout(
      printable(plan->channel_id) + ": " + in_quotes(plan->now->title) + ", " +
      ffmpeg_seconds(plan->now->join.offset) + " s in, from " + printable(media->string()) +
      " at " + ffmpeg_seconds(request.position) + " s to " + printable(options.output) + "\n");
}

}  // namespace

absl::Status run_join(const JoinOptions& options) {
  const absl::StatusOr<GuideOptions> guide = guide_options(options.guide);
  if (!guide.ok()) return guide.status();
  if (!options.at) return join(masterclock::MasterClock(), options, *guide);
  const absl::StatusOr<masterclock::UtcTime> at = to_utc(*options.at, guide->zone);
  if (!at.ok()) return at.status();
  masterclock::testing::ManualTimeSource source(*at);
  return join(masterclock::MasterClock(source), options, *guide);
}

void add_join(CLI::App& app, common::Command& chosen) {
  const auto options = std::make_shared<JoinOptions>();
  CLI::App& join = *app.add_subcommand("join", "write media from the join point on, with ffmpeg");
  add_guide_options(join, options->guide);
  join.add_option("--channel", options->channel, "the channel")->required()->type_name("ID");
  join.add_option("--media", options->media, "the media file, or the folder that has it")
      ->required()
      ->type_name("FILE|DIR");
  add_station_time(join, "--at", options->at, "the time of the join; now by default");
  join.add_option("--output", options->output,
                  "the file to write: .mp4 .mov .mkv .ts, or .png for one frame")
      ->required()
      ->type_name("FILE");
  join.add_option("--frames", options->frames,
                  "the number of frames; to the end of the media by default")
      ->check(CLI::Range(std::int64_t{1}, kMostFrames, "N"))
      ->type_name("N");
  common::add_parsed(join, "--rate", options->rate,
                     "frames per second of the output; that of the media by default",
                     [](const std::string& text) { return masterclock::parse_frame_rate(text); })
      ->type_name("RATE");
  join.callback([options, &chosen] { chosen = [options] { return run_join(*options); }; });
}

}  // namespace on_air
