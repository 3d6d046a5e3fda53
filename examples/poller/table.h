// Draws the operator's table: each service, its state, its last run, and a bar to its next run.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_TABLE_H_
#define MASTERCLOCK_EXAMPLES_POLLER_TABLE_H_

#include <string>
#include <vector>

#include "common/terminal.h"
#include "masterclock/time/time_source.h"
#include "poller.h"

namespace poller {

// Returns lines of at most the terminal's width. `heading` is the first line. `messages` stand below the
// table, the latest last, as far as the height allows.
[[nodiscard]] std::string table(const std::vector<ServiceView>& services,
                                const masterclock::TimeReading& now, const std::string& heading,
                                const std::vector<std::string>& messages,
                                const common::Terminal& terminal);

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_TABLE_H_
