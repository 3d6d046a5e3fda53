// Produces a channel with ffmpeg: a child process that seeks into the media and shows the requested
// frame first.
//
// The container decides where -ss lands. In a file with an index (mp4, mkv) it lands on the key frame
// before the time. In MPEG-TS it lands near the time, and decoding begins at the next key frame, up to
// 10 s late. Therefore the seek only decides where reading begins: before the right key frame, which
// ffprobe finds in a file without an index. The time stamp selects the first picture: pictures earlier
// than half a frame before the requested frame are dropped. All times are those of the file (-copyts),
// so they do not depend on the stream that begins first.
//
// A media file may be hostile. A playlist with the name of a clip would make ffmpeg read files outside
// of the media folder. Therefore ffmpeg and ffprobe open local files only, and only containers.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_FFMPEG_PRODUCER_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_FFMPEG_PRODUCER_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/child_process.h"
#include "media_probe.h"
#include "producer.h"

namespace on_air {

struct FfmpegOptions {
  bool paced = false;     // produces one second of media per second, not as fast as possible
  int interrupt_fd = -1;  // `start`, `prepare` and `wait` end when it becomes readable
};

// The first frame of a request. The times are on the timeline of the file.
struct SeekPlan {
  std::int64_t frame = 0;               // of the media, at the rate of the media
  std::chrono::nanoseconds shown{};     // the time of that frame
  std::chrono::nanoseconds earliest{};  // half a frame before; earlier pictures are dropped
};

// Errors: OutOfRange "FILE: lasts ..., too short for a join at ..." when the media ends before the
//         first or the last frame of the request.
[[nodiscard]] absl::StatusOr<SeekPlan> plan_seek(const ProducerRequest& request,
                                                 const MediaInfo& info);

// Returns the command line of a slate: lines of text on a plain picture, without an end.
[[nodiscard]] std::vector<std::string> slate_arguments(const ProducerRequest& request,
                                                       FfmpegOptions options);

// Returns the command line. Reading begins at `read_from` on the timeline of the file.
[[nodiscard]] std::vector<std::string> ffmpeg_arguments(
    const ProducerRequest& request, const MediaInfo& info, const SeekPlan& plan,
    std::optional<std::chrono::nanoseconds> read_from, FfmpegOptions options);

// The extension of the output names its format; .png and .jpg take one picture.
//
// Cost: `start` waits for ffprobe, once for an indexed file, twice or more for another: 50 ms each.
class FfmpegProducer final : public Producer {
 public:
  explicit FfmpegProducer(FfmpegOptions options = {}) : options_(options) {}
  ~FfmpegProducer() override { (void)stop(); }

  absl::Status start(const ProducerRequest& request) override;
  // Starts ffmpeg, which pauses at its first frame. Does nothing when the output is that of the present
  // request: two processes cannot write one file.
  void prepare(const ProducerRequest& next) override;
  absl::Status stop() override;
  [[nodiscard]] ProducerState state() const override;
  [[nodiscard]] std::string failure() const override;

  // Waits until the request is produced. An interruption stops ffmpeg.
  //
  // Errors: Cancelled after an interruption; Internal "FILE: what" when ffmpeg failed or made no
  //         picture.
  absl::Status wait();

 private:
  struct Launch {
    std::vector<std::string> arguments;
    masterclock::FrameRate rate;  // of the media
  };
  struct Prepared {
    ProducerRequest request;
    masterclock::FrameRate rate;
    std::unique_ptr<common::ChildProcess> child;  // paused, or on its way there
  };
  [[nodiscard]] absl::StatusOr<Launch> plan(const ProducerRequest& request) const;

  [[nodiscard]] std::shared_ptr<common::ChildProcess> child() const;
  void set_child(std::shared_ptr<common::ChildProcess> child);
  [[nodiscard]] bool is_prepared(const ProducerRequest& request) const;
  void forget_prepared();

  const FfmpegOptions options_;
  std::filesystem::path media_, output_;
  std::optional<Prepared> prepared_;
  mutable std::mutex mutex_;
  std::shared_ptr<common::ChildProcess> child_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_FFMPEG_PRODUCER_H_
