// event_store run: fires the pending events, on the real clock or on a simulated one.
#ifndef MASTERCLOCK_EXAMPLES_EVENT_STORE_RUN_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_EVENT_STORE_RUN_COMMAND_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "masterclock/time/time_points.h"

namespace event_store {

struct RunOptions {
  std::string database;
  bool simulated = false;
  std::optional<double> speed;                // simulated seconds per second; absent: no waiting
  std::optional<masterclock::UtcTime> from;   // absent: when the first event is due
  std::optional<masterclock::UtcTime> until;  // events due then or later do not fire
};

// Writes a line of the output.
//
// Errors: Unavailable with the reason when the line was not written.
using PrintLine = std::function<absl::Status(std::string_view line)>;

// Prints a line for each event as it fires: the time, the due time, id, type and payload, separated by
// tabs. The line is written before the event is recorded as fired.
//
// A simulated run ends when no event is pending, a real run at `until` only, because another process
// may add events. A signal may end the program at any moment: no event is lost.
//
// Errors: those of EventStore and of `print`. An event whose line was not written stays pending.
absl::Status run_events(const RunOptions& options, const PrintLine& print);

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_RUN_COMMAND_H_
