// The as-run log: what really went on the air, and when. JSON lines, one a programme start.
//
//   {"start":"2026-03-29T01:00:00.000Z","local_start":"2026-03-29T02:00:00.000+01:00",
//    "broadcast_date":"2026-03-28","channel":"RTEOne.ie","title":"News",
//    "planned_start":"2026-03-29T01:00:00Z","real_start":"2026-03-29T01:00:00Z",
//    "lateness_ms":0.0,"lateness_ns":0,"planned_duration_seconds":1800.0,"resumed":false}
//
// (on one line). `start` and `local_start` are the real start to the millisecond; `planned_start`
// and `real_start` have as many digits as the instant needs. The broadcast day is that of the
// planned start. `planned_duration_seconds` is null where nothing says when the programme ends.
//
// The file holds whole lines only, whenever and however the program ends: each line is one write,
// and one that the disk has no room for is taken back.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_LOG_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_LOG_H_

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/time_points.h"
#include "masterclock/zones/zone.h"

namespace on_air {

// A programme that went on the air.
struct AsRunEntry {
  std::string channel, title;
  masterclock::UtcTime planned_start, real_start;
  std::optional<std::chrono::nanoseconds> planned_duration;  // from the planned start
  bool resumed = false;  // it had been interrupted by another, and went on

  [[nodiscard]] std::chrono::nanoseconds lateness() const noexcept {
    return masterclock::saturating_difference(real_start, planned_start);
  }
  friend bool operator==(const AsRunEntry&, const AsRunEntry&) = default;
};

// Takes entries: a log, or a test's list.
using AsRunSink = std::function<absl::Status(const AsRunEntry&)>;

// The line of an entry, without its end.
[[nodiscard]] std::string as_run_line(const AsRunEntry& entry, masterclock::Zone zone,
                                      std::chrono::seconds day_start);

// Threads: any.
class AsRunLog {
 public:
  enum class Mode {
    kReplace,  // a rehearsal: the file is of this run alone
    kAppend,   // the air: nothing that was logged is ever lost. A torn last line is cut off
  };

  // Errors: Unavailable, "FILE: what", when the file cannot be opened.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<AsRunLog>> open(
      const std::filesystem::path& file, Mode mode, masterclock::Zone zone,
      std::chrono::seconds day_start);

  AsRunLog(const AsRunLog&) = delete;
  AsRunLog& operator=(const AsRunLog&) = delete;
  ~AsRunLog() { (void)close(); }

  // Errors: Unavailable, "FILE: what", when it cannot be written; the file is then as it was
  // before.
  absl::Status write(const AsRunEntry& entry);

  // Writes what the system still holds to the disk. Further writes fail.
  absl::Status close();

  [[nodiscard]] std::size_t lines() const;  // written by this object

 private:
  AsRunLog(std::filesystem::path file, int fd, masterclock::Zone zone,
           std::chrono::seconds day_start)
      : file_(std::move(file)), zone_(zone), day_start_(day_start), fd_(fd) {}

  const std::filesystem::path file_;
  const masterclock::Zone zone_;
  const std::chrono::seconds day_start_;
  mutable std::mutex mutex_;
  int fd_;
  std::size_t lines_ = 0;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_AS_RUN_LOG_H_
