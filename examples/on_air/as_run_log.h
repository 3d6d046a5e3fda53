// Writes the as-run log: one JSON line for each programme start that went on the air.
//
//   {"start":"2026-03-29T01:00:00.000Z","local_start":"2026-03-29T02:00:00.000+01:00",
//    "broadcast_date":"2026-03-28","channel":"RTEOne.ie","title":"News",
//    "planned_start":"2026-03-29T01:00:00Z","real_start":"2026-03-29T01:00:00Z",
//    "lateness_ms":0.0,"lateness_ns":0,"planned_duration_seconds":1800.0,"resumed":false}
//
// (on one line). `start` and `local_start` are the real start, floored to the millisecond.
// `planned_start` and `real_start` have as many digits as the instant needs. The broadcast day is that
// of the planned start. `planned_duration_seconds` is null where the guide gives no end.
//
// A programme that had ended when the channel reached its start was not aired. After a step forward, a
// suspend or a stall, one line counts the programmes that the channel skipped:
//
//   {"start":"2026-03-29T14:10:03.070Z","local_start":"2026-03-29T15:10:03.070+01:00",
//    "broadcast_date":"2026-03-29","channel":"RTEOne.ie","title":null,"aired":false,"skipped":3,
//    "planned_start":"2026-03-29T13:00:00Z","last_planned_start":"2026-03-29T13:01:00Z",
//    "real_start":"2026-03-29T14:10:03.070Z"}
//
// When a producer ends early, a filler goes on the air until the boundary or until the producer runs
// again. The producer's second start has "resumed":true. The filler has the title of the interrupted
// programme:
//
//   {"start":"2026-03-29T01:10:00.250Z","local_start":"2026-03-29T02:10:00.250+01:00",
//    "broadcast_date":"2026-03-28","channel":"RTEOne.ie","title":"News","aired":false,
//    "filler":"news.mp4: the media ended","planned_start":"2026-03-29T01:00:00Z",
//    "real_start":"2026-03-29T01:10:00.250Z"}
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_LOG_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_LOG_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/line_file.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace on_air {

// A programme start, the start of a filler, or a number of skipped programmes.
struct AsRunEntry {
  std::string channel, title;
  masterclock::UtcTime planned_start, real_start;
  std::optional<std::chrono::nanoseconds> planned_duration;  // from the planned start
  bool resumed = false;                                      // it continues after an interruption

  // Not empty: a filler went on the air in place of the rest of the programme, for this reason.
  std::string filler_reason;

  // Positive: so many programmes, planned from `planned_start` to `last_planned_start`, were not
  // aired. There is no title.
  std::int64_t skipped = 0;
  std::optional<masterclock::UtcTime> last_planned_start;

  [[nodiscard]] bool aired() const noexcept { return skipped == 0 && filler_reason.empty(); }
  [[nodiscard]] std::chrono::nanoseconds lateness() const noexcept {
    return masterclock::saturating_difference(real_start, planned_start);
  }
  friend bool operator==(const AsRunEntry&, const AsRunEntry&) = default;
};

// Takes entries: the log, or a test.
using AsRunSink = std::function<absl::Status(const AsRunEntry&)>;

// Returns the line of an entry, without its end.
[[nodiscard]] std::string as_run_line(const AsRunEntry& entry, masterclock::Zone zone,
                                      std::chrono::seconds day_start);

// Writes the lines of entries to a file.
//
// Threads: any.
class AsRunLog {
 public:
  using Mode = common::LineFile::Mode;

  // Waits for the readers of a pipe end when `interrupt_fd` becomes readable.
  //
  // Errors: as LineFile::open. A file that is no as-run log is refused.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<AsRunLog>> open(
      const std::filesystem::path& file, Mode mode, masterclock::Zone zone,
      std::chrono::seconds day_start, int interrupt_fd = -1);

  // Errors: as LineFile::write.
  absl::Status write(const AsRunEntry& entry) {
    return file_->write(as_run_line(entry, zone_, day_start_));
  }
  absl::Status close() { return file_->close(); }
  [[nodiscard]] std::size_t lines() const { return file_->lines(); }
  [[nodiscard]] bool reader_has_left() const { return file_->reader_has_left(); }
  [[nodiscard]] int reader_fd() const { return file_->reader_fd(); }

 private:
  AsRunLog(std::unique_ptr<common::LineFile> file, masterclock::Zone zone,
           std::chrono::seconds day_start)
      : file_(std::move(file)), zone_(zone), day_start_(day_start) {}

  const std::unique_ptr<common::LineFile> file_;
  const masterclock::Zone zone_;
  const std::chrono::seconds day_start_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_LOG_H_
