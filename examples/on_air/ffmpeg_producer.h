// A producer that is ffmpeg: a child process that seeks into the media and shows the asked frame
// first.
//
// What -ss finds depends on the container. In a file with an index (mp4, mkv) ffmpeg comes to the
// key frame before the asked time; in MPEG-TS it lands near it, decodes from the next key frame on,
// and has been seen 10 s late. So the seek is only where reading begins, before the right key frame
// (which ffprobe finds where there is no index), and the first picture is chosen by its time stamp:
// those earlier than half a frame before the asked frame are dropped. All times are the file's own
// (-copyts), and so do not depend on which of its streams begins first.
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
  bool paced = false;  // one second of media a second, as on the air, instead of as fast as can be
  int interrupt_fd = -1;  // `start` and `wait` give up when it becomes readable
};

// Where in the media a request begins.
struct SeekPlan {
  std::int64_t frame = 0;               // of the media, at its own rate
  std::chrono::nanoseconds shown{};     // when that frame is shown, on the file's own timeline
  std::chrono::nanoseconds earliest{};  // half a frame before: what is shown from here on is kept
};

// Errors: OutOfRange, "FILE: lasts ..., too short for a join at ...", when the media ends before
//         the frame, or before the last of the frames that are asked for.
[[nodiscard]] absl::StatusOr<SeekPlan> plan_seek(const ProducerRequest& request,
                                                 const MediaInfo& info);

// The command line. `read_from`: where to begin to read, on the file's own timeline.
[[nodiscard]] std::vector<std::string> ffmpeg_arguments(
    const ProducerRequest& request, const MediaInfo& info, const SeekPlan& plan,
    std::optional<std::chrono::nanoseconds> read_from, FfmpegOptions options);

// The kind of output follows from its name: .png and .jpg take one picture.
//
// Cost: `start` waits for ffprobe, once for an indexed file, twice or more for another: 50 ms each.
class FfmpegProducer final : public Producer {
 public:
  explicit FfmpegProducer(FfmpegOptions options = {}) : options_(options) {}
  ~FfmpegProducer() override { (void)stop(); }

  absl::Status start(const ProducerRequest& request) override;
  absl::Status stop() override;
  [[nodiscard]] ProducerState state() const override;

  // Waits until the media is produced. What runs when it is interrupted is stopped.
  //
  // Errors: Cancelled when interrupted; Internal, "FILE: what", when ffmpeg broke off or no picture
  //         came out.
  absl::Status wait();

 private:
  [[nodiscard]] std::shared_ptr<common::ChildProcess> child() const;
  void set_child(std::shared_ptr<common::ChildProcess> child);

  const FfmpegOptions options_;
  std::filesystem::path media_;
  mutable std::mutex mutex_;
  std::shared_ptr<common::ChildProcess> child_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_FFMPEG_PRODUCER_H_
