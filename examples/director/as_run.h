// Writes the as-run log: one JSON line for each scene that was on the air.
//
//   {"planned": "2026-11-27T12:00:01.000Z", "started": "2026-11-27T12:00:01.002Z", "scene": "intro",
//    "by": "timeline", "answered": null, ...}
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_AS_RUN_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_AS_RUN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/time_points.h"
#include "show.h"

namespace director {

// The last line of a log.
struct AsRunMark {
  std::int64_t show = 0;  // Show::first_utc_ns
  ChangeId id;
  friend bool operator==(const AsRunMark&, const AsRunMark&) = default;
};

// Returns the mark of the last whole line of a file. None for a file that is missing or empty.
//
// Errors: DataLoss "FILE: ..." for a last line that no AsRun wrote.
absl::StatusOr<std::optional<AsRunMark>> last_mark(const std::string& path);

// Writes each change once: a change at or before the mark is in the log already.
//
// Threads: one at a time.
class AsRun {
 public:
  // Gets each line, without its end.
  using Write = std::function<void(const std::string& line)>;

  // `write` may be empty.
  AsRun(Write write, std::optional<AsRunMark> mark) : write_(std::move(write)), mark_(mark) {}

  // The last change that is in the log.
  [[nodiscard]] const std::optional<AsRunMark>& mark() const noexcept { return mark_; }
  void set_mark(std::optional<AsRunMark> mark) { mark_ = mark; }

  void begin(std::int64_t show) { show_ = show; }

  // Notes a change. `started` is the instant at which the director acted; none for a change that a later
  // change overtook.
  void note(const ShowChange& change, masterclock::UtcTime planned,
            std::optional<masterclock::UtcTime> started);

  // Does the same, and keeps the line until the mixer has the scene on the air, or until a later change.
  void expect(const ShowChange& change, masterclock::UtcTime planned);
  // Notes that the mixer was asked for the scene of that line. Returns when it was asked before.
  std::optional<masterclock::UtcTime> sent(std::optional<masterclock::UtcTime> at);
  void answered(masterclock::UtcTime at);
  void refused(const std::string& error);

  // Writes the line that waits, if any, as it is.
  void give_up();

 private:
  struct Line {
    ShowChange change;
    masterclock::UtcTime planned;
    std::optional<masterclock::UtcTime> started = {}, answered = {};
    std::string error = {};
  };
  void write(const Line& line);

  const Write write_;
  std::int64_t show_ = 0;
  std::optional<AsRunMark> mark_;
  std::optional<Line> waiting_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_AS_RUN_H_
