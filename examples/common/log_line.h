// Writes the lines of a service's console.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_LOG_LINE_H_
#define MASTERCLOCK_EXAMPLES_COMMON_LOG_LINE_H_

#include <string_view>

namespace common {

// Writes "[HH:MM:SS] [PID: n TID: n] message    logger" to stderr in one write, in UTC. Cuts the message of a
// line beyond 4096 bytes. Drops the line when its reader is slow.
void log_line(std::string_view logger, std::string_view message);

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_LOG_LINE_H_
