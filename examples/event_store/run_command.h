// event_store run: lives through what is pending, on the real clock or on a simulated one.
#ifndef MASTERCLOCK_EXAMPLES_EVENT_STORE_RUN_COMMAND_H_
#define MASTERCLOCK_EXAMPLES_EVENT_STORE_RUN_COMMAND_H_

#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "masterclock/master_clock.h"
#include "masterclock/time/time_points.h"

namespace event_store {

struct RunOptions {
  std::string database;
  bool simulated = false;       // with `from` or a speed
  std::optional<double> speed;  // simulated seconds a second; absent: as fast as can be
  std::optional<masterclock::UtcTime> from;   // absent: when the first event is due
  std::optional<masterclock::UtcTime> until;  // what is due then, or later, does not fire
};

// Prints a line for each event as it fires: when, when it was due, id, type, payload, with a tab in
// between. The line is out before the event is committed as fired.
//
// Simulated, it ends when nothing is pending; on the real clock only at `until`, because another
// process may add something. It has nothing to tidy up: ending it by a signal, any signal, is fine.
//
// Errors: those of EventStore; Unavailable once `out` takes no more: the event that was to be printed
//         is recorded as failed.
absl::Status run_events(const RunOptions& options, std::ostream& out);

// A field fit for a line of tab-separated ones: control characters become '?'.
std::string printable(std::string text);

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_RUN_COMMAND_H_
