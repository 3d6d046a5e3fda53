#include "common/log_line.h"

#include <unistd.h>

#include <string>

#include "common/output.h"
#include "common/printable.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/system_time_source.h"

namespace common {

void log_line(std::string_view logger, std::string_view message) {
  const auto utc = masterclock::SystemTimeSource::shared().now_utc();
  const std::string time = masterclock::to_rfc3339(utc, 0).substr(11, 8);
  write_if_ready(STDERR_FILENO, "[" + time + "] [PID: " + std::to_string(::getpid()) +
                                    " TID: " + std::to_string(::gettid()) + "] " +
                                    printable(message) + "    " + std::string(logger) + "\n");
}

}  // namespace common
